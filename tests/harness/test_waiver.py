"""A waiver excuses what failed, on its days, for its candidate, and nothing else; every number stays."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from harness.types import Check, Rule, Waived
from harness.waiver import Verified, Waiver, excused

RULE = Rule(kind="at_least", metric="task.accuracy", bound=0.8)
OTHER = Rule(kind="max_drop", metric="task.accuracy", bound=0.03)
FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)
CANDIDATE, DIGEST = "sha256:" + "c" * 64, "sha256:" + "f" * 64
DAY = timedelta(days=1)


def check(outcome: str = "fail", rule: Rule = RULE) -> Check:
    return Check(
        rule=rule, metric=rule.metric, outcome=outcome, reason="r", candidate=0.5, delta=-0.25, interval=(0.4, 0.6), n=9,
        detectable=0.1, method="m",
    )  # fmt: skip


def verified(name: str = "a.json", **changes: object) -> Verified:
    facts = {"project": "support", "rule": RULE.text(), "owner": "ann", "reason": "why", "issued": FIRST, "until": LAST}
    return Verified(Waiver.model_validate(facts | changes), name, "key", DIGEST)


def ask(*waivers: Verified, on: date = FIRST, candidate: str | None = CANDIDATE, outcome: str = "fail"):
    (found,), notes = excused([check(outcome)], waivers, candidate, on)
    return found, notes


@pytest.mark.parametrize("outcome", ["fail", "inconclusive"])
def test_what_was_not_met_is_marked_and_keeps_every_number(outcome: str) -> None:
    found, notes = ask(verified(candidate=CANDIDATE), outcome=outcome)
    assert found.waiver == Waived(
        owner="ann", reason="why", issued=FIRST, until=LAST, candidate=CANDIDATE, key="key", digest=DIGEST
    )
    assert found.waived
    assert found.model_copy(update={"waiver": None}) == check(outcome)
    assert notes == ()


@pytest.mark.parametrize(
    ("outcome", "said"),
    [("missing", "what was not measured cannot be waived"), ("pass", "the rule passed without it")],
)
def test_what_is_missing_or_passed_is_not_marked(outcome: str, said: str) -> None:
    found, notes = ask(verified(), outcome=outcome)
    assert (found.waiver, found.waived) == (None, False)
    assert notes == (f"waiver 'a.json' of '{RULE.text()}' is not applied: {said}",)


@pytest.mark.parametrize(
    ("on", "said"),
    [
        (date.min, f"it counts from {FIRST} on"),
        (FIRST - DAY, f"it counts from {FIRST} on"),
        (FIRST, None),
        (LAST, None),
        (LAST + DAY, f"it expired on {LAST}"),
    ],
)
def test_it_counts_from_its_first_day_to_its_last(on: date, said: str | None) -> None:
    found, notes = ask(verified(), on=on)
    assert found.waived == (said is None)
    assert [note.split(": ", 1)[1] for note in notes] == ([said] if said else [])


@pytest.mark.parametrize(
    ("about", "candidate", "counts"),
    [(None, CANDIDATE, True), (None, None, True), (CANDIDATE, CANDIDATE, True), (DIGEST, CANDIDATE, False),
     (CANDIDATE, None, False)],
)  # fmt: skip
def test_it_counts_for_its_candidate_or_for_any(about: str | None, candidate: str | None, counts: bool) -> None:
    found, notes = ask(verified(candidate=about), candidate=candidate)
    assert found.waived == counts
    assert any(f"it is for the candidate {about}" in note for note in notes) != counts


def test_it_counts_for_its_rule_alone() -> None:
    checks = [check(rule=OTHER), check()]
    found, notes = excused(checks, [verified()], CANDIDATE, FIRST)
    assert [each.waived for each in found] == [False, True]
    assert [each.rule for each in found] == [OTHER, RULE]
    assert notes == ()
    found, notes = excused(checks[:1], [verified()], CANDIDATE, FIRST)
    assert not found[0].waived
    assert "no rule of this decision reads so" in notes[0]


def test_two_rules_that_read_alike_are_not_guessed_between() -> None:
    twice = [check(), check(rule=RULE.model_copy(update={"alpha": 0.01}))]
    found, notes = excused(twice, [verified()], CANDIDATE, FIRST)
    assert not any(each.waived for each in found)
    assert "2 rules read so; expected one" in notes[0]


SLICED = Rule(kind="at_least", metric="task.accuracy@lang=*", bound=0.8)


def slices(*outcomes: str) -> tuple[list[Check], list[str]]:
    """One check a language, and the rule that each comes from."""
    names = ("de", "en", "fr")[: len(outcomes)]
    rules = [SLICED.model_copy(update={"metric": f"task.accuracy@lang={name}"}) for name in names]
    return [check(said, rule) for said, rule in zip(outcomes, rules, strict=True)], [SLICED.text()] * len(outcomes)


def test_a_waiver_of_a_rule_on_every_slice_excuses_each_that_is_not_met_and_names_them() -> None:
    checks, written = slices("fail", "pass", "inconclusive")
    found, notes = excused(checks, [verified(rule=SLICED.text())], CANDIDATE, FIRST, written)
    assert [each.waived for each in found] == [True, False, True]
    assert [each.waiver and each.waiver.of for each in found] == [SLICED.text(), None, SLICED.text()]
    assert [each.model_copy(update={"waiver": None}) for each in found] == checks
    assert notes == (
        f"waiver 'a.json' of '{SLICED.text()}' excuses 2 of 3 slices: task.accuracy@lang=de, task.accuracy@lang=fr",
    )


def test_a_slice_that_was_not_measured_stays_missing_beside_those_that_are_waived() -> None:
    checks, written = slices("fail", "missing")
    found, notes = excused(checks, [verified(rule=SLICED.text())], CANDIDATE, FIRST, written)
    assert [each.waived for each in found] == [True, False]
    assert found[1] == checks[1]
    said = "excuses 1 of 2 slices: task.accuracy@lang=de; not measured, and not excused: task.accuracy@lang=en"
    assert notes[0].endswith(said)


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [(("missing", "pass"), "what was not measured cannot be waived"), (("pass", "pass"), "the rule passed without it")],
)
def test_a_waiver_of_slices_that_excuses_none_says_why(outcomes: tuple[str, ...], said: str) -> None:
    checks, written = slices(*outcomes)
    found, notes = excused(checks, [verified(rule=SLICED.text())], CANDIDATE, FIRST, written)
    assert (list(found), notes) == (checks, (f"waiver 'a.json' of '{SLICED.text()}' is not applied: {said}",))


def test_a_waiver_of_one_rule_does_not_reach_a_slice_that_reads_like_it() -> None:
    (sliced,), written = slices("fail")
    both = [sliced, check("fail", sliced.rule)]
    found, notes = excused(both, [verified(rule=sliced.rule.text())], CANDIDATE, FIRST, [*written, sliced.rule.text()])
    assert [each.waived for each in found] == [False, True]
    assert found[1].waiver is not None and found[1].waiver.of == ""
    assert notes == ()


def test_two_rules_on_the_same_slices_are_not_guessed_between() -> None:
    checks, written = slices("fail", "fail")
    found, notes = excused([*checks, *checks], [verified(rule=SLICED.text())], CANDIDATE, FIRST, [*written, *written])
    assert not any(each.waived for each in found)
    assert "2 rules read so; expected one" in notes[0]
    found, notes = excused([*checks, checks[0]], [verified(rule=SLICED.text())], CANDIDATE, FIRST, [*written, written[0]])
    assert not any(each.waived for each in found)
    assert "2 rules read so; expected one" in notes[0]


def test_checks_without_the_rule_that_they_come_from_are_refused() -> None:
    checks, written = slices("fail", "pass")
    with pytest.raises(ValueError, match="zip"):
        excused(checks, [verified(rule=SLICED.text())], CANDIDATE, FIRST, written[:1])


def test_of_several_waivers_the_one_that_lasts_longest_is_shown() -> None:
    long, short, gone = verified("b.json"), verified("c.json", until=LAST - DAY), verified("a.json", until=FIRST)
    for order in ([long, short, gone], [gone, short, long]):
        found, notes = ask(*order, on=FIRST + DAY)
        assert found.waiver is not None and found.waiver.until == LAST
        assert len(notes) == 1 and "'a.json'" in notes[0]


def test_no_waiver_changes_nothing() -> None:
    assert ask() == (check(), ())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"until": FIRST - DAY}, "not before its issue"),
        ({"until": FIRST + 367 * DAY}, "at most 366 days"),
        ({"owner": " "}, "owner"),
        ({"owner": "a" * 201}, "owner"),
        ({"reason": "a\x1b[2Jb"}, "reason"),
        ({"reason": "two\nlines"}, "reason"),
        ({"reason": ""}, "reason"),
        ({"reason": "a" * 2001}, "reason"),
        ({"project": ""}, "project"),
        ({"rule": ""}, "rule"),
        ({"candidate": "latest"}, "candidate"),
        ({"severity": "low"}, "severity"),
        ({"schema_number": 2}, "schema_number"),
    ],
)
def test_a_waiver_names_an_owner_a_reason_and_a_day_within_a_year(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        verified(**changes)


@pytest.mark.parametrize(
    "changes",
    [{"until": FIRST}, {"until": FIRST + 366 * DAY}, {"owner": "a" * 200}, {"reason": "a" * 2000},
     {"owner": "a", "reason": "b", "project": "c", "rule": "d"}],
)  # fmt: skip
def test_what_is_just_enough_is_enough(changes: dict[str, object]) -> None:
    found = verified(**changes).waiver
    assert {name: getattr(found, name) for name in changes} == changes


def test_space_around_a_name_is_not_part_of_it() -> None:
    assert verified(owner="  Ann Example ").waiver.owner == "Ann Example"
