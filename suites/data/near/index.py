"""Rows by a 32-bit key, looked up for a whole batch at once: the latest in memory, all others in temporary files."""

from __future__ import annotations

from typing import Any

import numpy
from numpy.typing import NDArray

from suites.data.near.column import Column
from suites.data.near.runs import spread

# Entries that are held in memory before they go to a file, and that are merged at a time.
SPILLED = CHUNK = 2**17
MOST = 1024
# Bits of memory an entry in a file has, and that a file has at most: with fewer, more is looked for in vain.
BITS, MOST_BITS = 8, 2**27
_LOW = numpy.uint64(0xFFFFFFFF)
_SHIFT = numpy.uint64(32)

Keys = NDArray[numpy.uint32]
Entries = NDArray[numpy.uint64]


def entries_of(keys: Keys, rows: NDArray[Any]) -> Entries:
    """Sorted entries of keys and their rows, shape (n,) each."""
    return numpy.sort((keys.astype(numpy.uint64) << _SHIFT) | rows.astype(numpy.uint64))


class Run:
    """Sorted entries in a file; in memory one bit for each of equal ranges of keys says whether it holds any."""

    def __init__(self, count: int) -> None:
        """Holds nothing, and will hold so many entries."""
        self.entries = Column("u8")
        self._slots = max(8, min(BITS * count, MOST_BITS))
        self._bits = numpy.zeros(-(-self._slots // 8), numpy.uint8)

    def __len__(self) -> int:
        """How many entries there are."""
        return len(self.entries)

    def append(self, entries: Entries) -> None:
        """Adds entries, sorted and none before those that are there."""
        if not len(entries):
            return
        self.entries.append(entries)
        byte, bit = self._slot(entries >> _SHIFT)
        starts = numpy.flatnonzero(numpy.diff(byte, prepend=-1))
        self._bits[byte[starts]] |= numpy.bitwise_or.reduceat(bit, starts)

    def may_hold(self, keys: Keys) -> NDArray[numpy.int64]:
        """The places in ``keys`` of those that may be there: all that are, and an eighth of the others."""
        byte, bit = self._slot(keys.astype(numpy.uint64))
        return numpy.flatnonzero(self._bits[byte] & bit)

    def _slot(self, keys: NDArray[numpy.uint64]) -> tuple[NDArray[numpy.int64], NDArray[numpy.uint8]]:
        slot = ((keys * numpy.uint64(self._slots)) >> _SHIFT).astype(numpy.int64)
        return slot >> 3, numpy.left_shift(1, slot & 7).astype(numpy.uint8)


def merged(one: Run, other: Run) -> Run:
    """Both as one, read piece by piece."""
    found, here, there = Run(len(one) + len(other)), 0, 0
    while here < len(one) or there < len(other):
        left, right = one.entries.read(here, here + CHUNK), other.entries.read(there, there + CHUNK)
        if len(left) and len(right):
            # What lies beyond may have to be mixed with what was not read yet.
            last = min(left[-1], right[-1])
            left, right = (part[: numpy.searchsorted(part, last, side="right")] for part in (left, right))
        # The stable sort is a merge of what is sorted already.
        found.append(numpy.sort(numpy.concatenate([left, right]), kind="stable"))
        here, there = here + len(left), there + len(right)
    return found


class Index:
    """Sorted entries of key and row; new ones are merged into those before them once these are not twice as many."""

    def __init__(self) -> None:
        """Holds nothing."""
        self._files: list[Run] = []
        self._recent: list[Entries] = []

    def add(self, entries: Entries) -> None:
        """Adds entries as :func:`entries_of` makes them, of rows after those that are there."""
        if not len(entries):
            return
        recent = self._recent
        recent.append(entries)
        while len(recent) > 1 and len(recent[-2]) <= 2 * len(recent[-1]):
            recent[-2:] = [numpy.sort(numpy.concatenate(recent[-2:]), kind="stable")]
        if sum(map(len, recent)) >= SPILLED:
            self._spill()

    def _spill(self) -> None:
        run = Run(sum(map(len, self._recent)))
        run.append(numpy.sort(numpy.concatenate(self._recent), kind="stable"))
        self._recent = []
        self._files.append(run)
        while len(self._files) > 1 and len(self._files[-2]) <= 2 * len(self._files[-1]):
            last = self._files.pop()
            self._files[-1] = merged(self._files[-1], last)

    def find(
        self, keys: Keys, fresh: Entries | None = None
    ) -> tuple[NDArray[numpy.int64], NDArray[numpy.int64], NDArray[numpy.bool_]]:
        """Finds the rows of every key, of each at most the first :data:`MOST`.

        Args:
            keys: Shape (n,).
            fresh: Entries that are not added yet, to be searched as well.

        Returns:
            The place of a key in ``keys`` and a row, shape (m,) each; whether rows of a key were left out, shape (n,).
        """
        # Keys in order are looked up in pages that were just looked at.
        order = numpy.argsort(keys)
        search = _Search(keys[order])
        for run in self._files:
            maybe = run.may_hold(search.keys)
            if len(maybe):
                search.add(run.entries.view(), maybe)
        for entries in (*self._recent, *(() if fresh is None else (fresh,))):
            search.add(entries, numpy.arange(len(keys)))
        more = numpy.zeros(len(keys), bool)
        more[order] = search.more
        return order[numpy.concatenate(search.asked)], numpy.concatenate(search.rows), more


class _Search:
    """What was found so far of some keys, in entries that are searched from the earliest on."""

    def __init__(self, keys: Keys) -> None:
        self.keys, self._wanted = keys, keys.astype(numpy.uint64)
        self._left, self.more = numpy.full(len(keys), MOST), numpy.zeros(len(keys), bool)
        self.asked, self.rows = [numpy.zeros(0, numpy.int64)], [numpy.zeros(0, numpy.int64)]

    def add(self, entries: Entries, which: NDArray[numpy.int64]) -> None:
        """Searches sorted entries, at least one, for the keys at some places."""
        wanted = self._wanted[which]
        start = numpy.searchsorted(entries, wanted << _SHIFT)
        held = numpy.flatnonzero(entries.take(start, mode="clip") >> _SHIFT == wanted)
        hit, start = which[held], start[held]
        count = numpy.searchsorted(entries, (wanted[held] << _SHIFT) | _LOW, side="right") - start
        taken = numpy.minimum(count, self._left[hit])
        self._left[hit] -= taken
        self.more[hit] |= count > taken
        self.asked.append(numpy.repeat(hit, taken))
        self.rows.append((entries[spread(start, taken)] & _LOW).astype(numpy.int64))
