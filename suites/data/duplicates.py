"""Rows that stand in the data more than once, word for word or nearly.

*What it measures*: rows that repeat an earlier row in all of their texts, field by field, by default regardless of
case and white space; and rows that are nearly an earlier one: of all runs of three words of the two, at least the share
``near`` stands in both (Jaccard similarity). The rows' own ids and the order of their columns do not count; numbers
stored as numbers do not either, nor do system messages for near ones, since a long one that all rows share would make
all of them alike. Of pairs at the threshold 99 % are expected to be found, of more similar ones more; none is named
that is not alike.

*Why it can block promotion*: a repeated row is learnt by heart before it is understood, personal data in it first of
all, and a row that is both trained on and validated on makes validation look better than it is.

*How it can be fooled*: every changed word changes three runs, so that a short row with one word replaced is a new row,
as are paraphrases and translations. Scanned in parts, a finding names the first such row of its own part; the numbers
are those of the whole.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from pydantic import Field

from harness.settings import Settings as PluginSettings
from harness.suite import Scanned
from suites.data.findings import Found, as_batch, census, salted_hash, spans_of_rows

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

    from suites.data.near.alike import Match

VERSION = "2"
METRICS = {"rows": "lower", "share": "lower", "near_rows": "lower", "near_share": "lower"}
PACKAGES = ("numpy",)


class Settings(PluginSettings):
    """When two rows count as the same."""

    ignore_case: bool = True
    ignore_space: bool = Field(default=True, description="any run of white space is one space, and none at the ends")
    near: float | None = Field(
        default=0.8, ge=0.5, le=1, description="Jaccard similarity of a near duplicate; null looks for none"
    )
    words: int = Field(default=3, ge=1, le=20, description="words of the runs that near duplicates share")


class Scanner:
    """Remembers every distinct row: 17 bytes of memory each, and some 150 and eight a word in temporary files."""

    def __init__(self, settings: Settings, salt: bytes) -> None:
        """Has seen nothing."""
        from suites.data.near.alike import Alike
        from suites.data.near.firsts import Firsts
        from suites.data.near.runs import Hashes

        self.settings, self._salt = settings, salt
        self._rows = self._bare = 0
        self._firsts = Firsts()
        self._hashes = Hashes()
        self._alike = None if settings.near is None else Alike(settings.near)

    def scan_batch(self, batch: pyarrow.RecordBatch) -> pyarrow.RecordBatch:
        """Compares every row of a batch with all rows before it."""
        columns = {name: batch.column(name).to_pylist() for name in ("file", "row", "field", "role", "text")}
        rows = list(spans_of_rows(batch))
        self._rows += len(rows)
        filled = [row for row in rows if any(columns["text"][at] for at in row)]
        self._bare += len(rows) - len(filled)
        digests = [self._digest(columns, row) for row in filled]
        before = len(self._firsts)
        places = [(columns["file"][row[0]], columns["row"][row[0]]) for row in filled]
        new: dict[bytes, range] = {}
        found = []
        for row, digest, number in zip(filled, digests, self._firsts.numbers(digests, places), strict=True):
            if number >= before + len(new):
                new[digest] = row
            else:
                found.append(self._found("DUPLICATE", row, columns, 1.0, digest, "repeats", number))
        found += self._near(columns, new)
        return as_batch(batch, "duplicates", sorted(found, key=lambda each: each.at))

    def _near(self, columns: dict[str, list[Any]], new: dict[bytes, range]) -> list[Found]:
        """Compares the rows that are new with all before them."""
        if self._alike is None:
            return []
        matches = self._alike.add(self._sets(columns, list(new.values())))
        return [
            self._found(
                "NEAR_DUPLICATE", row, columns, match.similarity, digest, _said(match, self.settings), match.row
            )
            for (digest, row), match in zip(new.items(), matches, strict=True)
            if match is not None
        ]

    def _sets(self, columns: dict[str, list[Any]], rows: list[range]) -> list[NDArray[Any]]:
        from suites.data.near.runs import sets_of

        texts, owners = [], []
        for owner, row in enumerate(rows):
            own = [at for at in row if columns["field"][at] != "id"]
            said = [at for at in own if columns["role"][at] != "system" and columns["field"][at] != "system"] or own
            texts += [columns["text"][at] for at in said]
            owners += [owner] * len(said)
        return sets_of(texts, owners, len(rows), self.settings.words, self._hashes)

    def _found(
        self, entity: str, row: range, columns: dict[str, list[Any]], score: float, digest: bytes, said: str, first: int
    ) -> Found:
        file, number = self._firsts.place(first)
        message = f"{said} the row {file}:{number}"
        hashed = salted_hash(digest.hex(), self._salt)
        return Found(row[0], entity, 0, len(columns["text"][row[0]]), round(score, 4), message, hashed)

    def _digest(self, columns: dict[str, list[Any]], row: range) -> bytes:
        hashed = hashlib.blake2b(digest_size=16)
        for field, text in sorted((columns["field"][at], columns["text"][at]) for at in row):
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
        before = len(self._firsts)
        kept = (self._firsts.merge(other._firsts) >= before).nonzero()[0]
        if self._alike is not None and other._alike is not None:
            self._alike.merge(other._alike, kept)
        self._rows += other._rows
        self._bare += other._bare

    def result(self) -> Scanned:
        """Returns how many rows repeat another, and how many nearly do."""
        rows, repeated = self._rows, self._rows - self._bare - len(self._firsts)
        counted = {"": repeated}
        details: dict[str, Any] = {"distinct_rows": len(self._firsts), "rows_without_text": self._bare}
        if self._alike is not None:
            counted["near_"] = sum(self._alike.near)
            details |= {
                "near": f"at least {self.settings.near:g} of the runs of {self.settings.words} words in both",
                "rows_not_compared_with_all_candidates": self._alike.unsure,
            }
        metrics = [
            metric
            for kind, count in counted.items()
            for metric in (
                census(f"duplicates.{kind}rows", count, rows),
                census(f"duplicates.{kind}share", count / rows if rows else 0.0, rows),
            )
        ]
        return Scanned(metrics=tuple(metrics), details=details)


def _said(match: Match, settings: Settings) -> str:
    return f"shares {match.similarity:.0%} of its runs of {settings.words} words with"
