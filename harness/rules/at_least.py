"""The candidate's metric is at least a number, on the confident side.

A metric of a sample passes when its one-sided lower bound reaches the number (a model below it passes about alpha of
the time) and fails when its upper bound lies below it. A count over a whole data set is compared exactly.

The bounds are exact for 0/1 scores (Clopper and Pearson): a model on the wrong side passes at most alpha of the time.
"""

from __future__ import annotations

from harness.rule import Evidence, against_number, bounds
from harness.types import Check, Outcome, Rule

NEEDS_BASELINE = False


def check(rule: Rule, evidence: Evidence) -> Check:
    """Decides whether the metric reaches the number."""
    low, high = bounds(evidence, rule.alpha)
    outcome: Outcome = "pass" if low >= rule.bound else "fail" if high < rule.bound else "inconclusive"
    return against_number(rule, evidence, outcome, "at least")


def doubt(rule: Rule, evidence: Evidence) -> tuple[list[float], float]:
    """The scores, and the mean that would have to be refuted to give the candidate up early."""
    least = evidence.least(rule.alpha)
    return list(evidence.scores), least.least_judged(rule.bound) if least else rule.bound
