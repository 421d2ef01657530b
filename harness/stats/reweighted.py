"""The lower end of a mean of scores of no known range: Student's, but such that it never rises when a score gets worse.

Student's end falls when one score rises far above the others, because the spread grows faster than the mean; so lowering
that score again would raise it. The end used here is the least mean that weights close to equal ones give: over weights
p >= 0 of the G values that sum to 1 with sum (G p - 1)^2 <= rho, where rho = q^2 G / (G - 1) and q is Student's quantile. A
mean with weights that are not negative cannot rise when a value falls. Without p >= 0 the same least mean is Student's end
itself, and it is the same number where no value lies more than s (G - 1) / (q sqrt(G)) above the mean (seven standard
deviations for G = 150). Its error rate is that of Student's in the long run: J. C. Duchi, P. W. Glynn and H. Namkoong,
"Statistics of Robust Optimization: A Generalized Empirical Likelihood Approach", Mathematics of Operations Research 46
(2021), 946-969.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

HALVINGS = 60


def least_mean(sums: Sequence[float], sizes: Sequence[int], quantile: float) -> float:
    """The lower end of a mean over groups; for groups of one item each, of a plain mean.

    Args:
        sums: The sum of the scores of every group, at least two.
        sizes: How many scores each has.
        quantile: Student's, for the confidence of this one end.

    Returns:
        The end. Where groups differ in size it is the mean at which the sums of the groups, each less its size times that
        mean, have their own end at nought.

    Raises:
        ValueError: There are not as many sizes as sums.
    """
    pairs, spread = list(zip(sums, sizes, strict=True)), quantile * quantile * len(sums) / (len(sums) - 1)
    size, *others = set(sizes)
    if not others:
        return _least(sums, spread) / size
    low, high = min(each / count for each, count in pairs), math.fsum(sums) / sum(sizes)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        above = _least([each - middle * count for each, count in pairs], spread) >= 0
        low, high = (middle, high) if above else (low, middle)
    return low


def _least(values: Sequence[float], spread: float) -> float:
    """The least mean of values over weights whose squared distance from equal ones is at most that.

    The largest values are left out, one after the other, until no weight of the rest is negative.
    """
    kept, count = sorted(values), len(values)
    while True:
        left, mean = len(kept), math.fsum(kept) / len(kept)
        squares = math.fsum((value - mean) ** 2 for value in kept)
        # Of the distance, what weights of nought leave; below nought by rounding alone.
        room = max(0.0, spread - count * (count - left) / left)
        if left * (kept[-1] - mean) * math.sqrt(room) <= count * math.sqrt(squares):
            return mean - math.sqrt(squares * room) / count
        kept.pop()
