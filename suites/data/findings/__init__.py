"""Findings without what was found: place, kind and a salted hash of a value, and never the value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow

from harness.dataset import FINDINGS
from harness.scanning.salting import salted_hash
from harness.types import Metric

__all__ = ["Found", "as_batch", "census", "masked", "salted_hash", "spans_of_rows"]

_OF_THE_TEXT = ("file", "row", "line", "id", "field")


@dataclass(frozen=True)
class Found:
    """One finding in one text of a batch.

    Attributes:
        at: Index of the text in its batch.
        entity: What kind of thing was found.
        start: First character of the value in the text.
        end: One past its last.
        score: How sure the finder is, 0 to 1.
        message: What a person reads; without the value.
        hash: The salted hash of the value.
    """

    at: int
    entity: str
    start: int
    end: int
    score: float
    message: str
    hash: str


def masked(entity: str, at: int, start: int, end: int, score: float, text: str, salt: bytes) -> Found:
    """Makes the finding of the value at a place of a text: its kind, its length and the head of its hash."""
    hashed = salted_hash(text[start:end], salt)
    message = f"{entity}, {end - start} characters, hash {hashed[:8]}"
    return Found(at, entity, start, end, round(float(score), 4), message, hashed)


def as_batch(batch: pyarrow.RecordBatch, suite: str, found: Sequence[Found]) -> pyarrow.RecordBatch:
    """Joins findings with the places of their texts."""
    texts = batch.select(_OF_THE_TEXT).take(pyarrow.array([each.at for each in found], pyarrow.int64()))
    own = {
        "suite": [suite] * len(found),
        "entity": [each.entity for each in found],
        "start": [each.start for each in found],
        "end": [each.end for each in found],
        "score": [each.score for each in found],
        "message": [each.message for each in found],
        "hash": [each.hash for each in found],
    }
    columns = [
        texts.column(field.name) if field.name in _OF_THE_TEXT else pyarrow.array(own[field.name], field.type)
        for field in FINDINGS
    ]
    return pyarrow.RecordBatch.from_arrays(columns, schema=FINDINGS)


def spans_of_rows(batch: pyarrow.RecordBatch) -> Iterator[range]:
    """Yields the texts of each row of a batch as a range; a row never spans two batches."""
    numbers = batch.column("row").to_pylist()
    start = 0
    for index in range(1, len(numbers) + 1):
        if index == len(numbers) or numbers[index] != numbers[start]:
            yield range(start, index)
            start = index


def census(name: str, value: float, rows: int) -> Metric:
    """A figure over every row there is, lower being better: exact, so without an error."""
    return Metric(name=name, value=value, n=rows, better="lower")
