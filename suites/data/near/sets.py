"""Sorted sets of 64-bit hashes in temporary files, and how much of some sets stands in others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy
from numpy.typing import NDArray

from suites.data.near.column import Column
from suites.data.near.runs import spread

# Numbers that are compared at a time.
CHUNK = 2**19

Hashed = NDArray[numpy.uint64]
Places = NDArray[numpy.int64]


class Ragged(NamedTuple):
    """Several sets, one after the other.

    Attributes:
        values: Their hashes, each set sorted.
        sizes: How many each has, shape (sets,).
    """

    values: Hashed
    sizes: Places

    @classmethod
    def of(cls, sets: Sequence[Hashed]) -> Ragged:
        """Joins sets."""
        none = numpy.zeros(0, numpy.uint64)
        return cls(numpy.concatenate([none, *sets]), numpy.array([len(each) for each in sets], numpy.int64))

    @property
    def starts(self) -> Places:
        """Where each set begins."""
        return numpy.cumsum(self.sizes) - self.sizes


class Sets:
    """Sets by their number, appended and read."""

    def __init__(self) -> None:
        """Holds nothing."""
        self._values, self._starts = Column("u8"), Column("u8")

    def __len__(self) -> int:
        """How many sets there are."""
        return len(self._starts)

    def extend(self, sets: Ragged) -> None:
        """Appends some sets."""
        self._starts.append(len(self._values) + sets.starts)
        self._values.append(sets.values)

    def sizes(self, numbers: Places) -> Places:
        """How many hashes each of some sets has."""
        return self._ends(numbers)[1]

    def read(self, numbers: Places) -> Ragged:
        """Reads some sets."""
        starts, sizes = self._ends(numbers)
        return Ragged(self._values.view()[spread(starts, sizes)], sizes)

    def _ends(self, numbers: Places) -> tuple[Places, Places]:
        starts = self._starts.view()
        begin = starts[numbers].astype(numpy.int64)
        # After the last set comes the end of all.
        end = numpy.where(
            numbers + 1 < len(starts), starts.take(numbers + 1, mode="clip").astype(numpy.int64), len(self._values)
        )
        return begin, end - begin


def similarities(one: Ragged, asked: Places, sets: Sets, rows: Places) -> NDArray[numpy.float64]:
    """The Jaccard similarity of pairs, none of them empty: of all hashes of the two, the share that both have.

    Args:
        one: Sets.
        asked: Which of them is the first of each pair, shape (pairs,).
        sets: Other sets.
        rows: Which of them is the second of each pair, shape (pairs,).
    """
    known, ids = numpy.unique(one.values, return_inverse=True)
    # A set and the number of a hash as one number; sorted, since the sets come in order and are sorted.
    held = numpy.repeat(numpy.arange(len(one.sizes)), one.sizes) * len(known) + ids
    found = numpy.zeros(len(rows))
    for part in _pieces(sets.sizes(rows)):
        which, pair = numpy.unique(rows[part], return_inverse=True)
        others = sets.read(which)
        at = numpy.searchsorted(known, others.values)
        at[known.take(at, mode="clip") != others.values] = -1
        sizes = others.sizes[pair]
        number, owner = at[spread(others.starts[pair], sizes)], numpy.repeat(numpy.arange(len(pair)), sizes)
        owner, number = owner[number >= 0], number[number >= 0]
        wanted = asked[part][owner] * len(known) + number
        both = numpy.bincount(
            owner[held.take(numpy.searchsorted(held, wanted), mode="clip") == wanted], minlength=len(pair)
        )
        found[part] = both / (one.sizes[asked[part]] + sizes - both)
    return found


def _pieces(sizes: Places) -> Iterator[slice]:
    """Cuts pairs so that what has to be read for a piece is bounded, a pair at least."""
    start, ends = 0, numpy.cumsum(sizes)
    while start < len(sizes):
        before = ends[start - 1] if start else 0
        end = max(start + 1, int(numpy.searchsorted(ends, before + CHUNK, side="right")))
        yield slice(start, end)
        start = end
