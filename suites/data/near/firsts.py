"""Which row had each digest first: looked up for a whole batch, with a byte of memory a digest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy
from numpy.typing import NDArray

from suites.data.near.column import Column
from suites.data.near.index import Index, entries_of

Place = tuple[str, int]
_ROW = (1 << 48) - 1
_CHUNK = 4096


class Firsts:
    """Digests of 16 bytes, numbered in the order in which they were first seen."""

    def __init__(self) -> None:
        """Has seen nothing."""
        self._digests, self._places, self._index = Column("u8"), Column("u8"), Index()
        self._files: dict[str, int] = {}

    def __len__(self) -> int:
        """How many distinct digests there are."""
        return len(self._places)

    def numbers(self, digests: Sequence[bytes], places: Sequence[Place]) -> list[int]:
        """Returns the number of each digest; one that is new takes the next number and its own place."""
        known, new = self._known(digests), dict[bytes, int]()
        before, found, own = len(self), [], []
        for digest, place, number in zip(digests, places, known, strict=True):
            if number is None and digest not in new:
                new[digest] = before + len(new)
                own.append(self._files.setdefault(place[0], len(self._files)) << 48 | place[1])
            found.append(new[digest] if number is None else number)
        pairs = _pairs(b"".join(new))
        self._digests.append(pairs.ravel())
        self._places.append(numpy.array(own, numpy.uint64))
        self._index.add(entries_of(_keys(pairs), numpy.arange(before, len(self), dtype=numpy.uint32)))
        return found

    def place(self, number: int) -> Place:
        """Where a digest was first seen: file and row."""
        return self._named(int(self._places.read(number, number + 1)[0]))

    def _named(self, place: int) -> Place:
        return list(self._files)[place >> 48], place & _ROW

    def merge(self, other: Firsts) -> NDArray[numpy.int64]:
        """Adds the digests of another, as coming after one's own; returns the number that each has now."""
        found = [numpy.zeros(0, numpy.int64)]
        for start in range(0, len(other), _CHUNK):
            places = other._places.read(start, start + _CHUNK).tolist()
            content = other._digests.read(2 * start, 2 * (start + _CHUNK)).tobytes()
            digests = [content[16 * at : 16 * at + 16] for at in range(len(places))]
            found.append(numpy.array(self.numbers(digests, [other._named(each) for each in places])))
        return numpy.concatenate(found)

    def _known(self, digests: Sequence[bytes]) -> list[int | None]:
        wanted = _pairs(b"".join(digests))
        asked, rows, _ = self._index.find(_keys(wanted))
        found: list[int | None] = [None] * len(digests)
        if len(rows):
            same = (self._digests.view().reshape(-1, 2)[rows] == wanted[asked]).all(axis=1)
            for at, row in zip(asked[same].tolist(), rows[same].tolist(), strict=True):
                found[at] = row
        return found


def _pairs(content: bytes) -> NDArray[numpy.uint64]:
    return numpy.frombuffer(content, numpy.uint64).reshape(-1, 2)


def _keys(digests: NDArray[numpy.uint64]) -> NDArray[numpy.uint32]:
    return digests[:, 0].astype(numpy.uint32)
