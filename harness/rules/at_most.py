"""The candidate's metric is at most a number, on the confident side.

A metric of a sample passes when its one-sided upper bound keeps the number (a model above it passes about alpha of the
time): no failure among n only bounds a rate by about 3/n. It fails when its lower bound lies above. A count over a whole
data set is compared exactly.

For 0/1 scores Wilson's bound keeps alpha on average. Enumerated at alpha 5 % from 20 items on, a model above a bound of 50 %
or less passes at most 7.2 % of the time.
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
