"""Confidence intervals of a mean: Wilson's for 0/1 scores, Student's for others.

Sources: E. B. Wilson, JASA 22 (1927), 209-212; Student's t as in any textbook. Every function takes numbers and returns
numbers; NaN and empty input raise ValueError, since no interval of nothing may ever satisfy a rule.

Student's t believes the spread that it sees, and n equal scores show none. Scores between 0 and 1 are therefore never
trusted further than :func:`unseen` allows, and their bounds only ever fall when a score falls: worse answers cannot earn a
better bound, neither by hiding an outlier nor by turning a 0/1 score into one just below 1.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

# Scores of no known range that are all alike show no spread; fewer than this many of them say nothing about the next one.
FEWEST_ALIKE = 20


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
        The estimate. One value that is not 0 or 1 says nothing of its spread: its standard error is infinite, and its
        interval all that the scores' range leaves.

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
    error = stderr(values)
    if is_graded(values):
        low, high = graded_low(values, confidence), 1.0 - graded_low([1.0 - value for value in values], confidence)
        return Estimate(mean, n, error, (low, high))
    if max(values) == min(values) and n < FEWEST_ALIKE:
        return Estimate(mean, n, math.inf, (-math.inf, math.inf))
    reach = t_quantile(0.5 + confidence / 2, n - 1) * error
    return Estimate(mean, n, error, (mean - reach, mean + reach))


def stderr(values: Sequence[float]) -> float:
    """The standard error of the mean of some values; infinite for a single one."""
    n, mean = len(values), math.fsum(values) / len(values)
    if n == 1:
        return math.inf
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1) / n)


def graded_low(values: Sequence[float], confidence: float) -> float:
    """The lower end of the interval of a mean of scores between 0 and 1: the most cautious of three bounds.

    Student's t; the bound that leaves room for zeros not seen; and Wilson's, had every score above 0 been a 1. It need not
    be below Wilson's, had every score below 1 been a 0: those answers would have been worse.
    """
    n, alpha = len(values), (1 - confidence) / 2
    student = steady_low(values, 1.0, alpha)
    wary = (1 - unseen(n, alpha)) * math.fsum(values) / n
    kind = wilson(sum(1 for value in values if value > 0), n, confidence)[0]
    strict = wilson(sum(1 for value in values if value >= 1), n, confidence)[0]
    return max(strict, min(student, wary, kind))


def steady_low(values: Sequence[float], top: float, alpha: float) -> float:
    """Student's one-sided lower bound of a mean, made to fall whenever a value falls.

    The plain bound can rise when an outlier above the others falls, since the spread shrinks faster than the mean. So this
    is the least plain bound over all samples whose values are at least as high. The bound is concave in every value:
    the least lies where each value is itself or ``top``, and the highest values are the ones to raise.

    Args:
        values: The sample.
        top: The highest value that there can be.
        alpha: One-sided error.
    """
    n = len(values)
    if n == 1:
        return -math.inf
    quantile, ordered = t_quantile(1 - alpha, n - 1), sorted(values, reverse=True)
    total, squares = math.fsum(ordered), math.fsum(value * value for value in ordered)
    least = math.fsum(values) / n - quantile * stderr(values)
    for value in ordered[:-1]:
        total, squares = total + top - value, squares + top * top - value * value
        variance = max(0.0, squares - total * total / n) / (n - 1)
        least = min(least, total / n - quantile * math.sqrt(variance / n))
    return least


def unseen(n: float, alpha: float) -> float:
    """The largest share of items that can be missing from n draws by chance: about 3/n for alpha 0.05.

    Items of a share p are all missing with a probability of (1 - p)^n, which is alpha where p is this share.
    """
    return 1.0 - alpha ** (1.0 / n)


def is_binary(values: Sequence[float]) -> bool:
    """Whether every value is 0 or 1."""
    return all(value in (0.0, 1.0) for value in values)


def is_graded(values: Sequence[float]) -> bool:
    """Whether every value lies between 0 and 1."""
    return all(0.0 <= value <= 1.0 for value in values)


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
    low = 0.0 if successes == 0 else centre - reach
    high = 1.0 if successes == n else centre + reach
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
