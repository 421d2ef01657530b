"""Rows that stand in the data more than once.

*What it measures*: rows that repeat an earlier row in all of their texts, field by field, by default regardless of
case and white space. The rows' own ids and the order of their columns do not count; numbers do not either.

*Why it can block promotion*: a repeated row is learnt by heart before it is understood, personal data in it first of
all, and a row that is both trained on and validated on makes validation look better than it is.

*How it can be fooled*: one changed word makes a new row; near-duplicates and translations are not found. Scanned in
parts, a finding names the first such row of its own part; the numbers are those of the whole.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from pydantic import Field

from harness.settings import Settings as PluginSettings
from harness.suite import Scanned
from suites.data.findings import Found, as_batch, census, salted_hash, spans_of_rows

if TYPE_CHECKING:
    import pyarrow

VERSION = "1"
METRICS = {"rows": "lower", "share": "lower"}
PACKAGES = ()


class Settings(PluginSettings):
    """When two rows count as the same."""

    ignore_case: bool = True
    ignore_space: bool = Field(default=True, description="any run of white space is one space, and none at the ends")


class Scanner:
    """Remembers 16 bytes a distinct row, with where it first stood: about 200 bytes of memory each."""

    def __init__(self, settings: Settings, salt: bytes) -> None:
        """Has seen nothing."""
        self.settings, self._salt = settings, salt
        self._first: dict[bytes, str] = {}
        self._rows = self._bare = 0

    def scan_batch(self, batch: pyarrow.RecordBatch) -> pyarrow.RecordBatch:
        """Compares every row of a batch with all rows before it."""
        found = []
        columns = {name: batch.column(name).to_pylist() for name in ("file", "row", "field", "text")}
        for row in spans_of_rows(batch):
            self._rows += 1
            if not any(columns["text"][at] for at in row):
                self._bare += 1
                continue
            digest = self._digest([columns["field"][at] for at in row], [columns["text"][at] for at in row])
            place = f"{columns['file'][row[0]]}:{columns['row'][row[0]]}"
            first = self._first.setdefault(digest, place)
            if first is not place:
                text = columns["text"][row[0]]
                hashed = salted_hash(digest.hex(), self._salt)
                found.append(Found(row[0], "DUPLICATE", 0, len(text), 1.0, f"repeats the row {first}", hashed))
        return as_batch(batch, "duplicates", found)

    def _digest(self, fields: list[str], texts: list[str]) -> bytes:
        hashed = hashlib.blake2b(digest_size=16)
        for field, text in sorted(zip(fields, texts, strict=True)):
            if field != "id":
                for part in (field, self._normal(text)):
                    encoded = part.encode("utf-8", "surrogatepass")
                    # With its length before it, no text can pass for the end of one and the start of another.
                    hashed.update(len(encoded).to_bytes(8, "little") + encoded)
        return hashed.digest()

    def _normal(self, text: str) -> str:
        text = text.casefold() if self.settings.ignore_case else text
        return " ".join(text.split()) if self.settings.ignore_space else text

    def merge(self, other: Scanner) -> None:
        """Adds the rows that another scanner saw, as coming after one's own."""
        self._first = other._first | self._first
        self._rows += other._rows
        self._bare += other._bare

    def result(self) -> Scanned:
        """Returns how many rows repeat another."""
        repeated = self._rows - self._bare - len(self._first)
        metrics = (
            census("duplicates.rows", repeated, self._rows),
            census("duplicates.share", repeated / self._rows if self._rows else 0.0, self._rows),
        )
        return Scanned(metrics=metrics, details={"distinct_rows": len(self._first), "rows_without_text": self._bare})
