"""The paired difference of two arms over the same items, and how far it can be trusted.

0/1 scores: the score interval of T. Tango, Statistics in Medicine 17 (1998), 891-908, which keeps its error rate for small n
and for no discordant pairs at all. Items that share a cluster are worth less than independent ones: their number is divided
by the design effect (J. N. K. Rao and A. J. Scott, Biometrics 48 (1992), 577-585) and Student's t with one degree of freedom
less than there are clusters takes the place of z. Other scores: the mean with the cluster-robust standard error (CR1), and
for scores between 0 and 1 never more than what pairs not seen leave open, see :func:`harness.stats.intervals.unseen`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.stats.intervals import FEWEST_ALIKE, is_binary, is_graded, steady_low, t_quantile, unseen, z_quantile
from harness.stats.power import detectable_drop

Pairs = Sequence[tuple[float, float]]


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


def paired_difference(pairs: Pairs, alpha: float = 0.05, clusters: Sequence[str] = ()) -> Difference:
    """Estimates the difference (candidate - baseline) of paired scores.

    Args:
        pairs: (candidate, baseline) for every item; both may be negated, where a lower score is the better one.
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
    pairs = _upright(pairs)
    scores = [score for pair in pairs for score in pair]
    if is_binary(scores):
        return _binary(pairs, groups, alpha)
    return _graded(pairs, groups, alpha) if is_graded(scores) else _mean(pairs, groups, alpha)


def _upright(pairs: Pairs) -> Pairs:
    """Moves negated shares from between -1 and 0 to between 0 and 1, which changes no difference."""
    negated = all(-1.0 <= score <= 0.0 for pair in pairs for score in pair)
    return [(1.0 + candidate, 1.0 + baseline) for candidate, baseline in pairs] if negated else pairs


def _binary(pairs: Pairs, groups: Sequence[str], alpha: float) -> Difference:
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


def _graded(pairs: Pairs, groups: Sequence[str], alpha: float) -> Difference:
    """The interval of scores between 0 and 1: each end is the most cautious of its bounds."""
    plain = _mean(pairs, groups, alpha, fewest_alike=0)
    worse = [(1.0 - candidate, 1.0 - baseline) for candidate, baseline in pairs]
    low = _graded_low(pairs, groups, alpha, plain.interval[0])
    high = -_graded_low(worse, groups, alpha, -plain.interval[1])
    detectable = min(1.0, max(plain.detectable, unseen(len(set(groups)), alpha)))
    return Difference(plain.delta, plain.n, (low, high), detectable, plain.method)


def _graded_low(pairs: Pairs, groups: Sequence[str], alpha: float, student: float) -> float:
    """The lower end: the most cautious of Student's bound and the one that leaves room for unseen losses.

    Against a 0/1 baseline it also lies between Tango's bounds for the same answers judged strictly and kindly, so that a
    0/1 score gains nothing by becoming a fraction, nor the other way round.
    """
    differences, count = [candidate - baseline for candidate, baseline in pairs], len(set(groups))
    missed = unseen(count, alpha)
    bounds = [student, (1 - missed) * math.fsum(differences) / len(pairs) - missed]
    if count < len(pairs):
        return max(-1.0, min(bounds))
    bounds.append(steady_low(differences, 1.0, alpha))
    if not is_binary([baseline for _, baseline in pairs]):
        return max(-1.0, min(bounds))
    kind = _binary([(float(mine > 0), other) for mine, other in pairs], groups, alpha)
    strict = _binary([(float(mine >= 1), other) for mine, other in pairs], groups, alpha)
    return max(strict.interval[0], min(kind.interval[0], *bounds))


def _mean(pairs: Pairs, groups: Sequence[str], alpha: float, fewest_alike: int = FEWEST_ALIKE) -> Difference:
    differences = [candidate - baseline for candidate, baseline in pairs]
    n, count = len(differences), len(set(groups))
    delta = math.fsum(differences) / n
    spread = cluster_stderr(differences, groups) if count > 1 else math.inf
    alike = spread == 0 or max(differences) == min(differences)
    if not math.isfinite(spread) or (alike and count < fewest_alike):
        return Difference(delta, n, (-math.inf, math.inf), math.inf, "too few differing items: no interval")
    quantile = t_quantile(1 - alpha, count - 1)
    method = "paired t interval" if count == n else f"cluster-robust t interval, {count} clusters"
    reach = quantile * spread
    return Difference(delta, n, (delta - reach, delta + reach), (quantile + z_quantile(0.8)) * spread, method)


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
        # No variance is left only at the ends of the range, and there no distance either.
        return (gained - lost - n * delta) / math.sqrt(variance) if variance > 0 else 0.0

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
    residuals: dict[str, list[float]] = defaultdict(list)
    mean = math.fsum(values) / len(values)
    for value, group in zip(values, groups, strict=True):
        residuals[group].append(value - mean)
    if len(residuals) < 2:
        raise ValueError(f"{len(residuals)} cluster; expected at least two")
    sums = [math.fsum(each) for each in residuals.values()]
    squares = math.fsum(total * total for total in sums)
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
