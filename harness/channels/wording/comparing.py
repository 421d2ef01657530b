"""A comparison in sentences: which candidate is best, where rules broke, and what choosing among many costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.channels.wording.numbers import Unit, count, level, listed, plural
from harness.channels.wording.verdicts import granted, with_waivers
from harness.comparison.breaks import Break, Search
from harness.comparison.choice import Choice
from harness.comparison.whole import Comparison
from harness.types import Rule

NAMED = 6


def about(found: Comparison) -> str:
    """Says what was compared with what, by which rules, in which order."""
    against = f"against '{found.baseline}'" if found.baseline else "each against its own baseline"
    order = "in the order of their training steps" if found.order == "step" else "in the order given"
    return f"{plural(len(found.columns), 'candidate')} {against}, by {found.policy}, {order}"


def outcome(found: Comparison) -> str:
    """Says how many candidates are allowed and which of them is best."""
    choice = found.choice
    if not choice.allowed:
        return f"None of {plural(choice.looked_at, 'candidate')} is allowed by every rule."
    many = f"{count(len(choice.allowed))} of {plural(choice.looked_at, 'candidate')} allowed by every rule"
    thanks = [column.name for column in found.columns if with_waivers(column.decision)]
    many += f", {names(thanks)} only with what is waived" if thanks else ""
    if choice.best is None:
        return (
            f"{many} ({names(choice.allowed)}). No rule asks for a metric to be high: name one with --prefer to choose."
        )
    return f"{many}. The best of them is '{choice.best}': {_value(found, choice)}."


def _value(found: Comparison, choice: Choice) -> str:
    unit = units(found).get(choice.metric or "", "number")
    value, before = level(choice.value, unit), level(choice.baseline, unit)
    said = f"{choice.metric} {value.text if value else 'not measured'}"
    return said + (f" (baseline {before.text})" if before else "")


def trust(choice: Choice) -> tuple[str, ...]:
    """Says what looking at many candidates on the same items does to a verdict and to the best value."""
    alone = (
        "Whether one candidate is allowed needs no correction for the others: each is tested against the rules on its own, "
        f"and one that violates a rule is passed by it with a chance of about {100 * choice.alpha:g} %."
    )
    if choice.looked_at < 2:
        return (alone,)
    many = (
        f"Choosing among {choice.looked_at} gives that chance {choice.looked_at} times: the chosen one violates a rule with "
        f"a chance of at most {choice.looked_at} × {100 * choice.alpha:g} % = {100 * choice.false_pass:.0f} %."
    )
    curse = (
        f"The best value is optimistic: {choice.looked_at} candidates answered the same items, and the best of them is best "
        "by luck too. Measure it again on items that did not choose it."
    )
    return alone, many, curse


def puts(declared: Iterable[str]) -> str:
    """Says what an arm puts into its prompts of its own accord; nothing for a mere model."""
    known = list(declared)
    return f"with {listed(known)}" if known else ""


def prompts(found: Comparison) -> str:
    """Says what arms may differ in where one of them has a prompt of its own; empty where none has."""
    if not found.prompted:
        return ""
    return (
        "Arms may differ in what they declare to put into prompts, and each decision notes it. Items, suite version, template, "
        "settings and judge have to be the same: what differs in those is an integrity failure and never allowed."
    )


def waivers(found: Comparison) -> Iterator[str]:
    """Lists what candidates are excused here, and what only their own runs excused them."""
    for column in found.columns:
        for check in column.decision.checks:
            if check.waived:
                yield f"'{column.name}': '{check.rule.text()}' is not met, and {granted(check)}"
        for rule, by in column.excused.items():
            yield (
                f"'{column.name}': '{rule}' is not met. Its own run was excused until {by.until} by {by.owner} ({by.reason}), "
                "which does not count here: it takes the run's own rules and --trust PUBLIC_KEY"
            )


def undecided(found: Comparison) -> str:
    """Says which rules were not put to every candidate; empty where all were."""
    rules = dict.fromkeys(rule.metric for each in found.columns for rule in each.undecided)
    if not rules:
        return ""
    count_of = sum(bool(each.undecided) for each in found.columns)
    return (
        f"Not decided for {plural(count_of, 'candidate')}: {names(rules)}. A rule on training data is put to finished runs "
        "that scanned it, and a run that was blocked by its data has no model to be asked about."
    )


def broke(each: Break) -> str:
    """Says from which candidate on a rule is failed."""
    if not each.asked:
        return "put to no candidate"
    if each.first_bad is None:
        unsure = f"; undecided: {names(each.undecided)}" if each.undecided else ""
        return f"not failed by any{unsure}"
    before = f"passes at '{each.last_good}', " if each.last_good else "passes at none before, "
    between = f"undecided at {names(each.undecided)}, " if each.undecided else ""
    again = f"; passes again at {names(each.passes_again)}" if each.passes_again else ""
    return f"{before}{between}first failed at '{each.first_bad}'{again}"


def located(found: Search) -> tuple[str, ...]:
    """Says what a search over some candidates found, and on what it rests."""
    asked = f"Asked {count(len(found.asked))} of {plural(found.of, 'candidate')}."
    assumed = "It is assumed that a rule that is broken once stays broken; what was not asked is not known."
    if found.baseline in ("fail", "missing"):
        said = (
            "is not kept by the baseline itself" if found.baseline == "fail" else "cannot be decided for the baseline"
        )
        return (f"The rule {said}: there is no first candidate to look for.", asked)
    return (_range(found), asked, assumed)


def _range(found: Search) -> str:
    good = f"'{found.last_good}' is the last that passes" if found.last_good else "no candidate is known to pass"
    if found.first_bad is None:
        open_end = f"; not decided after it: {names(found.undecided)}" if found.undecided else ""
        return f"No candidate fails: {good}{open_end}."
    bad = f"'{found.first_bad}' is the first that fails"
    if not found.between:
        return f"{good[0].upper()}{good[1:]} and {bad}."
    unsure = f" ({names(found.undecided)} neither passes nor fails)" if found.undecided else ""
    return f"{good[0].upper()}{good[1:]} and {bad}; it broke at one of {found.between + 1}{unsure}."


def names(found: object) -> str:
    """Lists names, the first few of many."""
    known = [f"'{name}'" for name in found]  # type: ignore[attr-defined]
    more = [f"{count(len(known) - NAMED)} more"] if len(known) > NAMED else []
    return listed([*known[:NAMED], *more])


def units(found: Comparison) -> dict[str, Unit]:
    """The unit of every metric that was followed."""
    return {each.metric: "rate" if each.unit == "rate" else "number" for each in found.trajectories}


def unit_of(found: Comparison, rule: Rule) -> Unit:
    """The unit of a rule's metric; a count over training data is a number."""
    return units(found).get(rule.metric, "number")
