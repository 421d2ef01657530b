"""The candidate's metric is at most a number, on the confident side.

A metric of a sample passes when its one-sided upper bound keeps the number (a model above it passes about alpha of the
time): no failure among n only bounds a rate by about 3/n. It fails when its lower bound lies above. A count over a whole
data set is compared exactly.

The bounds are exact for 0/1 scores (Clopper and Pearson): a model on the wrong side passes at most alpha of the time.
"""

from __future__ import annotations

from harness.rule import Evidence, against_number, bounds
from harness.types import Check, Outcome, Rule

NEEDS_BASELINE = False


def check(rule: Rule, evidence: Evidence) -> Check:
    """Decides whether the metric stays at or below the number."""
    low, high = bounds(evidence, rule.alpha)
    outcome: Outcome = "pass" if high <= rule.bound else "fail" if low > rule.bound else "inconclusive"
    return against_number(rule, evidence, outcome, "at most")


def doubt(rule: Rule, evidence: Evidence) -> tuple[list[float], float]:
    """The scores turned round, and the mean that would have to be refuted to give the candidate up early."""
    least = evidence.least(rule.alpha)
    return [-score for score in evidence.scores], -(least.most_judged(rule.bound) if least else rule.bound)
