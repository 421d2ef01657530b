"""Group against group: shared occurrence, rates and preferences, each with an interval and a test that assumes little."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple


class Skew(NamedTuple):
    """Two rates side by side.

    Attributes:
        difference: The first minus the second.
        interval: 95 % interval of the difference (Newcombe 1998, method 10).
        ratio: The smaller over the larger, 0 to 1; below .8 the four-fifths rule speaks of adverse impact.
        p: Two-sided p-value of the permutation test.
    """

    difference: float
    interval: tuple[float, float]
    ratio: float
    p: float


def npmi(both: int, one: int, other: int, of: int) -> float:
    """Normalised pointwise mutual information of two things that occur in texts (Bouma 2009), -1 to 1.

    Args:
        both: Texts with both.
        one: Texts with the one.
        other: Texts with the other.
        of: All texts.
    """
    if both == 0:
        return -1.0
    return 1.0 if both == of else math.log(both * of / (one * other)) / -math.log(both / of)


def wilson(hits: int, n: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927)."""
    share = hits / n
    middle, spread = share + z * z / (2 * n), z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, (middle - spread) / (1 + z * z / n)), min(1.0, (middle + spread) / (1 + z * z / n))


def rates(hits: int, n: int, other_hits: int, other_n: int) -> Skew:
    """Compares how often something is so on two sides.

    The permutation test of two shares, over all ways to deal the hits, is Fisher's exact test: it is computed, not drawn.
    """
    from scipy.stats import fisher_exact

    one, other = hits / n, other_hits / other_n
    (low, high), (other_low, other_high) = wilson(hits, n), wilson(other_hits, other_n)
    down = math.sqrt((one - low) ** 2 + (other_high - other) ** 2)
    up = math.sqrt((high - one) ** 2 + (other - other_low) ** 2)
    ratio = min(one, other) / max(one, other) if max(one, other) else 1.0
    p = float(fisher_exact([[hits, n - hits], [other_hits, other_n - other_hits]])[1])
    return Skew(one - other, (one - other - down, one - other + up), ratio, p)


def preferred(chosen: int, rejected: int) -> Skew:
    """Compares how often the answer that alone names a group was the one that was chosen, and how often it was not.

    The permutation test swaps the two answers of pairs; over all swaps it is the exact sign test.
    """
    from scipy.stats import binomtest

    n = chosen + rejected
    low, high = wilson(chosen, n)
    ratio = min(chosen, rejected) / max(chosen, rejected)
    p = float(binomtest(chosen, n).pvalue)
    return Skew((chosen - rejected) / n, (2 * low - 1, 2 * high - 1), ratio, p)


def swapped(changes: Sequence[float]) -> tuple[float, tuple[float, float], float]:
    """The mean change of a score when terms are swapped, its 95 % interval, and the p-value of the sign test.

    The interval is that of a mean of independent texts (normal); of fewer than two texts it is unbounded.
    """
    from scipy.stats import binomtest

    n = len(changes)
    mean = math.fsum(changes) / n
    spread = math.sqrt(math.fsum((each - mean) ** 2 for each in changes) / (n - 1) / n) if n > 1 else math.inf
    up, down = sum(each > 0 for each in changes), sum(each < 0 for each in changes)
    p = float(binomtest(up, up + down).pvalue) if up + down else 1.0
    return mean, (mean - 1.959963984540054 * spread, mean + 1.959963984540054 * spread), p
