"""Confidence intervals of a mean: exact for scores between 0 and 1, Student's or nearly so for scores of no known range.

Sources: C. J. Clopper and E. S. Pearson, Biometrika 26 (1934), 404-413, for 0/1 scores; :mod:`harness.stats.bounded` for
shares; Student's t as in any textbook. Every function takes numbers and returns numbers; NaN and empty input raise
ValueError, since no interval of nothing may ever satisfy a rule.
"""

from __future__ import annotations

import functools
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from harness.stats.bounded import mean_low
from harness.stats.reweighted import least_mean

# Scores of no known range that are all alike show no spread; fewer than this many of them say nothing about the next one.
FEWEST_ALIKE = 20


@dataclass(frozen=True)
class Estimate:
    """A mean, how many values it has, its standard error, and a two-sided interval in the values' own unit."""

    value: float
    n: int
    stderr: float
    interval: tuple[float, float]


def mean_interval(values: Sequence[float], confidence: float = 0.95, clusters: Sequence[str] = ()) -> Estimate:
    """Estimates a mean from a sample.

    Args:
        values: At least one finite number.
        confidence: Of the two-sided interval.
        clusters: One name a value, where some share a source; empty where every value stands for itself.

    Returns:
        The estimate. One value that is not between 0 and 1 says nothing of its spread: its standard error is infinite, and
        its interval the whole line.

    Raises:
        ValueError: There are no values, one is not finite, or there are not as many clusters as values.
    """
    if not values:
        raise ValueError("there are no values; expected at least one")
    if not all(math.isfinite(value) for value in values):
        raise ValueError("a value is not finite; expected numbers only")
    if clusters and len(clusters) != len(values):
        raise ValueError(f"{len(clusters)} clusters for {len(values)} values; expected one for each")
    groups, alpha = list(clusters) or [str(index) for index in range(len(values))], (1 - confidence) / 2
    mean, error = math.fsum(values) / len(values), cluster_stderr(values, groups)
    if is_graded(values):
        ends = (1 - share_high([1 - value for value in values], groups, alpha), share_high(values, groups, alpha))
        return Estimate(mean, len(values), error, ends)
    if alike(values, groups):
        return Estimate(mean, len(values), math.inf, (-math.inf, math.inf))
    return Estimate(mean, len(values), error, number_ends(values, groups, alpha))


def number_ends(values: Sequence[float], groups: Sequence[str], alpha: float) -> tuple[float, float]:
    """Both one-sided ends of a mean of scores of no known range, each with confidence 1 - alpha.

    Of :data:`FEWEST_ALIKE` groups or more they are those of :mod:`harness.stats.reweighted`, so that no end rises when a
    score falls; of fewer they are Student's, since no end with that property would keep its error rate.
    """
    found: dict[str, list[float]] = defaultdict(list)
    for value, group in zip(values, groups, strict=True):
        found[group].append(value)
    quantile = t_quantile(1 - alpha, len(found) - 1)
    if len(found) < FEWEST_ALIKE:
        mean, reach = math.fsum(values) / len(values), quantile * cluster_stderr(values, groups)
        return mean - reach, mean + reach
    sums, sizes = [math.fsum(each) for each in found.values()], [len(each) for each in found.values()]
    return least_mean(sums, sizes, quantile), -least_mean([-each for each in sums], sizes, quantile)


def share_high(values: Sequence[float], groups: Sequence[str], alpha: float) -> float:
    """The one-sided upper bound of a mean of values between 0 and 1."""
    if is_binary(values) and len(set(groups)) == len(values):
        return clopper_pearson_high(round(math.fsum(values)), len(values), alpha)
    means, sizes = cluster_means(values, groups)
    return -mean_low([-mean for mean in means], -1.0, alpha, sizes)


def cluster_means(values: Sequence[float], groups: Sequence[str]) -> tuple[list[float], list[int]]:
    """The mean and the size of every cluster."""
    found: dict[str, list[float]] = defaultdict(list)
    for value, group in zip(values, groups, strict=True):
        found[group].append(value)
    return [math.fsum(each) / len(each) for each in found.values()], [len(each) for each in found.values()]


def cluster_stderr(values: Sequence[float], groups: Sequence[str]) -> float:
    """The cluster-robust standard error of a mean (CR1: residual sums by cluster, times G / (G - 1)); infinite for one."""
    residuals: dict[str, list[float]] = defaultdict(list)
    mean = math.fsum(values) / len(values)
    for value, group in zip(values, groups, strict=True):
        residuals[group].append(value - mean)
    count = len(residuals)
    if count < 2:
        return math.inf
    squares = math.fsum(math.fsum(each) ** 2 for each in residuals.values())
    return math.sqrt(count / (count - 1) * squares) / len(values)


def alike(values: Sequence[float], groups: Sequence[str]) -> bool:
    """Whether values of no known range show too little spread to say anything of the next one."""
    count = len(set(groups))
    return count < 2 or (
        count < FEWEST_ALIKE and (max(values) == min(values) or cluster_stderr(values, groups) == 0)
    )


def is_binary(values: Sequence[float]) -> bool:
    """Whether every value is 0 or 1."""
    return all(value in (0.0, 1.0) for value in values)


def is_graded(values: Sequence[float]) -> bool:
    """Whether every value lies between 0 and 1."""
    return all(0.0 <= value <= 1.0 for value in values)


def clopper_pearson_high(successes: int, n: int, alpha: float) -> float:
    """The exact one-sided upper bound of a proportion with confidence 1 - alpha.

    Raises:
        ValueError: n is not positive, or the successes are not between 0 and n.
    """
    if n <= 0 or not 0 <= successes <= n:
        raise ValueError(f"{successes} of {n} is no proportion; expected 0 <= successes <= n and n >= 1")
    if successes == n:
        return 1.0
    from scipy.special import betaincinv

    return float(betaincinv(successes + 1, n - successes, 1 - alpha))


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
