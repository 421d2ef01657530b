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
from array import array
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
_CHUNK = 4096


class Settings(PluginSettings):
    """When two rows count as the same."""

    ignore_case: bool = True
    ignore_space: bool = Field(default=True, description="any run of white space is one space, and none at the ends")
    near: float | None = Field(
        default=0.8, ge=0.5, le=1, description="Jaccard similarity of a near duplicate; null looks for none"
    )
    words: int = Field(default=3, ge=1, le=20, description="words of the runs that near duplicates share")


class Scanner:
    """Remembers every distinct row: about 190 bytes of memory each, and eight bytes a word in a temporary file."""

    def __init__(self, settings: Settings, salt: bytes) -> None:
        """Has seen nothing."""
        from suites.data.near.alike import Alike
        from suites.data.near.index import Index
        from suites.data.near.runs import Hashes

        self.settings, self._salt = settings, salt
        self._rows = self._bare = 0
        self._digests, self._by_digest = array("Q"), Index()
        self._files: dict[str, int] = {}
        self._places = array("Q")
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
        before, known = self._distinct, self._numbers(digests)
        new: dict[bytes, int] = {}
        found = []
        for row, digest, number in zip(filled, digests, known, strict=True):
            first = new.get(digest) if number is None else number
            if first is None:
                new[digest] = before + len(new)
                self._remember(columns["file"][row[0]], columns["row"][row[0]])
            else:
                found.append(self._found("DUPLICATE", row, columns, 1.0, digest, "repeats", first))
        self._index(list(new))
        found += self._near(columns, filled, digests, new)
        return as_batch(batch, "duplicates", sorted(found, key=lambda each: each.at))

    @property
    def _distinct(self) -> int:
        return len(self._places)

    def _remember(self, file: str, row: int) -> None:
        self._places.append(self._files.setdefault(file, len(self._files)) << 48 | row)

    def _place(self, number: int) -> str:
        file, row = self._places[number] >> 48, self._places[number] & (1 << 48) - 1
        return f"{list(self._files)[file]}:{row}"

    def _numbers(self, digests: list[bytes]) -> list[int | None]:
        """The number of the row that had each digest first, of the rows before."""
        import numpy

        wanted = numpy.frombuffer(b"".join(digests), numpy.uint64).reshape(-1, 2)
        held = numpy.frombuffer(self._digests.tobytes() if not self._digests else self._digests, numpy.uint64)
        asked, rows, _ = self._by_digest.find(_keys(wanted))
        same = (held.reshape(-1, 2)[rows] == wanted[asked]).all(axis=1) if len(rows) else []
        found: list[int | None] = [None] * len(digests)
        for at, row in zip(asked[same].tolist(), rows[same].tolist(), strict=True):
            found[at] = row
        return found

    def _index(self, digests: list[bytes]) -> None:
        """Makes digests of new rows known; their places stand already."""
        import numpy

        joined = b"".join(digests)
        numbers = numpy.arange(len(self._digests) // 2, len(self._digests) // 2 + len(digests), dtype=numpy.uint32)
        self._digests.frombytes(joined)
        self._by_digest.add(_keys(numpy.frombuffer(joined, numpy.uint64).reshape(-1, 2)), numbers)

    def _near(
        self, columns: dict[str, list[Any]], rows: list[range], digests: list[bytes], new: dict[bytes, int]
    ) -> list[Found]:
        """Compares the rows that are new with all before them."""
        if self._alike is None:
            return []
        first = {}
        for row, digest in zip(rows, digests, strict=True):
            if digest in new:
                first.setdefault(digest, row)
        matches = self._alike.add(self._sets(columns, list(first.values())))
        return [
            self._found(
                "NEAR_DUPLICATE", row, columns, match.similarity, digest, _said(match, self.settings), match.row
            )
            for (digest, row), match in zip(first.items(), matches, strict=True)
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
        message = f"{said} the row {self._place(first)}"
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
        digests = other._digests.tobytes()
        kept: list[int] = []
        for start in range(0, other._distinct, _CHUNK):
            part = [digests[16 * at : 16 * at + 16] for at in range(start, min(start + _CHUNK, other._distinct))]
            new = [at for at, known in enumerate(self._numbers(part)) if known is None]
            self._index([part[at] for at in new])
            kept += [start + at for at in new]
        files = list(other._files)
        for number in kept:
            self._remember(files[other._places[number] >> 48], other._places[number] & (1 << 48) - 1)
        if self._alike is not None and other._alike is not None:
            self._alike.merge(other._alike, kept)
        self._rows += other._rows
        self._bare += other._bare

    def result(self) -> Scanned:
        """Returns how many rows repeat another, and how many nearly do."""
        rows, repeated = self._rows, self._rows - self._bare - self._distinct
        counted = {"": repeated}
        details = {"distinct_rows": self._distinct, "rows_without_text": self._bare}
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


def _keys(digests: NDArray[Any]) -> NDArray[Any]:
    return digests[:, 0].astype("uint32")


def _said(match: Match, settings: Settings) -> str:
    return f"shares {match.similarity:.0%} of its runs of {settings.words} words with"
