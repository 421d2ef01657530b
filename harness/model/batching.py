"""Cutting work into batches that fit, and into halves where the device has no memory for a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from harness.errors import ModelError
from harness.suite import Answer


class Answered(NamedTuple):
    """One finished answer and the place of its request."""

    index: int
    answer: Answer


class Shape(NamedTuple):
    """What a batch comes to.

    Attributes:
        rows: How many rows it has.
        width: Tokens of its longest row.
        scored: Positions whose logits are needed, over all rows.
    """

    rows: int
    width: int
    scored: int = 0

    def plus(self, width: int, scored: int = 0) -> Shape:
        """The shape with one row more."""
        return Shape(self.rows + 1, max(self.width, width), self.scored + scored)

    @property
    def tokens(self) -> int:
        """Tokens of the batch, padding included."""
        return self.rows * self.width


def batches(
    rows: Sequence[Any], order: Callable[[Any], Any], of: Callable[[Any], Shape], fits: Callable[[Shape], bool]
) -> Iterator[list[Any]]:
    """Cuts rows of like length into batches.

    Args:
        rows: The work.
        order: What rows are sorted by, so that those of like length meet.
        of: The shape of one row alone.
        fits: Whether a batch of this shape may be run; a row that fits nowhere is a batch of its own.
    """
    batch: list[Any] = []
    shape = Shape(0, 0)
    for row in sorted(rows, key=order):
        alone = of(row)
        if batch and not fits(shape.plus(alone.width, alone.scored)):
            yield batch
            batch, shape = [], Shape(0, 0)
        batch.append(row)
        shape = shape.plus(alone.width, alone.scored)
    if batch:
        yield batch


def halving(batch: list[Any], run: Callable[[list[Any]], list[Any]]) -> list[Any]:
    """Runs a batch, in halves where the device has no memory for the whole.

    Raises:
        ModelError: There is no memory for one row alone.
    """
    import torch

    try:
        with torch.inference_mode():
            return run(batch)
    except torch.OutOfMemoryError as error:
        if len(batch) == 1:
            raise ModelError(
                "one request alone needs more memory than the device has", remedy="use a larger device"
            ) from error
    torch.cuda.empty_cache()
    middle = len(batch) // 2
    return halving(batch[:middle], run) + halving(batch[middle:], run)
