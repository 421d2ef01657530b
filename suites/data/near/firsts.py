"""Which row had each digest first: sixteen bytes a digest and eight for its place, looked up for a whole batch."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy
from numpy.typing import NDArray

from suites.data.near.index import Index

Place = tuple[str, int]
_ROW = (1 << 48) - 1
_CHUNK = 4096


class Firsts:
    """Digests of 16 bytes, numbered in the order in which they were first seen."""

    def __init__(self) -> None:
        """Has seen nothing."""
        self._digests, self._index = array("Q"), Index()
        self._files: dict[str, int] = {}
        self._places = array("Q")

    def __len__(self) -> int:
        """How many distinct digests there are."""
        return len(self._places)

    def numbers(self, digests: Sequence[bytes], places: Sequence[Place]) -> list[int]:
        """Returns the number of each digest; one that is new takes the next number and its own place."""
        known, new = self._known(digests), dict[bytes, int]()
        before, found = len(self), []
        for digest, place, number in zip(digests, places, known, strict=True):
            if number is None and digest not in new:
                new[digest] = before + len(new)
                self._places.append(self._files.setdefault(place[0], len(self._files)) << 48 | place[1])
            found.append(new[digest] if number is None else number)
        joined = b"".join(new)
        self._digests.frombytes(joined)
        self._index.add(_keys(_pairs(joined)), numpy.arange(before, len(self), dtype=numpy.uint32))
        return found

    def place(self, number: int) -> Place:
        """Where a digest was first seen: file and row."""
        return list(self._files)[self._places[number] >> 48], self._places[number] & _ROW

    def merge(self, other: Firsts) -> list[int]:
        """Adds the digests of another, as coming after one's own; returns the number that each has now."""
        content, found = other._digests.tobytes(), []
        for start in range(0, len(other), _CHUNK):
            part = range(start, min(start + _CHUNK, len(other)))
            digests = [content[16 * at : 16 * at + 16] for at in part]
            found += self.numbers(digests, [other.place(at) for at in part])
        return found

    def _known(self, digests: Sequence[bytes]) -> list[int | None]:
        wanted, held = _pairs(b"".join(digests)), _pairs(self._digests.tobytes() if not len(self) else self._digests)
        asked, rows, _ = self._index.find(_keys(wanted))
        same = (held[rows] == wanted[asked]).all(axis=1)
        found: list[int | None] = [None] * len(digests)
        for at, row in zip(asked[same].tolist(), rows[same].tolist(), strict=True):
            found[at] = row
        return found


def _pairs(content: bytes | array[int]) -> NDArray[numpy.uint64]:
    return numpy.frombuffer(content, numpy.uint64).reshape(-1, 2)


def _keys(digests: NDArray[numpy.uint64]) -> NDArray[numpy.uint32]:
    return digests[:, 0].astype(numpy.uint32)
