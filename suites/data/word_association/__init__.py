"""Counts in, effect sizes and error rates out: the statistics of the bias suite, each with its source."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple


class LogOdds(NamedTuple):
    """How much more often one side uses a word: difference of log odds, its standard score and two-sided p-value."""

    delta: float
    z: float
    p: float


class Goodness(NamedTuple):
    """How far counts are from declared shares: G statistic, p-value, and Cramér's V from 0 to 1."""

    g: float
    p: float
    v: float


def log_odds(one: int, of_one: int, other: int, of_other: int, prior: float, of_prior: float) -> LogOdds:
    """Compares the use of one word by two sides.

    Log-odds ratio with an informative Dirichlet prior, Monroe, Colaresi and Quinn 2008, "Fightin' Words", equations 15,
    16, 20 and 22.

    Args:
        one: Uses of the word on one side.
        of_one: Uses of all words on that side.
        other: Uses of the word on the other side.
        of_other: Uses of all words there.
        prior: Pseudo-count of the word, in proportion to its use in the whole corpus.
        of_prior: Pseudo-count of all words.
    """
    delta = math.log((one + prior) / (of_one + of_prior - one - prior)) - math.log(
        (other + prior) / (of_other + of_prior - other - prior)
    )
    z = delta / math.sqrt(1 / (one + prior) + 1 / (other + prior))
    return LogOdds(delta, z, math.erfc(abs(z) / math.sqrt(2)))


def goodness_of_fit(counts: Sequence[int], shares: Sequence[float]) -> Goodness:
    """Compares counts with declared shares by a G-test; V is the root of chi-square over n (k - 1)."""
    from scipy.stats import chi2

    n, k = sum(counts), len(counts)
    expected = [share * n for share in shares]
    g = 2 * sum(count * math.log(count / want) for count, want in zip(counts, expected, strict=True) if count)
    square = sum((count - want) ** 2 / want for count, want in zip(counts, expected, strict=True))
    return Goodness(g, float(chi2.sf(g, k - 1)), min(1.0, math.sqrt(square / (n * (k - 1)))))


def false_discovery(p: Sequence[float]) -> list[float]:
    """Returns the q-value of every p-value: Benjamini and Hochberg 1995, over all tests that were made."""
    order = sorted(range(len(p)), key=lambda index: p[index], reverse=True)
    found, lowest = [0.0] * len(p), 1.0
    for rank, index in zip(range(len(p), 0, -1), order, strict=True):
        lowest = min(lowest, p[index] * len(p) / rank)
        found[index] = lowest
    return found
