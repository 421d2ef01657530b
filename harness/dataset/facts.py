"""What a dataset is, in three numbers and names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.dataset.kinds import kind_of
from harness.dataset.reading import rows
from harness.settings import BadRows


@dataclass(frozen=True)
class DatasetFacts:
    """How many rows a file has, of which format and columns; ``format`` is ``mixed`` where rows differ."""

    rows: int
    format: str
    columns: tuple[str, ...]


def describe(path: Path, bad_rows: BadRows = "stop") -> DatasetFacts:
    """Reads a file to its end and says what it holds; rows that cannot be read stop it or do not count.

    Raises:
        DataError: A row cannot be read.
    """
    count, kinds, columns = 0, set(), {}
    for row in rows(path, bad_rows):
        count += 1
        kinds.add(kind_of(row.value))
        columns |= dict.fromkeys(row.value)
    format = str(kinds.pop()) if len(kinds) == 1 else "mixed" if kinds else "empty"
    return DatasetFacts(count, format, tuple(str(name) for name in columns))
