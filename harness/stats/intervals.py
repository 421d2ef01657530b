"""Confidence intervals of a mean: Wilson's for 0/1 scores, Student's for others.

Sources: E. B. Wilson, JASA 22 (1927), 209-212; Student's t as in any textbook. Every function takes numbers and returns
numbers; NaN and empty input raise ValueError, since no interval of nothing may ever satisfy a rule.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist


@dataclass(frozen=True)
class Estimate:
    """A mean, how many values it has, its standard error, and a two-sided interval in the values' own unit."""

    value: float
    n: int
    stderr: float
    interval: tuple[float, float]


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> Estimate:
    """Estimates a mean from a sample.

    Args:
        values: At least one finite number.
        confidence: Of the two-sided interval.

    Returns:
        The estimate. One value that is not 0 or 1 says nothing of its spread: its interval is the whole line.

    Raises:
        ValueError: There are no values, or one is not finite.
    """
    if not values:
        raise ValueError("there are no values; expected at least one")
    if not all(math.isfinite(value) for value in values):
        raise ValueError("a value is not finite; expected numbers only")
    n, mean = len(values), math.fsum(values) / len(values)
    if is_binary(values):
        return Estimate(mean, n, math.sqrt(mean * (1 - mean) / n), wilson(round(mean * n), n, confidence))
    if n == 1:
        return Estimate(mean, n, math.inf, (-math.inf, math.inf))
    stderr = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1) / n)
    reach = t_quantile(0.5 + confidence / 2, n - 1) * stderr
    return Estimate(mean, n, stderr, (mean - reach, mean + reach))


def is_binary(values: Sequence[float]) -> bool:
    """Whether every value is 0 or 1."""
    return all(value in (0.0, 1.0) for value in values)


def wilson(successes: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a proportion.

    Raises:
        ValueError: n is not positive, or the successes are not between 0 and n.
    """
    if n <= 0 or not 0 <= successes <= n:
        raise ValueError(f"{successes} of {n} is no proportion; expected 0 <= successes <= n and n >= 1")
    z = z_quantile(0.5 + confidence / 2)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # At the ends the formula gives 0 or 1 up to rounding; say them exactly.
    low = 0.0 if successes == 0 else max(0.0, centre - reach)
    high = 1.0 if successes == n else min(1.0, centre + reach)
    return low, high


def z_quantile(probability: float) -> float:
    """The quantile of the standard normal distribution."""
    return NormalDist().inv_cdf(probability)


@functools.lru_cache(maxsize=1024)
def t_quantile(probability: float, degrees: int) -> float:
    """The quantile of Student's t distribution.

    Raises:
        ValueError: There is no degree of freedom.
    """
    if degrees < 1:
        raise ValueError(f"{degrees} degrees of freedom; expected at least 1")
    from scipy.special import stdtrit

    return float(stdtrit(degrees, probability))
