"""Group-sequential levels: how sure a test must be at every look so that all its looks together err with one alpha.

Looking at growing evidence again and again with an unchanged level passes a model at the margin far more often than alpha.
Lan and DeMets let alpha be spent over the looks instead: after the share t of the items, at most

    2 (1 - Phi(z / sqrt(t))),  z the normal quantile of 1 - alpha / 2

of it, which is next to nothing early and all of it at the end, like the boundary of O'Brien and Fleming. The level of a look is
the one that spends what has become free, given that no earlier look has passed; it follows from the joint normal distribution
of the looks, integrated recursively.

Sources: K. K. G. Lan and D. L. DeMets, Biometrika 70 (1983), 659-663; P. Armitage, C. K. McPherson and B. C. Rowe, JRSS A
132 (1969), 235-244; C. Jennison and B. W. Turnbull, Group Sequential Methods with Applications to Clinical Trials (2000).
"""

from __future__ import annotations

import functools
import math
from typing import Any

from harness.stats.intervals import z_quantile

# Looks closer together than this would need a finer grid than is worth its time.
CLOSEST = 0.001
# One minus a level below this is one, to the precision of a number: such a look spends nothing and cannot pass.
LEAST_LEVEL = 1e-12
# How far from 0 the statistic is followed, in standard deviations; and the grid's points, as a multiple of that reach measured
# in standard deviations of the smallest step.
REACH, FINENESS = 8.5, 6


def spent(fraction: float, alpha: float) -> float:
    """The part of alpha that may be used up by a share of the items.

    Args:
        fraction: Share of the items, above 0 and at most 1.
        alpha: One-sided error of the whole test.
    """
    return math.erfc(-z_quantile(alpha / 2) / math.sqrt(2 * fraction))


@functools.lru_cache(maxsize=256)
def nominal_alphas(fractions: tuple[float, ...], alpha: float = 0.05) -> tuple[float, ...]:
    """The one-sided level of every look that makes them err together with ``alpha``.

    Args:
        fractions: The share of the items that has been asked at every look, rising to 1.
        alpha: One-sided error of the whole test, between 0 and 0.5.

    Returns:
        One level a look. It is 0 where a look comes so early that nothing could be spent: there nothing may pass.

    Raises:
        ValueError: The fractions do not rise from above 0 to 1 by at least a thousandth each, or alpha is out of range.
    """
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha is {alpha}; expected a one-sided error between 0 and 0.5")
    steps = [later - earlier for earlier, later in zip((0.0, *fractions), fractions, strict=False)]
    # Shares are quotients: a step of a thousandth may come out a little less.
    if not fractions or fractions[-1] != 1 or not all(step >= CLOSEST * (1 - 1e-9) for step in steps):
        raise ValueError(f"the looks are at {fractions} of the items; expected shares that rise to 1 by {CLOSEST} or more")
    return tuple(_levels(fractions, steps, alpha))


def _levels(fractions: tuple[float, ...], steps: list[float], alpha: float) -> list[float]:
    import numpy

    grid = numpy.polynomial.legendre.leggauss(math.ceil(FINENESS * REACH / math.sqrt(min(steps))))
    # Nothing has been asked yet: all chance sits at 0.
    points, weights, used, levels = numpy.zeros(1), numpy.ones(1), 0.0, []
    for fraction, step in zip(fractions, steps, strict=True):
        free = spent(fraction, alpha) - used
        critical = math.inf if free < LEAST_LEVEL else _critical(points, weights, fraction, step, free)
        levels.append(0.5 * math.erfc(critical / math.sqrt(2)))
        used += free if free >= LEAST_LEVEL else 0.0
        points, weights = _carried_on(points, weights, fraction, step, critical, grid)
    return levels


def _critical(points: Any, weights: Any, fraction: float, step: float, free: float) -> float:
    """The standardised value that is exceeded now, and by no look before, with the probability ``free``."""
    from scipy.special import ndtr

    low, high = -REACH, REACH
    for _ in range(60):
        middle = (low + high) / 2
        exceeded = float(weights @ ndtr((points - middle * math.sqrt(fraction)) / math.sqrt(step)))
        low, high = (middle, high) if exceeded > free else (low, middle)
    return (low + high) / 2


def _carried_on(points: Any, weights: Any, fraction: float, step: float, critical: float, grid: Any) -> tuple[Any, Any]:
    """The sum of the evidence after a look that did not pass: a grid of its values, and the chance of each."""
    import numpy

    nodes, shares = grid
    low, high = -REACH * math.sqrt(fraction), min(critical, REACH) * math.sqrt(fraction)
    values = (high - low) / 2 * nodes + (high + low) / 2
    density = numpy.exp(-((values[:, None] - points) ** 2) / (2 * step)) @ weights / math.sqrt(2 * math.pi * step)
    return values, (high - low) / 2 * shares * density
