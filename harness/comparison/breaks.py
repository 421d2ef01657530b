"""Where a rule broke: the first candidate that fails it, over all of them, or by asking only about log2 of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.comparison.matrix import Column
from harness.comparison.trajectories import worst
from harness.types import Noun, Outcome, Rule


class Break(Noun):
    """Where one rule is first failed, when every candidate was decided.

    Attributes:
        rule: The rule.
        first_bad: The first candidate that fails it; None where none does.
        last_good: The last candidate before that which passes it; None where none does.
        undecided: The candidates between the two, which neither pass nor fail.
        passes_again: The candidates after the first bad one that pass: it did not stay broken.
        asked: How many candidates the rule was put to.
    """

    rule: Rule
    first_bad: str | None
    last_good: str | None
    undecided: tuple[str, ...] = ()
    passes_again: tuple[str, ...] = ()
    asked: int = 0


class Asked(Noun):
    """One candidate that a search asked for."""

    name: str
    outcome: Outcome
    reason: str


class Search(Noun):
    """What a search over some of the candidates found, under the assumption that what is broken stays broken.

    Attributes:
        rules: The rules that were looked for; a candidate is good where it passes all, bad where it fails one.
        baseline: The outcome of the baseline itself, against itself.
        last_good: The last candidate that is known to pass; None where not even the first is.
        first_bad: The first candidate that is known to fail; None where none is.
        undecided: The candidates between the two that were asked and neither pass nor fail.
        asked: Every candidate that was asked, in the order of asking.
        of: How many candidates there are.
        between: How many candidates lie after the last good one and before the first bad one, asked or not.
    """

    rules: tuple[Rule, ...]
    baseline: Outcome
    last_good: str | None
    first_bad: str | None
    undecided: tuple[str, ...]
    asked: tuple[Asked, ...]
    of: int
    between: int


def breaks(rules: Sequence[Rule], columns: Sequence[Column]) -> tuple[Break, ...]:
    """Finds, for every rule, the first candidate that fails it; the columns are in their order."""
    return tuple(_break(rule, columns) for rule in rules)


def _break(rule: Rule, columns: Sequence[Column]) -> Break:
    outcomes = [check.outcome if (check := column.check(rule)) else None for column in columns]
    names = [column.name for column in columns]
    bad = next((at for at, outcome in enumerate(outcomes) if outcome == "fail"), None)
    end = len(outcomes) if bad is None else bad
    good = next((at for at in reversed(range(end)) if outcomes[at] == "pass"), None)
    return Break(
        rule=rule,
        first_bad=None if bad is None else names[bad],
        last_good=None if good is None else names[good],
        undecided=tuple(names[at] for at in range(0 if good is None else good + 1, end) if outcomes[at] is not None),
        passes_again=tuple(names[at] for at in range(end, len(names)) if outcomes[at] == "pass"),
        asked=sum(outcome is not None for outcome in outcomes),
    )


def search(
    rules: Sequence[Rule], names: Sequence[str], baseline: Outcome, ask: Callable[[int], tuple[Outcome, str]]
) -> Search:
    """Finds the last good and the first bad candidate by halving, under the assumption that what is broken stays broken.

    A candidate that neither passes nor fails is on neither side: the first bad one is searched above it and the last good
    one below it, so that what lies between the two is the whole range in which the rule may have broken.

    Args:
        rules: What is looked for.
        names: The candidates, in order.
        baseline: The outcome of the baseline against itself; where it does not hold there is nothing to find.
        ask: Decides the candidate of an index and says why.
    """
    known: dict[int, tuple[Outcome, str]] = {}

    def outcome(index: int) -> Outcome:
        if index not in known:
            known[index] = ask(index)
        return known[index][0]

    good, bad = -1, len(names)
    if names and baseline in ("pass", "inconclusive"):
        # The last one is asked first: where it does not fail, none does.
        if outcome(bad - 1) == "fail":
            bad = _turn(lambda at: outcome(at) == "fail", -1, bad - 1)
        good = max((at for at in known if at < bad and outcome(at) == "pass"), default=-1)
        unsure = min((at for at in known if good < at < bad), default=bad)
        good = _turn(lambda at: outcome(at) != "pass", good, unsure) - 1
    return _found(rules, names, baseline, known, good, bad)


def standing(column: Column) -> tuple[Outcome, str]:
    """Where a candidate stands on the rules that it was decided by, and why: the outcome that weighs most."""
    if column.decision.problems:
        return "missing", column.decision.problems[0].message
    outcome = worst([check.outcome for check in column.decision.checks]) or "missing"
    reasons = (check.reason for check in column.decision.checks if check.outcome == outcome)
    return outcome, next(reasons, "no rule was put to it")


def _turn(holds: Callable[[int], bool], low: int, high: int) -> int:
    """The first index at which something holds, that holds at ``high`` and not at ``low``."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _found(
    rules: Sequence[Rule],
    names: Sequence[str],
    baseline: Outcome,
    known: dict[int, tuple[Outcome, str]],
    good: int,
    bad: int,
) -> Search:
    unsure = tuple(names[at] for at in sorted(known) if good < at < bad)
    return Search(
        rules=tuple(rules),
        baseline=baseline,
        last_good=names[good] if good >= 0 else None,
        first_bad=names[bad] if bad < len(names) else None,
        undecided=unsure,
        asked=tuple(Asked(name=names[at], outcome=said, reason=why) for at, (said, why) in known.items()),
        of=len(names),
        between=max(0, bad - good - 1),
    )
