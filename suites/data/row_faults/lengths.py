"""Lengths that stand apart: far from the middle on a logarithmic scale, or many at one greatest length."""

from __future__ import annotations

import math
from collections.abc import Mapping

NORMAL = 1.4826


def quantile_middle(counts: Mapping[float, int] | Mapping[int, int]) -> float:
    """The median of values that are given with how often each occurs."""
    total, seen, lower = sum(counts.values()), 0, math.nan
    for value in sorted(counts):
        before, seen = seen, seen + counts[value]
        if before < (total + 1) // 2 <= seen:
            lower = value
        if before < total // 2 + 1 <= seen:
            return (lower + value) / 2
    raise ValueError("there are no values")


def bounds(lengths: Mapping[int, int], z: float) -> tuple[float, float]:
    """The shortest and longest length that does not stand apart.

    The standard score is a robust one, of the logarithm: the distance from the median over 1.4826 times the median
    distance (Iglewicz and Hoaglin 1993). Half of the lengths being equal, that is no measure, and nothing stands apart.
    """
    logs = {math.log(length): count for length, count in lengths.items()}
    middle = quantile_middle(logs)
    distances: dict[float, int] = {}
    for value, count in logs.items():
        distances[abs(value - middle)] = distances.get(abs(value - middle), 0) + count
    spread = NORMAL * quantile_middle(distances)
    return (math.exp(middle - z * spread), math.exp(middle + z * spread)) if spread else (0.0, math.inf)


def at_cap(lengths: Mapping[int, int], least: int, share: float) -> int:
    """How many values have the greatest length, where so many have it that it must be a limit; else 0.

    A limit cuts off what is long: the greatest length is then well above the middle, and most values are below it.

    Args:
        lengths: How often each length occurs.
        least: Values that a limit cuts off at least.
        share: Share of all values that it cuts off at least.
    """
    if not lengths:
        return 0
    total, greatest = sum(lengths.values()), max(lengths)
    at = lengths[greatest]
    many = max(least, share * total) <= at <= total / 2
    return at if many and greatest >= 1.5 * quantile_middle(dict(lengths)) else 0
