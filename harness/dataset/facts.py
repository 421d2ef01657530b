"""What a dataset is, in three numbers and names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.dataset.formats import kind_of
from harness.dataset.reading import rows


@dataclass(frozen=True)
class DatasetFacts:
    """How many rows a file has, of which format and columns; ``format`` is ``mixed`` where rows differ."""

    rows: int
    format: str
    columns: tuple[str, ...]


def describe(path: Path) -> DatasetFacts:
    """Reads a file to its end and says what it holds.

    Raises:
        DataError: A row cannot be read.
    """
    count, kinds, columns = 0, set(), {}
    for row in rows(path):
        count += 1
        kinds.add(kind_of(row.value))
        columns |= dict.fromkeys(row.value)
    return DatasetFacts(count, str(kinds.pop()) if len(kinds) == 1 else "mixed", tuple(str(name) for name in columns))
