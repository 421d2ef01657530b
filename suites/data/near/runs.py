"""Texts to words, words to stable 64-bit hashes, and hashes of runs of words: what two texts have in common."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterator, Sequence

import numpy
from numpy.typing import NDArray

# Scripts without spaces are read sign by sign; a whole clause would be one word otherwise.
_SIGNS = "぀-ヿ㐀-䶿一-鿿豈-﫿"
_WORD = re.compile(rf"[{_SIGNS}]|[^\W{_SIGNS}]+")
_SYMBOL = re.compile(rf"[+*/=<>^%]|-(?=\s?\d)|[{_SIGNS}]|[^\W{_SIGNS}]+")
_REMEMBERED = 500_000
_FACTOR = 0x9E3779B97F4A7C15
_INVERSE = pow(_FACTOR, -1, 2**64)


def words(text: str) -> list[str]:
    """Splits a text into words; their hashes take no regard of case."""
    return _WORD.findall(text)


def symbols(text: str) -> Iterator[tuple[str, int, int]]:
    """Yields words and signs of arithmetic with their places: ``3 + 4`` is not ``3 * 4``."""
    for match in _SYMBOL.finditer(text):
        yield match[0], match.start(), match.end()


class Hashes(dict[str, int]):
    """The 64-bit hash of a word, whatever its case, the same in every process; half a million are remembered."""

    def __missing__(self, word: str) -> int:
        """Hashes a word that was not seen lately."""
        if len(self) >= _REMEMBERED:
            self.clear()
        digest = hashlib.blake2b(word.casefold().encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return self.setdefault(word, int.from_bytes(digest, "little"))

    def of(self, found: Sequence[str]) -> NDArray[numpy.uint64]:
        """Hashes some words."""
        return numpy.fromiter(map(self.__getitem__, found), numpy.uint64, len(found))

    def __reduce__(self) -> tuple[type, tuple[()]]:
        """What is remembered can be hashed again; it is not sent to another process."""
        return Hashes, ()


class Runs:
    """The hashes of all runs of words of a sequence, of any length, after one pass over it.

    A run of words ``h[i:i+n]`` is the polynomial ``sum h[i+k] f**k`` modulo 2**64, taken as a difference of prefix sums
    times ``f**-i`` (``f`` is odd, so that it has an inverse), and mixed.
    """

    def __init__(self, hashes: NDArray[numpy.uint64]) -> None:
        """Sums up a sequence of hashes of words, shape (n,)."""
        self._prefix = numpy.zeros(len(hashes) + 1, numpy.uint64)
        numpy.cumsum(hashes * _powers(_FACTOR, len(hashes)), out=self._prefix[1:])
        self._back = _powers(_INVERSE, len(hashes))

    def of(self, length: int) -> NDArray[numpy.uint64]:
        """Returns the hash of the run of that many words from each place on, shape (n - length + 1,)."""
        count = max(0, len(self._prefix) - length)
        return mixed((self._prefix[length:] - self._prefix[: len(self._prefix) - length][:count]) * self._back[:count])


def _powers(factor: int, count: int) -> NDArray[numpy.uint64]:
    found = numpy.full(count, factor, numpy.uint64)
    found[:1] = 1
    return numpy.cumprod(found, dtype=numpy.uint64)


def mixed(values: NDArray[numpy.uint64]) -> NDArray[numpy.uint64]:
    """Spreads 64-bit values over all bits: the finaliser of SplitMix64 (Steele, Lea and Flood 2014)."""
    values = (values ^ (values >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    return values ^ (values >> numpy.uint64(31))


def spread(starts: NDArray[numpy.int64], sizes: NDArray[numpy.int64]) -> NDArray[numpy.int64]:
    """Lists ``start, start + 1, …`` for every start, as many as its size says."""
    return numpy.arange(sizes.sum()) + numpy.repeat(starts - numpy.cumsum(sizes) + sizes, sizes)


def sets_of(
    texts: Sequence[str], owners: Sequence[int], count: int, length: int, hashes: Hashes
) -> list[NDArray[numpy.uint64]]:
    """The sorted sets of runs of words of several texts each; a text that is shorter than a run is one run.

    Args:
        texts: The texts.
        owners: To which set each belongs.
        count: How many sets there are.
        length: Words of a run.
        hashes: Hashes words.
    """
    found = [words(text) for text in texts]
    sizes, of = numpy.array([len(each) for each in found], numpy.int64), numpy.array(owners, numpy.int64)
    runs, starts = Runs(hashes.of(list(itertools.chain.from_iterable(found)))), numpy.cumsum(sizes) - sizes
    lengths = numpy.minimum(sizes, length)
    values, rows = [numpy.zeros(0, numpy.uint64)], [numpy.zeros(0, numpy.int64)]
    for size in sorted(set(lengths.tolist()) - {0}):
        which = numpy.flatnonzero(lengths == size)
        many = sizes[which] - size + 1
        values.append(runs.of(size)[spread(starts[which], many)])
        rows.append(numpy.repeat(of[which], many))
    return _distinct(numpy.concatenate(values), numpy.concatenate(rows), count)


def _distinct(values: NDArray[numpy.uint64], rows: NDArray[numpy.int64], count: int) -> list[NDArray[numpy.uint64]]:
    order = numpy.lexsort((values, rows))
    values, rows = values[order], rows[order]
    new = numpy.ones(len(values), bool)
    new[1:] = (values[1:] != values[:-1]) | (rows[1:] != rows[:-1])
    edges = numpy.searchsorted(rows[new], numpy.arange(1, count))
    return list(numpy.split(values[new], edges)) if count else []
