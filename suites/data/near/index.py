"""Rows by a 32-bit key: eight bytes an entry, looked up for a whole batch at once."""

from __future__ import annotations

import numpy
from numpy.typing import NDArray

from suites.data.near.runs import spread

MOST = 1024
_LOW = numpy.uint64(0xFFFFFFFF)
_SHIFT = numpy.uint64(32)


class Index:
    """Sorted arrays of key and row; a new one is merged into the one before it once that is not twice as large."""

    def __init__(self) -> None:
        """Holds nothing."""
        self._runs: list[NDArray[numpy.uint64]] = []

    def add(self, keys: NDArray[numpy.uint32], rows: NDArray[numpy.uint32]) -> None:
        """Adds one entry for every key, shape (n,)."""
        if not len(keys):
            return
        self._runs.append(numpy.sort((keys.astype(numpy.uint64) << _SHIFT) | rows.astype(numpy.uint64)))
        while len(self._runs) > 1 and len(self._runs[-2]) <= 2 * len(self._runs[-1]):
            last = self._runs.pop()
            # The stable sort is a merge of what is sorted already.
            self._runs[-1] = numpy.sort(numpy.concatenate([self._runs[-1], last]), kind="stable")

    def find(
        self, keys: NDArray[numpy.uint32]
    ) -> tuple[NDArray[numpy.int64], NDArray[numpy.uint32], NDArray[numpy.bool_]]:
        """Finds the rows of every key, of one array at most the first :data:`MOST`.

        Returns:
            The place of a key in ``keys`` and a row, shape (m,) each; whether rows of a key were left out, shape (n,).
        """
        low = keys.astype(numpy.uint64) << _SHIFT
        asked, found, more = [], [], numpy.zeros(len(keys), bool)
        for run in self._runs:
            start, end = numpy.searchsorted(run, low), numpy.searchsorted(run, low | _LOW, side="right")
            more |= end - start > MOST
            count = numpy.minimum(end - start, MOST)
            hit = numpy.flatnonzero(count)
            sizes = count[hit]
            asked.append(numpy.repeat(hit, sizes))
            found.append((run[spread(start[hit], sizes)] & _LOW).astype(numpy.uint32))
        none = numpy.zeros(0, numpy.int64)
        return numpy.concatenate([none, *asked]), numpy.concatenate([none.astype(numpy.uint32), *found]), more

    def keys(self, rows: int) -> NDArray[numpy.uint32]:
        """Returns the key of each row below ``rows`` where a row has one, else 0, shape (rows,)."""
        found = numpy.zeros(rows, numpy.uint32)
        for run in self._runs:
            found[(run & _LOW).astype(numpy.int64)] = (run >> _SHIFT).astype(numpy.uint32)
        return found
