"""What a number of items can show: the smallest detectable drop, and the items that a margin needs.

Normal approximation of a paired comparison of proportions: the variance of one pair's difference is close to the share of
discordant pairs (R. J. Connor, Biometrics 43 (1987), 207-211).
"""

from __future__ import annotations

import math

from harness.stats.intervals import z_quantile


def detectable_drop(discordance: float, n: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """The smallest true change that is told from none with the given power.

    Args:
        discordance: Share of pairs whose two scores differ, between 0 and 1.
        n: Pairs; the effective number where they are clustered.
        alpha: One-sided error.
        power: Chance to see it.

    Raises:
        ValueError: n is not positive or the discordance is no share.
    """
    if not n > 0 or not 0 <= discordance <= 1:
        raise ValueError(f"discordance {discordance} of {n} pairs; expected a share of at least one pair")
    return (z_quantile(1 - alpha) + z_quantile(power)) * math.sqrt(discordance / n)


def items_needed(margin: float, discordance: float, alpha: float = 0.05, power: float = 0.8) -> int:
    """The pairs that show, with the given power, that an equal candidate is not worse by the margin.

    Raises:
        ValueError: The margin is not positive or the discordance is no share.
    """
    if not margin > 0 or not 0 <= discordance <= 1:
        raise ValueError(f"margin {margin} at discordance {discordance}; expected a positive margin and a share")
    return max(1, math.ceil(discordance * ((z_quantile(1 - alpha) + z_quantile(power)) / margin) ** 2))
