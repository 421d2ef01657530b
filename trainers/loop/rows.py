"""A training row as the model sees it, and which rows are kept back for validation."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.settings import BadRows
from harness.store import canonical_json

if TYPE_CHECKING:
    import numpy

IGNORED = -100
SPLITS = 10_000


@dataclass(frozen=True)
class Encoded:
    """One sequence of tokens.

    Attributes:
        ids: The tokens.
        labels: The tokens that the loss counts; :data:`IGNORED` elsewhere.
        content: Hash of the row that it came from; equal rows have equal hashes.
        place: Where that row stands, for messages.
        cut: Whether tokens of the row were left out because it was too long.
    """

    ids: numpy.ndarray
    labels: numpy.ndarray
    content: bytes
    place: str
    cut: bool = False

    def __len__(self) -> int:
        """The number of tokens."""
        return len(self.ids)

    @property
    def learnt(self) -> int:
        """The number of tokens that the loss counts; the first token of a sequence is never predicted."""
        return int((self.labels[1:] != IGNORED).sum())


Encoder = Callable[[Path, BadRows], Iterator[Encoded]]


def encoded(ids: Sequence[int], learn: Sequence[bool], content: bytes, place: str, cut: bool = False) -> Encoded:
    """Makes a sequence from its tokens and the marks of those to be learnt."""
    import numpy

    tokens = numpy.asarray(ids, dtype=numpy.int32)
    labels = numpy.where(numpy.asarray(learn, dtype=bool), tokens, numpy.int32(IGNORED))
    return Encoded(ids=tokens, labels=labels, content=content, place=place, cut=cut)


def content_hash(value: Any) -> bytes:
    """Hashes what a row says, whatever the order of its keys and wherever it stands."""
    return hashlib.blake2b(canonical_json(value), digest_size=16).digest()


def in_validation(content: bytes, part: float) -> bool:
    """Whether a row is kept back: decided by its content alone, so that duplicates stay on one side."""
    return int.from_bytes(content, "big") % SPLITS < part * SPLITS


def split(rows: Iterable[Encoded], part: float) -> tuple[list[Encoded], list[Encoded]]:
    """Splits rows into those to train on and those to validate on."""
    sides: tuple[list[Encoded], list[Encoded]] = ([], [])
    for row in rows:
        sides[in_validation(row.content, part)].append(row)
    return sides


def rows_digest(groups: Iterable[Sequence[Encoded]]) -> str:
    """The digest of every token and label, in order."""
    hashed = hashlib.sha256()
    for rows in groups:
        hashed.update(f"{len(rows)}:".encode())
        for row in rows:
            hashed.update(f"{len(row)}:".encode() + row.ids.tobytes() + row.labels.tobytes())
    return "sha256:" + hashed.hexdigest()
