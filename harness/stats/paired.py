"""The paired difference of two arms over the same items, and how far it can be trusted.

0/1 scores: the score interval of T. Tango, Statistics in Medicine 17 (1998), 891-908, which keeps its error rate for small n
and for no discordant pairs at all. Items that share a cluster are worth less than independent ones: their number is divided
by the design effect (J. N. K. Rao and A. J. Scott, Biometrics 48 (1992), 577-585) and Student's t with one degree of freedom
less than there are clusters takes the place of z. Other scores: the mean with the cluster-robust standard error (CR1).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.stats.intervals import is_binary, t_quantile, z_quantile
from harness.stats.power import detectable_drop

# Differences that are all alike show no spread; fewer than this many of them say nothing about the next one.
FEWEST_ALIKE = 20


@dataclass(frozen=True)
class Difference:
    """Candidate minus baseline over the same items.

    Attributes:
        delta: Mean difference, in the scores' own unit.
        n: Items.
        interval: Two-sided with confidence 1 - 2 alpha: each end is a one-sided bound with confidence 1 - alpha.
        detectable: The smallest change that this many items show with a probability of 80 %.
        method: The name of the interval.
    """

    delta: float
    n: int
    interval: tuple[float, float]
    detectable: float
    method: str


def paired_difference(
    pairs: Sequence[tuple[float, float]], alpha: float = 0.05, clusters: Sequence[str] = ()
) -> Difference:
    """Estimates the difference (candidate - baseline) of paired scores.

    Args:
        pairs: (candidate, baseline) for every item.
        alpha: One-sided error of each end of the interval.
        clusters: One name an item; empty where every item stands for itself.

    Raises:
        ValueError: There are no pairs, a score is not finite, or there are not as many clusters as pairs.
    """
    if not pairs:
        raise ValueError("there are no pairs; expected at least one")
    if clusters and len(clusters) != len(pairs):
        raise ValueError(f"{len(clusters)} clusters for {len(pairs)} pairs; expected one for each")
    if not all(math.isfinite(score) for pair in pairs for score in pair):
        raise ValueError("a score is not finite; expected numbers only")
    groups = list(clusters) or [str(index) for index in range(len(pairs))]
    if is_binary([score for pair in pairs for score in pair]):
        return _binary(pairs, groups, alpha)
    return _mean(pairs, groups, alpha)


def _binary(pairs: Sequence[tuple[float, float]], groups: Sequence[str], alpha: float) -> Difference:
    n, count = len(pairs), len(set(groups))
    gained = sum(1 for candidate, baseline in pairs if candidate > baseline)
    lost = sum(1 for candidate, baseline in pairs if candidate < baseline)
    if count == n:
        effect, quantile, method = 1.0, z_quantile(1 - alpha), "Tango score interval"
    elif count < 2:
        return Difference((gained - lost) / n, n, (-1.0, 1.0), 1.0, "one cluster: no interval")
    else:
        effect = design_effect([candidate - baseline for candidate, baseline in pairs], groups)
        quantile, method = t_quantile(1 - alpha, count - 1), f"Tango score interval, design effect {effect:.2f}"
    interval = tango(gained / effect, lost / effect, n / effect, quantile)
    # One discordant pair stands in where there are none: that none differed does not mean that none can.
    seen = detectable_drop(max(gained + lost, 1) / n, n / effect, alpha)
    return Difference((gained - lost) / n, n, interval, min(1.0, seen), method)


def _mean(pairs: Sequence[tuple[float, float]], groups: Sequence[str], alpha: float) -> Difference:
    differences = [candidate - baseline for candidate, baseline in pairs]
    n, count = len(differences), len(set(groups))
    delta = math.fsum(differences) / n
    spread = cluster_stderr(differences, groups) if count > 1 else math.inf
    alike = spread == 0 or max(differences) == min(differences)
    if not math.isfinite(spread) or (alike and count < FEWEST_ALIKE):
        return Difference(delta, n, (-math.inf, math.inf), math.inf, "too few differing items: no interval")
    quantile = t_quantile(1 - alpha, count - 1)
    method = "paired t interval" if count == n else f"cluster-robust t interval, {count} clusters"
    return Difference(
        delta, n, (delta - quantile * spread, delta + quantile * spread), (quantile + z_quantile(0.8)) * spread, method
    )


def tango(gained: float, lost: float, n: float, quantile: float) -> tuple[float, float]:
    """Tango's score interval of a paired difference of proportions.

    Args:
        gained: Pairs that the candidate has right and the baseline wrong; may be a fraction of an effective number.
        lost: The other way round.
        n: All pairs.
        quantile: Of the reference distribution, for each end.

    Returns:
        Both ends, between -1 and 1.
    """

    def statistic(delta: float) -> float:
        linear = -(gained + lost) + (2 * n - gained + lost) * delta
        constant = -lost * delta * (1 - delta)
        share = (-linear + math.sqrt(max(0.0, linear * linear - 8 * n * constant))) / (4 * n)
        variance = n * (2 * max(share, 0.0, -delta) + delta * (1 - delta))
        distance = gained - lost - n * delta
        if variance <= 1e-15 * n:
            return math.copysign(math.inf, distance) if abs(distance) > 1e-12 * n else 0.0
        return distance / math.sqrt(variance)

    delta = (gained - lost) / n
    low = _bisect(lambda at: statistic(at) > quantile, -1.0, delta)
    high = _bisect(lambda at: statistic(at) > -quantile, delta, 1.0)
    return low, high


def _bisect(above: Callable[[float], bool], low: float, high: float) -> float:
    """The point between ``low`` and ``high`` where a falling statistic crosses its quantile."""
    for _ in range(80):
        middle = (low + high) / 2
        if above(middle):
            low = middle
        else:
            high = middle
    return (low + high) / 2


def cluster_stderr(values: Sequence[float], groups: Sequence[str]) -> float:
    """The cluster-robust standard error of a mean (CR1: residual sums by cluster, times G / (G - 1)).

    Raises:
        ValueError: There are fewer than two clusters.
    """
    sums: dict[str, float] = defaultdict(float)
    mean = math.fsum(values) / len(values)
    for value, group in zip(values, groups, strict=True):
        sums[group] += value - mean
    if len(sums) < 2:
        raise ValueError(f"{len(sums)} cluster; expected at least two")
    squares = math.fsum(total * total for total in sums.values())
    return math.sqrt(len(sums) / (len(sums) - 1) * squares) / len(values)


def design_effect(differences: Sequence[float], groups: Sequence[str]) -> float:
    """How many clustered items are worth one independent item; at least 1.

    Where nothing differs there is nothing to estimate it from: then a whole cluster is worth one item.
    """
    n, count = len(differences), len(set(groups))
    independent = cluster_stderr(differences, [str(index) for index in range(n)])
    if independent == 0:
        return n / count
    return max(1.0, (cluster_stderr(differences, groups) / independent) ** 2)
