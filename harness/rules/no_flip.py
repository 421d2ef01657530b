"""Items that the baseline has right stay right: no more than a number of them may score lower.

For must-pass items, which are named (``items: [capital, invoice-17]``) or tagged (``task.accuracy@must=pass``). They are not a
sample of anything: what is counted is exact, and there is no interval. Where the baseline has none of them right, nothing
can be lost and nothing is shown: the rule is then inconclusive rather than passed.
"""

from __future__ import annotations

import math

from harness.rule import Evidence
from harness.types import Check, Outcome, Rule

NEEDS_BASELINE = True
OPTIONS = ("items",)
RANGE = (0.0, math.inf)


def check(rule: Rule, evidence: Evidence) -> Check:
    """Counts the items on which the candidate scores lower than the baseline."""
    sign, both = evidence.sign, zip(evidence.ids, evidence.pairs, strict=True)
    flips = [name for name, (mine, other) in both if sign * mine < sign * other]
    idle = sum(1 for _, other in evidence.pairs if other == evidence.worst)
    silent = idle == len(evidence.pairs)
    outcome: Outcome = "inconclusive" if silent else "fail" if len(flips) > rule.bound else "pass"
    mine, theirs = evidence.candidate.value, evidence.baseline.value if evidence.baseline else None
    return Check(
        rule=rule, metric=rule.metric, outcome=outcome, reason=_reason(rule, evidence, flips, idle),
        candidate=mine, baseline=theirs, delta=None if theirs is None else mine - theirs,
        n=len(evidence.pairs), method="exact count",
    )  # fmt: skip


def _reason(rule: Rule, evidence: Evidence, flips: list[str], idle: int) -> str:
    name, n = evidence.candidate.name, len(evidence.pairs)
    if idle == n:
        return f"{name}: the baseline has none of the {n} items right, so none can be lost; choose items that it has right"
    shown = f": {', '.join(repr(each) for each in flips[:5])}{' …' if len(flips) > 5 else ''}" if flips else ""
    asleep = f"; {idle} of them are wrong in the baseline and cannot be lost" if idle else ""
    allowed = "none" if rule.bound == 0 else f"at most {rule.bound:g}"
    return f"{name} got worse on {len(flips)} of {n} items{shown}; {allowed} may{asleep}"
