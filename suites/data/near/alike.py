"""Which earlier set is nearly the same: min-wise signatures in bands, then exact Jaccard similarity.

Two sets of similarity ``s`` meet in one of ``b`` bands of ``r`` hashes with probability ``1 - (1 - s**r)**b`` (Broder
1997; Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", 3.4). ``r`` is the largest for which that is .99 at
the threshold. What meets is verified, so that nothing is found that is not there.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy
from numpy.typing import NDArray

from suites.data.near.index import Index, Keys, entries_of
from suites.data.near.runs import mixed
from suites.data.near.sets import Hashed, Places, Ragged, Sets, similarities

BANDS, RECALL, VERIFIED = 14, 0.99, 256
# How many candidates have been compared after each round: mostly the first is alike or none is.
_ROUNDS = (0, 1, 4, 16, 64, VERIFIED)
_SEED = 20240
_CHUNK = 4096


class Match(NamedTuple):
    """An earlier set and the Jaccard similarity with it, 0 to 1."""

    row: int
    similarity: float


def rows_a_band(threshold: float) -> int:
    """How many hashes a band has, so that sets as similar as the threshold meet with a probability of .99."""
    needed = 1 - (1 - RECALL) ** (1 / BANDS)
    return 16 if threshold == 1 else max(1, min(16, math.floor(math.log(needed) / math.log(threshold))))


class Alike:
    """Sets in their order, each compared with those before it: about 15 bytes of memory a set, the rest in files.

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

    def add(self, sets: Sequence[Hashed]) -> list[Match | None]:
        """Adds some sets and returns the first that is found alike before each."""
        before = len(self._sets)
        matches = self._added(Ragged.of(sets), before + numpy.arange(len(sets)))
        self.near += bytes(match is not None for match in matches)
        return matches

    def merge(self, other: Alike, kept: Places) -> None:
        """Adds sets of another, all of which come after one's own; a set that is not kept is one of one's own."""
        before = len(self._sets)
        self.unsure += other.unsure
        for start in range(0, len(kept), _CHUNK):
            numbers = kept[start : start + _CHUNK]
            found = numpy.frombuffer(other.near, numpy.uint8)[numbers] > 0
            matches = self._added(other._sets.read(numbers), numpy.where(found, 0, before))
            self.near += bytes(bool(was) or match is not None for was, match in zip(found, matches, strict=True))

    def _added(self, sets: Ragged, limits: Places) -> list[Match | None]:
        """Keeps sets and returns the first below each limit that is found alike: those that meet most are tried first."""
        rows = len(self._sets) + numpy.arange(len(sets.sizes))
        self._sets.extend(sets)
        asked, found, more = self._candidates(sets, rows, limits)
        first, similarity = self._verified(sets, asked, found)
        many = numpy.bincount(asked, minlength=len(rows)) > VERIFIED
        self.unsure += int(numpy.count_nonzero((first < 0) & (more | many)))
        pairs = zip(first.tolist(), similarity.tolist(), strict=True)
        return [Match(row, alike) if row >= 0 else None for row, alike in pairs]

    def _signed(self, sets: Ragged) -> Keys:
        """One key a band and set that is not empty, shape (bands, sets)."""
        starts = sets.starts[sets.sizes > 0]
        keys = numpy.zeros((BANDS, len(starts)), numpy.uint32)
        width = len(self._factors) // BANDS
        for band in range(BANDS if len(starts) else 0):
            key = numpy.zeros(len(starts), numpy.uint64)
            for at in range(band * width, (band + 1) * width):
                hashed = sets.values * self._factors[at] + self._terms[at]
                key = mixed(key ^ numpy.minimum.reduceat(hashed, starts))
            keys[band] = (key >> numpy.uint64(32)).astype(numpy.uint32)
        return keys

    def _candidates(self, sets: Ragged, rows: Places, limits: Places) -> tuple[Places, Places, NDArray[numpy.bool_]]:
        """Adds sets to the bands.

        Returns:
            Pairs of set and earlier row of fitting size, for each set those first that meet in most bands; whether some
            were left out, of each set.
        """
        filled = numpy.flatnonzero(sets.sizes)
        pairs, more = [numpy.zeros(0, numpy.int64)], numpy.zeros(len(rows), bool)
        for band, keys in zip(self._bands, self._signed(sets), strict=True):
            entries = entries_of(keys, rows[filled])
            at, found, left_out = band.find(keys, entries)
            band.add(entries)
            asked = filled[at]
            more[filled] |= left_out & (limits[filled] > 0)
            below = found < limits[asked]
            pairs.append((asked[below] << 32) | found[below])
        distinct, meets = numpy.unique(numpy.concatenate(pairs), return_counts=True)
        asked, found = distinct >> 32, distinct & 0xFFFFFFFF
        mine, theirs = sets.sizes[asked], self._sets.sizes(found)
        # Sets whose sizes differ more than the threshold allows cannot be alike.
        fits = numpy.minimum(mine, theirs) >= self.threshold * numpy.maximum(mine, theirs)
        order = numpy.lexsort((found[fits], -meets[fits], asked[fits]))
        return asked[fits][order], found[fits][order], more

    def _verified(self, sets: Ragged, asked: Places, rows: Places) -> tuple[Places, NDArray[numpy.float64]]:
        """The first row of each set's candidates that is alike, or -1, and its similarity."""
        rank = numpy.arange(len(asked)) - numpy.searchsorted(asked, asked)
        first, similarity = numpy.full(len(sets.sizes), -1), numpy.zeros(len(sets.sizes))
        for low, high in itertools.pairwise(_ROUNDS):
            now = numpy.flatnonzero((low <= rank) & (rank < high) & (first[asked] < 0))
            if len(now):
                alike = similarities(sets, asked[now], self._sets, rows[now])
                good = numpy.flatnonzero(alike >= self.threshold)
                which, at = numpy.unique(asked[now][good], return_index=True)
                first[which], similarity[which] = rows[now][good][at], alike[good][at]
        return first, similarity
