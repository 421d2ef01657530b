"""The candidate's metric is at least a number, on the confident side.

A metric of a sample passes when its one-sided lower bound reaches the number (a model below it passes about alpha of
the time) and fails when its upper bound lies below it. A count over a whole data set is compared exactly.

For 0/1 scores Wilson's bound keeps alpha on average. Enumerated at alpha 5 % from 20 items on, a model below a bound of 50 %
or more passes at most 7.2 % of the time; a bound of a few percent is passed by up to 20 %, so ask for those with 'at_most'
on the opposite metric.
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
