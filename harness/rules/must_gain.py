"""The candidate is better than the baseline by more than a number: a paired superiority test.

Passes when the one-sided bound of the paired change lies above the number: a candidate that gains no more than that
passes about alpha of the time. Fails when the other bound lies below it. In between there are too few items to say.

Where the baseline is so close to the best score that it cannot gain as much, the rule is inconclusive.

For 0/1 scores the chance to pass with no more than the wanted gain is known exactly: at alpha 5 %, over gains of 0 to 10
points, it is at most 8.6 % from 5 items on and 12 % below that (``benchmarks/gate.py`` enumerates it).
"""

from __future__ import annotations

import math

from harness.rule import Evidence, compared, moved, no_room, points
from harness.types import Check, Outcome, Rule

NEEDS_BASELINE = True
RANGE = (0.0, math.inf)


def check(rule: Rule, evidence: Evidence) -> Check:
    """Decides whether the gain is more than the number.

    Raises:
        ValueError: The gain is negative.
    """
    if rule.bound < 0:
        raise ValueError(f"the gain is {rule.bound:g}; expected 0 or more, or 'max_drop' to allow for a loss")
    change = evidence.change(rule.alpha)
    best = None if evidence.worst is None else 1 - evidence.worst
    silent = no_room(rule, evidence, best, "get better")
    if silent:
        return compared(rule, evidence, change, "inconclusive", silent)
    low, high = change.interval
    outcome: Outcome = "pass" if low > rule.bound else "fail" if high < rule.bound else "inconclusive"
    words = {
        "pass": "and it is shown",
        "fail": "and it is shown not to be",
        "inconclusive": "and these items cannot tell",
    }
    sure = f"with {100 * (1 - rule.alpha):g} % confidence, n = {change.n}"
    wanted = f"more than {points(rule.bound, evidence.candidate)} better is wanted"
    reason = f"{moved(evidence, evidence.sign * change.delta)}; {wanted} {words[outcome]} ({sure})"
    return compared(rule, evidence, change, outcome, reason)


def doubt(rule: Rule, evidence: Evidence) -> tuple[list[float], float]:
    """The changes, and the mean that would have to be refuted to give the candidate up early."""
    least = evidence.least(rule.alpha)
    gain = least.least_gain(rule.bound) if least else rule.bound
    return [evidence.sign * (mine - other) for mine, other in evidence.pairs], gain
