"""Which earlier set is nearly the same: min-wise signatures in bands, then exact Jaccard similarity.

Two sets of similarity ``s`` meet in one of ``b`` bands of ``r`` hashes with probability ``1 - (1 - s**r)**b`` (Broder
1997; Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", 3.4). ``r`` is the largest for which that is .99 at
the threshold. What meets is verified, so that nothing is found that is not there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy
from numpy.typing import NDArray

from suites.data.near.index import Index
from suites.data.near.runs import mixed
from suites.data.near.sets import Sets

BANDS, RECALL, VERIFIED = 14, 0.99, 256
_SEED = 20240

Keys = NDArray[numpy.uint32]


class Match(NamedTuple):
    """An earlier set and the Jaccard similarity with it, 0 to 1."""

    row: int
    similarity: float


def rows_a_band(threshold: float) -> int:
    """How many hashes a band has, so that sets as similar as the threshold meet with a probability of .99."""
    needed = 1 - (1 - RECALL) ** (1 / BANDS)
    return 16 if threshold == 1 else max(1, min(16, math.floor(math.log(needed) / math.log(threshold))))


def jaccard(one: NDArray[numpy.uint64], other: NDArray[numpy.uint64]) -> float:
    """The share of two sorted sets, neither of them empty, that both have."""
    both = int(numpy.count_nonzero(other.take(numpy.searchsorted(other, one), mode="clip") == one))
    return both / (len(one) + len(other) - both)


class Alike:
    """Sets in their order, each compared with those before it: about 130 bytes of memory a set.

    A set with more than :data:`VERIFIED` candidates of fitting size is compared with those that it meets most often;
    ``unsure`` counts the sets for which that found nothing. Only such can differ between parts and the whole.
    """

    def __init__(self, threshold: float) -> None:
        """Holds nothing."""
        self.threshold, self.unsure = threshold, 0
        self.near = bytearray()
        self._sets = Sets()
        self._bands = [Index() for _ in range(BANDS)]
        raw = numpy.random.PCG64(_SEED).random_raw(2 * BANDS * rows_a_band(threshold))
        self._factors, self._terms = raw[::2] | numpy.uint64(1), raw[1::2]

    def add(self, sets: Sequence[NDArray[numpy.uint64]]) -> list[Match | None]:
        """Adds some sets and returns the first that is found alike before each."""
        before = len(self._sets)
        keys = self._signed(sets)
        self._keep(sets, keys)
        matches = self._matches(sets, keys, before + numpy.arange(len(sets)))
        self.near += bytes(match is not None for match in matches)
        return matches

    def merge(self, other: Alike, kept: Sequence[int]) -> None:
        """Adds sets of another, all of which come after one's own; a set that is not kept is one of one's own."""
        before = len(self._sets)
        every = numpy.stack([band.keys(len(other._sets)) for band in other._bands])
        self.unsure += other.unsure
        for start in range(0, len(kept), 4096):
            numbers = kept[start : start + 4096]
            sets, keys = [other._sets[number] for number in numbers], every[:, numbers]
            found = [other.near[number] for number in numbers]
            limits = numpy.where(numpy.array(found, bool), 0, before)
            matches = self._matches(sets, keys, limits)
            self._keep(sets, keys)
            self.near += bytes(was or match is not None for was, match in zip(found, matches, strict=True))

    def _keep(self, sets: Sequence[NDArray[numpy.uint64]], keys: Keys) -> None:
        rows = len(self._sets) + numpy.arange(len(sets), dtype=numpy.uint32)
        filled = numpy.array([len(each) > 0 for each in sets], bool)
        for band, of_band in zip(self._bands, keys, strict=True):
            band.add(of_band[filled], rows[filled])
        self._sets.extend(sets)

    def _signed(self, sets: Sequence[NDArray[numpy.uint64]]) -> Keys:
        """One key a band and set, shape (bands, sets); of an empty set 0."""
        filled = [number for number, each in enumerate(sets) if len(each)]
        keys = numpy.zeros((BANDS, len(sets)), numpy.uint32)
        if not filled:
            return keys
        every = numpy.concatenate([sets[number] for number in filled])
        starts = numpy.cumsum([0, *(len(sets[number]) for number in filled[:-1])])
        width = len(self._factors) // BANDS
        for band in range(BANDS):
            key = numpy.zeros(len(filled), numpy.uint64)
            for at in range(band * width, (band + 1) * width):
                hashed = every * self._factors[at] + self._terms[at]
                key = mixed(key ^ numpy.minimum.reduceat(hashed, starts))
            keys[band, filled] = (key >> numpy.uint64(32)).astype(numpy.uint32)
        return keys

    def _matches(
        self, sets: Sequence[NDArray[numpy.uint64]], keys: Keys, limits: NDArray[numpy.int64]
    ) -> list[Match | None]:
        """The first set found alike below each limit: those that meet in most bands are tried first."""
        found: list[Match | None] = [None] * len(sets)
        asked, rows, meets, more = self._candidates(sets, keys, limits)
        edges = numpy.searchsorted(asked, numpy.arange(len(sets) + 1))
        for number, each in enumerate(sets):
            start, end = int(edges[number]), int(edges[number + 1])
            order = numpy.lexsort((rows[start:end], -meets[start:end]))[:VERIFIED]
            found[number] = self._verified(each, rows[start:end][order])
            self.unsure += found[number] is None and bool(more[number] or end - start > VERIFIED)
        return found

    def _candidates(
        self, sets: Sequence[NDArray[numpy.uint64]], keys: Keys, limits: NDArray[numpy.int64]
    ) -> tuple[NDArray[numpy.int64], NDArray[numpy.int64], NDArray[numpy.int64], NDArray[numpy.bool_]]:
        """Pairs of set and earlier row of fitting size, in how many bands they meet; whether some were left out."""
        sizes = numpy.array([len(each) for each in sets], numpy.int64)
        kept = numpy.frombuffer(self._sets.sizes, numpy.uint32) if len(self._sets) else numpy.zeros(0, numpy.uint32)
        pairs, more = [numpy.zeros(0, numpy.int64)], numpy.zeros(len(sets), bool)
        for band, of_band in zip(self._bands, keys, strict=True):
            asked, rows, left_out = band.find(of_band)
            more |= left_out & (limits > 0) & (sizes > 0)
            mine, theirs = sizes[asked], kept[rows].astype(numpy.int64)
            # Sets whose sizes differ more than the threshold allows cannot be alike.
            fits = numpy.minimum(mine, theirs) >= self.threshold * numpy.maximum(mine, theirs)
            fits &= (rows < limits[asked]) & (mine > 0)
            pairs.append((asked[fits] << 32) | rows[fits].astype(numpy.int64))
        distinct, meets = numpy.unique(numpy.concatenate(pairs), return_counts=True)
        return distinct >> 32, distinct & 0xFFFFFFFF, meets, more

    def _verified(self, one: NDArray[numpy.uint64], rows: NDArray[numpy.int64]) -> Match | None:
        for row in rows.tolist():
            similarity = jaccard(one, self._sets[row])
            if similarity >= self.threshold:
                return Match(row, similarity)
        return None
