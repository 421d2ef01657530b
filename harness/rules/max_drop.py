"""The candidate is not worse than the baseline by the margin: a paired non-inferiority test.

Passes when the one-sided bound of the paired change lies above -margin: a candidate that is worse by the margin passes
about alpha of the time. Fails when the other bound lies below -margin: a candidate that is worse by less fails about alpha
of the time. In between there are too few items to say. For a metric where lower is better a drop is a rise.

Where the baseline is so close to the worst score that it could not lose the margin, or guesses, nothing that the
candidate answers is evidence: the rule is inconclusive.

For 0/1 scores the chance to pass at the margin is known exactly: at alpha 5 %, over margins of 2 to 10 points, it is at
most 6.8 % from 15 items on and 8.5 % below that (``benchmarks/gate.py`` enumerates it).
"""

from __future__ import annotations

import math

from harness.rule import Evidence, amount, compared, moved, no_room, points
from harness.stats.intervals import mean_interval
from harness.stats.paired import Difference
from harness.stats.power import items_needed
from harness.stats.sequential import FUTILE
from harness.types import Check, Outcome, Rule

NEEDS_BASELINE = True
RANGE = (0.0, math.inf)


def check(rule: Rule, evidence: Evidence) -> Check:
    """Decides whether the drop stays within the margin.

    Raises:
        ValueError: The margin is negative.
    """
    if rule.bound < 0:
        raise ValueError(f"the margin is {rule.bound:g}; expected 0 or more, or 'must_gain' to ask for an improvement")
    change = evidence.change(rule.alpha)
    silent = no_room(rule, evidence, evidence.worst, "get worse") or _guessing(rule, evidence)
    if silent:
        return compared(rule, evidence, change, "inconclusive", silent)
    low, high = change.interval
    outcome: Outcome = "pass" if low > -rule.bound else "fail" if high < -rule.bound else "inconclusive"
    return compared(rule, evidence, change, outcome, _reason(rule, evidence, change, outcome))

def doubt(rule: Rule, evidence: Evidence) -> tuple[list[float], float]:
    """The changes, and the mean that would have to be refuted to give the candidate up early."""
    return [evidence.sign * (mine - other) for mine, other in evidence.pairs], -FUTILE * rule.bound



def _guessing(rule: Rule, evidence: Evidence) -> str:
    """Why there is nothing to lose where the baseline itself guesses; empty where it is shown to know more."""
    if evidence.chance is None or evidence.baseline is None:
        return ""
    others = [other for _, other in evidence.pairs]
    if mean_interval(others, 1 - 2 * rule.alpha, evidence.clusters).interval[0] > evidence.chance:
        return ""
    metric, theirs = evidence.candidate, evidence.baseline.value
    said = f"{metric.name} of the baseline is {amount(theirs, metric)}, not shown to be better than guessing"
    return f"{said} ({amount(evidence.chance, metric)}): these items decide nothing"


def _reason(rule: Rule, evidence: Evidence, change: Difference, outcome: Outcome) -> str:
    metric, sure = evidence.candidate, f"with {100 * (1 - rule.alpha):g} % confidence, n = {change.n}"
    said = moved(evidence, evidence.sign * change.delta)
    margin = f"the margin is {points(rule.bound, metric)}"
    if outcome == "pass":
        worst = change.interval[0]
        within = f"at most {points(worst, metric)} worse" if worst < 0 else "not worse"
        return f"{said}; {margin} and it is {within} ({sure})"
    if outcome == "fail":
        return f"{said}; {margin} and it is at least {points(change.interval[1], metric)} worse ({sure})"
    return f"{said}; {margin} and these items cannot tell ({sure}){_wanted(rule, evidence)}"


def _wanted(rule: Rule, evidence: Evidence) -> str:
    if rule.bound <= 0 or evidence.candidate.unit != "rate" or not evidence.pairs:
        return ""
    discordant = sum(1 for mine, other in evidence.pairs if mine != other)
    need = items_needed(rule.bound, max(discordant, 1) / len(evidence.pairs), rule.alpha)
    if need <= len(evidence.pairs):
        return "; the drop is close to the margin"
    return f"; an equal candidate would need about {need} items"
