"""Scores without the items that training rows hold, in words: how many, which, and what rules would have said."""

from __future__ import annotations

from harness.audit import Audit
from harness.channels.wording.numbers import count, listed, plural
from harness.channels.wording.verdicts import OUTCOMES
from harness.rescored import Again, Rescored, Unmatched, rescored

NAMED, IDS = 8, 12


def rescored_of(audit: Audit) -> Rescored | None:
    """What is left of a run's evidence without the items that its training rows hold; None where none is held."""
    return rescored(audit.decision, audit.scan, audit.candidate, audit.baseline)


def outcome(found: Rescored) -> str:
    """Says in one sentence whether the rules would have said something else."""
    if not found.suites:
        return "None of the items that were asked is known to stand in the training rows."
    held = listed(f"{count(len(each.held))} of {plural(each.asked, 'item')} of '{each.suite}'" for each in found.suites)
    several = sum(len(each.held) for each in found.suites) > 1
    return f"The training rows hold {held}. Without {'them' if several else 'it'} {_rules(found)}."


def _rules(found: Rescored) -> str:
    total, other = len(found.rules), found.differing
    if not total:
        return "the same rules decide by the same evidence: none reads these suites"
    if not other:
        return "the only rule on it says the same" if total == 1 else f"all {count(total)} rules on them say the same"
    told = [f"'{each.check.rule.text()}' {_moved(each.check.outcome, each.again.outcome)}" for each in other[:NAMED]]
    rest = [f"{count(len(other) - NAMED)} more"] if len(other) > NAMED else []
    return f"{count(len(other))} of {plural(total, 'rule')} on them would say something else: {listed([*told, *rest])}"


def _moved(before: str, after: str) -> str:
    return f"({OUTCOMES[after].lower()} instead of {OUTCOMES[before].lower()})"  # type: ignore[index]


def ids(each: Again | Unmatched) -> str:
    """Names the items, or the first of them."""
    names = each.held if isinstance(each, Again) else each.ids
    rest = f" and {count(len(names) - IDS)} more" if len(names) > IDS else ""
    return ", ".join(names[:IDS]) + rest


def unmatched(found: Rescored) -> tuple[str, ...]:
    """Says of each file which found items could not be taken out of any score, and why."""
    return tuple(f"{plural(len(each.ids), 'item')} of '{each.source}' {_why(each)}: {ids(each)}" for each in found.unmatched)


def _why(each: Unmatched) -> str:
    suite, _, setting = each.source.partition("-")
    if setting and setting != "texts":
        return f"not to be matched with the samples of '{suite}', which number the documents of a task on their own"
    return "without a sample of that name in this run (not asked, or of no suite of it)"


WHY = (
    "A candidate that was trained on an item answers it from memory, so its score there is an upper bound. The verdict is over "
    "all items; a rule such as 'contamination.items at_most 0' makes a held item block."
)
