"""What a judge's own error does to a rate and to its bounds: numbers in, numbers out.

A judge calls an answer positive with probability s (sensitivity) where it is, and f (1 - specificity) where it is not. A true
rate p is then judged as ``q = f + J p`` with Youden's ``J = s - f``, and a true change as J times itself: judged changes are
too small. How small is known from answers that people labelled, themselves a sample.

*Bounds*, for rules. s and the specificity each have the exact lower bound of Clopper and Pearson at half of the error that
is set apart for the judge, so both hold at once. On the answers that a rule reads the judge may do better than that, up to
being right always, and the bound is the worst over all of this: no true rate or change within the assumption lies beyond it
more often than alpha, and it is never kinder than the bound without a judge's error.

*Estimates*, for reading. W. J. Rogan and B. Gladen, American Journal of Epidemiology 107 (1978), 71-76: (q - f) / J, with the
interval of Z. Lang and J. Reiczigel, Preventive Veterinary Medicine 113 (2014), 13-22, which counts the error of all three.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.stats.intervals import clopper_pearson_high, z_quantile

# The part of a rule's alpha that is set apart for what is not known of the judge.
SHARE = 0.1

Ends = tuple[float, float]


@dataclass(frozen=True)
class Errors:
    """How a judge did on labelled answers.

    Attributes:
        found: Positive answers that it called positive.
        positives: Positive answers.
        cleared: Other answers that it did not call positive.
        negatives: Other answers.
    """

    found: int
    positives: int
    cleared: int
    negatives: int

    def __post_init__(self) -> None:
        """Checks the counts.

        Raises:
            ValueError: A part is more than its whole.
        """
        if not (0 <= self.found <= self.positives and 0 <= self.cleared <= self.negatives):
            raise ValueError(f"{self}: a part is more than its whole")

    @property
    def sensitivity(self) -> float:
        """The share of positive answers that it called positive; NaN for none."""
        return self.found / self.positives if self.positives else math.nan

    @property
    def specificity(self) -> float:
        """The share of other answers that it did not; NaN for none."""
        return self.cleared / self.negatives if self.negatives else math.nan

    def least(self, error: float) -> Least:
        """The lower bounds of both, which hold together with probability 1 - error."""
        return Least(share_low(self.found, self.positives, error / 2), share_low(self.cleared, self.negatives, error / 2))


@dataclass(frozen=True)
class Least:
    """The least sensitivity and specificity that a judge has to be reckoned with."""

    sensitivity: float
    specificity: float

    @property
    def youden(self) -> float:
        """The least share of a true change that is seen; 0 or less where nothing is."""
        return self.sensitivity + self.specificity - 1

    def change(self, judged: Ends) -> Ends:
        """The bounds of a true change from those of the judged one."""
        if self.youden <= 0:
            return -1.0, 1.0
        low, high = judged
        return max(-1.0, min(low, low / self.youden)), min(1.0, max(high, high / self.youden))

    def detectable(self, judged: float) -> float:
        """The smallest true change that is seen where judged ones are seen from this size on; 1 where nothing is."""
        return min(1.0, judged / self.youden) if self.youden > 0 else 1.0

    def level(self, judged: Ends) -> Ends:
        """The bounds of a true rate from those of the judged one."""
        low, high = judged
        most_false = 1 - self.specificity
        lowest = max(0.0, (low - most_false) / self.specificity) if self.specificity > 0 else 0.0
        return lowest, min(1.0, high / self.sensitivity) if self.sensitivity > 0 else 1.0

    def kept(self, judged: Ends, ratio: float, side: int) -> Ends:
        """Bounds of the sign of ``side * (p - ratio * p')`` from those of ``side * (q - ratio * q') / max(1, ratio)``.

        Judged, that difference is off by ``side * f * (1 - ratio)``, with f between 0 and what is left of the specificity.
        """
        if self.youden <= 0:
            return -1.0, 1.0
        off = side * (1 - self.specificity) * (1 - ratio) / max(1.0, ratio)
        return judged[0] - max(0.0, off), judged[1] - min(0.0, off)

    def least_judged(self, rate: float) -> float:
        """The least judged rate of a model whose true rate is at least this."""
        return self.sensitivity * rate

    def most_judged(self, rate: float) -> float:
        """The greatest judged rate of a model whose true rate is at most this."""
        return rate + (1 - self.specificity) * (1 - rate)

    def least_gain(self, gain: float) -> float:
        """The least judged gain of a model that truly gains as much; -1 where the judge may see the opposite."""
        return self.youden * gain if self.youden > 0 else -1.0


def parts(alpha: float) -> tuple[float, float]:
    """An alpha in two: for the items, and for the judge."""
    return alpha * (1 - SHARE), alpha * SHARE


def share_low(successes: int, n: int, alpha: float) -> float:
    """The exact one-sided lower bound of a share; 0 where there is nothing to count."""
    return 1 - clopper_pearson_high(n - successes, n, alpha) if n else 0.0


@dataclass(frozen=True)
class Corrected:
    """A rate as it would be without the judge's errors, with a two-sided interval."""

    value: float
    interval: Ends


def corrected(rate: float, n: int, errors: Errors, confidence: float = 0.95) -> Corrected | None:
    """Estimates the true rate behind a judged one.

    Args:
        rate: The judged rate.
        n: Independent items that it is the mean of.
        errors: How the judge did on labelled answers.
        confidence: Of the interval.

    Returns:
        The estimate and its interval, both kept between 0 and 1; None where the judge told nothing apart, so that no true
        rate follows from a judged one.

    Raises:
        ValueError: The rate is no share of at least one item.
    """
    if n < 1 or not 0 <= rate <= 1:
        raise ValueError(f"a rate of {rate} over {n} items; expected a share of at least one")
    if not errors.positives or not errors.negatives or errors.sensitivity + errors.specificity <= 1:
        return None
    youden = errors.sensitivity + errors.specificity - 1
    low, high = _interval(rate, n, errors, z_quantile((1 + confidence) / 2))
    return Corrected(_share((rate + errors.specificity - 1) / youden), (_share(low), _share(high)))


def _interval(rate: float, n: int, errors: Errors, z: float) -> Ends:
    """Lang and Reiczigel, equations 4 to 17: each share moved towards a half, and the middle moved for the skew."""
    q, size = (n * rate + z * z / 2) / (n + z * z), n + z * z
    of_s, of_c = errors.positives + 2, errors.negatives + 2
    s, c = (errors.found + 1) / of_s, (errors.cleared + 1) / of_c
    youden = s + c - 1
    p = (q + c - 1) / youden
    from_s, from_c = s * (1 - s) / of_s, c * (1 - c) / of_c
    moved = 2 * z * z * (p * from_s - (1 - p) * from_c)
    spread = math.sqrt(q * (1 - q) / size + p * p * from_s + (1 - p) ** 2 * from_c) / youden
    return p + moved - z * spread, p + moved + z * spread


def _share(value: float) -> float:
    return min(1.0, max(0.0, value))
