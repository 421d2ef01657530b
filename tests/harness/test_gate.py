"""The gate's law, line by line: whatever is absent, contradicts itself or cannot be compared is never allowed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from types import SimpleNamespace

import pytest

from harness import plugins
from harness.errors import PluginError
from harness.gate import checked_at, decide, missing, policy_digest
from harness.store import digest_of
from harness.types import Check, Decision, Looks, Measurement, Metric, PolicyName, Problem, Rule, Sample
from harness.waiver import Verified, Waiver

Build = Callable[..., Measurement]
KEEP = Rule(kind="max_drop", metric="task.accuracy", bound=0.05)
REACH = Rule(kind="at_least", metric="task.accuracy", bound=0.8)
NONE = Rule(kind="at_most", metric="pii.rows", bound=0)
GOOD = [1.0] * 190 + [0.0] * 10
DAY = date(2026, 3, 15)


@pytest.fixture
def gate(digests: Mapping[str, str]) -> Callable[..., Decision]:
    def ask(
        rules: Sequence[Rule], mine: Sequence[Measurement], theirs: Sequence[Measurement] = (), **more: object
    ) -> Decision:
        named = {f"{name}_digest": digests[name] for name in ("candidate", "baseline", "data")}
        return decide("model", rules, mine, theirs, **(named | more))

    return ask


@pytest.fixture
def arms(measured: Build, digests: Mapping[str, str]) -> Callable[..., tuple[Measurement, Measurement]]:
    def build(mine: Sequence[float] = GOOD, theirs: Sequence[float] = GOOD, **more: object) -> tuple[Measurement, Measurement]:
        return measured(mine, **more), measured(theirs, digests["baseline"], **more)

    return build


def changed(measurement: Measurement, **changes: object) -> Measurement:
    return measurement.model_copy(update=changes)


def said(decision: Decision) -> str:
    return " / ".join([*(each.message for each in decision.problems), *(each.reason for each in decision.checks)])


def test_sound_evidence_that_keeps_every_rule_is_allowed(gate, arms, counted: Build, digests: Mapping[str, str]) -> None:
    mine, theirs = arms()
    rules = [KEEP, REACH, NONE]
    found = gate(rules, [mine, counted(0)], [theirs])
    assert (found.verdict, found.problems) == ("allowed", ())
    assert [check.rule for check in found.checks] == rules
    assert [check.n for check in found.checks] == [200, 200, 100]
    assert (found.stage, found.candidate, found.baseline) == ("model", digests["candidate"], digests["baseline"])
    assert found.policy == policy_digest(rules)
    assert found.checks[0].interval[0] < 0 < found.checks[0].interval[1]


def test_the_data_gate_reads_counts_alone(counted: Build, digests: Mapping[str, str]) -> None:
    named = {"candidate_digest": None, "baseline_digest": None, "data_digest": digests["data"]}
    assert decide("data", [NONE], [counted(0)], [], **named).verdict == "allowed"
    blocked = decide("data", [NONE], [counted(1)], [], **named)
    assert (blocked.stage, blocked.verdict) == ("data", "blocked")


def test_no_rule_allows_nothing(gate, arms) -> None:
    mine, theirs = arms()
    found = gate([], [mine], [theirs])
    assert found.verdict == "incomplete"
    assert [(each.stage, each.kind) for each in found.problems] == [("gate", "incomplete")]
    assert "there are no rules" in said(found)


def test_a_suite_that_is_absent_is_missing_in_either_arm(gate, arms) -> None:
    mine, theirs = arms()
    assert "not measured for the candidate: suite 'task' is absent" in said(gate([KEEP], [], [theirs]))
    assert "not measured for the baseline: suite 'task' is absent" in said(gate([KEEP], [mine], []))
    assert gate([KEEP], [mine], []).verdict == gate([KEEP], [], []).verdict == "incomplete"
    assert gate([REACH], [mine], []).verdict == "allowed"


def test_a_metric_that_is_absent_is_missing_in_either_arm(gate, arms) -> None:
    mine, theirs = arms()
    assert "for the candidate: suite 'task' has no such metric" in said(gate([KEEP], [changed(mine, metrics=())], [theirs]))
    assert "for the baseline: suite 'task' has no such metric" in said(gate([KEEP], [mine], [changed(theirs, metrics=())]))
    assert gate([KEEP], [mine], [changed(theirs, metrics=())]).verdict == "incomplete"


@pytest.mark.parametrize(("value", "n"), [(math.nan, 100), (math.inf, 100), (-math.inf, 100), (0.0, 0)])
def test_a_count_that_is_no_number_or_over_nothing_is_missing(gate, counted: Build, value: float, n: int) -> None:
    found = gate([NONE], [counted(value, n)])
    assert found.verdict == "incomplete"
    assert f"'pii.rows' of the candidate is {value} over {n} items; expected a number over some" in said(found)
    assert gate([NONE], [counted(0.0, 1)]).verdict == "allowed"


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e308])
def test_a_score_that_cannot_be_reckoned_with_is_incomplete(gate, arms, value: float) -> None:
    mine, _ = arms()
    samples = tuple(each.model_copy(update={"scores": {"accuracy": value}}) for each in mine.samples)
    found = gate([REACH], [changed(mine, samples=samples)])
    assert found.verdict == "incomplete"
    assert [(each.stage, each.kind) for each in found.problems] == [("candidate", "incomplete")]


def test_samples_are_as_many_as_were_expected(gate, arms) -> None:
    mine, theirs = arms()
    short = gate([KEEP], [changed(mine, samples=mine.samples[1:])], [theirs])
    assert short.verdict == "integrity"
    assert "suite 'task' has 199 samples; expected 200" in said(short)
    assert "suite 'task' has 200 samples; expected 0" in said(gate([KEEP], [changed(mine, expected=0)], [theirs]))
    empty = gate([REACH], [changed(mine, expected=0, samples=(), metrics=())])
    assert "suite 'task' has 0 samples; expected at least one" in said(empty)
    assert short.problems[0].stage == "candidate"
    assert gate([KEEP], [mine], [changed(theirs, expected=201)]).problems[0].stage == "baseline"


def test_an_item_counts_once(gate, measured: Build) -> None:
    mine = measured(GOOD)
    samples = (mine.samples[0], *mine.samples[:-1])
    assert "suite 'task' has an item twice; expected every item once" in said(gate([REACH], [changed(mine, samples=samples)]))


def test_a_suite_is_measured_once(gate, arms) -> None:
    mine, theirs = arms()
    found = gate([KEEP], [mine, mine], [theirs])
    assert (found.verdict, len(found.problems)) == ("integrity", 1)
    assert "suite 'task' was measured 2 times; expected once" in said(found)
    assert gate([KEEP], [mine], [theirs, theirs]).verdict == "integrity"


def test_a_metric_is_there_once(gate, counted: Build) -> None:
    twice = counted(0)
    metrics = (*twice.metrics, Metric(name="pii.rows", value=9, n=100, better="lower"))
    found = gate([NONE], [changed(twice, metrics=metrics)])
    assert found.verdict == "integrity"
    assert "'pii.rows' is there 2 times; expected once" in said(found)


def test_evidence_about_another_subject_is_refused(gate, measured: Build, counted: Build, digests: Mapping[str, str]) -> None:
    stranger = "sha256:" + "e" * 64
    mine, theirs = measured(GOOD), measured(GOOD, digests["baseline"])
    found = gate([KEEP], [measured(GOOD, stranger)], [theirs])
    assert found.verdict == "integrity"
    expected = " or ".join(sorted([digests["candidate"], digests["data"]]))
    assert f"suite 'task' measured '{stranger}'; expected {expected}" in said(found)
    assert "expected " + digests["baseline"] in said(gate([KEEP], [mine], [measured(GOOD, stranger)]))
    assert gate([KEEP], [mine], [mine]).verdict == "integrity"
    assert gate([KEEP], [theirs], [theirs]).verdict == "integrity"
    nobody = gate([NONE], [counted(0)], candidate_digest=None, data_digest=None)
    assert nobody.verdict == "integrity"
    assert "expected no measurement at all" in said(nobody)


def test_a_count_is_believed_about_the_data_only(gate, counted: Build, digests: Mapping[str, str]) -> None:
    claimed = counted(0, suite="task", name="errors")
    rule = Rule(kind="at_most", metric="task.errors", bound=0)
    assert gate([rule], [claimed]).verdict == "allowed"
    about = changed(claimed, subject=digests["candidate"])
    assert "has 0 samples; expected at least one" in said(gate([rule], [about]))
    assert gate([rule], [about]).verdict == "integrity"
    assert gate([rule], [about], data_digest=digests["candidate"]).verdict == "integrity"


def test_a_count_with_samples_has_to_be_what_they_say(gate, measured: Build, digests: Mapping[str, str]) -> None:
    rule = Rule(kind="at_least", metric="quality.score", bound=0.5)
    sampled = measured(GOOD, digests["data"], suite="quality", name="score")
    assert gate([rule], [sampled]).verdict == "allowed"
    assert gate([rule], [changed(sampled, expected=0)]).verdict == "integrity"
    bare = gate([rule], [changed(sampled, expected=0, samples=())])
    assert bare.verdict == "incomplete"
    assert "is an estimate without its items; expected their scores" in said(bare)


def test_a_count_cannot_be_compared_with_a_baseline(gate, counted: Build, digests: Mapping[str, str]) -> None:
    rule = Rule(kind="max_drop", metric="pii.rows", bound=0.5)
    theirs = changed(counted(0), subject=digests["baseline"])
    found = gate([rule], [counted(0)], [theirs])
    assert "is a count, not a sample; there is nothing to pair with the baseline" in said(found)
    assert found.checks[0].outcome == "missing"


@pytest.mark.parametrize(
    "forged", [{"value": 0.96}, {"value": 0.95 + 1e-8}, {"n": 199}, {"n": 201}, {"better": "lower"}, {"name": "task.other"}]
)
def test_a_metric_is_what_its_samples_say(gate, measured: Build, forged: Mapping[str, object]) -> None:
    mine = measured(GOOD)
    other = mine.metrics[0].model_copy(update=dict(forged))
    found = gate([REACH], [changed(mine, metrics=(mine.metrics[0], other) if "better" in forged else (other,))])
    assert found.verdict == "integrity"
    if "better" not in forged:
        assert f"'{other.name}' is not what its samples say; the evidence was changed" in said(found)


def test_a_metric_may_differ_from_its_samples_by_rounding_only(gate, measured: Build) -> None:
    mine = measured([0.1, 0.2, 0.3] * 100)
    near = mine.metrics[0].model_copy(update={"value": mine.metrics[0].value + 1e-12})
    rule = Rule(kind="at_least", metric="task.accuracy", bound=0.1)
    assert gate([rule], [changed(mine, metrics=(near,))]).verdict == "allowed"


def test_a_score_that_no_metric_speaks_of_does_not_matter(gate, measured: Build) -> None:
    mine = measured(GOOD)
    first = mine.samples[0].model_copy(update={"scores": {"accuracy": 1.0, "length": math.nan}})
    assert gate([REACH], [changed(mine, samples=(first, *mine.samples[1:]))]).verdict == "allowed"


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"items": "sha256:" + "2" * 64}, "the item set"),
        ({"version": "2"}, "the suite's version"),
        ({"conditions": {"template": "other", "judge": "j"}}, "'template' is 't' for the candidate and 'other' for"),
        ({"conditions": {"template": "t"}}, "'judge' is 'j' for the candidate and absent for the baseline"),
        ({"conditions": {"template": "t", "judge": "j", "z": "absent"}}, "'z' is absent for the candidate and 'absent'"),
    ],
)
def test_arms_measured_otherwise_are_not_comparable(gate, arms, change: Mapping[str, object], name: str) -> None:
    mine, theirs = arms()
    found = gate([KEEP], [mine], [changed(theirs, **change)])
    assert found.verdict == "integrity"
    assert [each.stage for each in found.problems] == ["gate"]
    assert f"suite 'task' is not comparable: {name}" in said(found)
    assert "expected the same in both arms" in said(found)


def test_arms_of_another_length_or_direction_are_not_comparable(gate, measured: Build, digests: Mapping[str, str]) -> None:
    short = measured(GOOD[1:], digests["baseline"])
    assert "the number of items is '200' for the candidate and '199' for" in said(gate([KEEP], [measured(GOOD)], [short]))
    turned = measured(GOOD, digests["baseline"], better="lower")
    found = gate([KEEP], [measured(GOOD)], [turned])
    assert found.verdict == "integrity"
    assert "the better side of 'task.accuracy' is 'higher' for the candidate and 'lower'" in said(found)
    renamed = measured(GOOD, digests["baseline"], name="other")
    assert gate([REACH], [measured(GOOD)], [renamed]).verdict == "allowed"


def test_clusters_and_tags_are_those_of_the_items_in_both_arms(gate, measured: Build, digests: Mapping[str, str]) -> None:
    clusters, tags = [f"c{index // 2}" for index in range(200)], [{"lang": "de"}] * 200
    mine = measured(GOOD, clusters=clusters, tags=tags)
    same = measured(GOOD, digests["baseline"], clusters=clusters, tags=tags)
    assert gate([REACH], [mine], [same]).problems == ()
    bare = gate([REACH], [mine], [measured(GOOD, digests["baseline"], tags=tags)])
    assert bare.verdict == "integrity"
    assert "'cluster' of item 'q0' is 'c0' for the candidate and absent for the baseline" in said(bare)
    assert len(bare.problems) == 1
    other = [*tags[1:], {"lang": "en"}]
    found = gate([REACH], [mine], [measured(GOOD, digests["baseline"], clusters=clusters, tags=other)])
    assert "'tags' of item 'q199' is" in said(found)


def test_pairs_are_of_the_same_items(gate, arms) -> None:
    mine, theirs = arms()
    stranger = theirs.samples[0].model_copy(update={"id": "stranger"})
    found = gate([KEEP], [mine], [changed(theirs, samples=(stranger, *theirs.samples[1:]))])
    assert "was measured on other items for the baseline: 2 have no partner" in said(found)
    assert found.verdict == "incomplete"


def test_pairs_are_matched_by_item_and_not_by_place(gate, arms) -> None:
    mine, theirs = arms([1.0] * 100 + [0.0] * 100, [1.0] * 100 + [0.0] * 100)
    plain = gate([KEEP], [mine], [theirs])
    assert gate([KEEP], [mine], [changed(theirs, samples=theirs.samples[::-1])]).checks == plain.checks
    assert plain.checks[0].delta == 0.0


LANGUAGES = [{"lang": "de" if index % 2 else "en"} for index in range(200)]


def test_a_rule_may_speak_of_a_slice(gate, arms) -> None:
    mine, theirs = arms([1.0, 0.0] * 100, tags=LANGUAGES)
    english = Rule(kind="at_least", metric="task.accuracy@lang=en", bound=0.9)
    german = Rule(kind="at_least", metric="task.accuracy@lang=de", bound=0.9)
    found = gate([english, german, KEEP], [mine], [theirs])
    assert [(check.outcome, check.n) for check in found.checks] == [("pass", 100), ("fail", 100), ("fail", 200)]
    kept = Rule(kind="max_drop", metric="task.accuracy@lang=en", bound=0.1)
    assert gate([kept], [mine], [theirs]).checks[0].n == 100


def test_a_slice_without_items_is_missing(gate, arms) -> None:
    mine, theirs = arms(tags=LANGUAGES)
    french = Rule(kind="at_least", metric="task.accuracy@lang=fr", bound=0.1)
    assert gate([french], [mine], [theirs]).checks[0].outcome == "missing"
    forged = mine.metrics[0].model_copy(update={"name": french.metric})
    found = gate([french], [changed(mine, metrics=(*mine.metrics, forged))])
    assert found.verdict == "integrity"
    assert found.checks[0].outcome == "missing"


def test_a_slice_is_read_from_as_many_items_as_it_was_measured_on(gate, measured: Build) -> None:
    tags = [{"a": "b=c"} if index < 100 else {"a=b": "c"} if index < 190 else {"a": "x", "a=b": "y"} for index in range(200)]
    mine = measured(GOOD, tags=tags)
    rule = Rule(kind="at_least", metric="task.accuracy@a=b=c", bound=0.5)
    assert mine.metric(rule.metric).n == 190
    found = gate([rule], [mine])
    assert "rests on 100 items; expected 190" in said(found)
    assert found.verdict == "incomplete"


def test_clusters_reach_the_rule(gate, measured: Build) -> None:
    rule = Rule(kind="at_least", metric="task.accuracy", bound=0.9)
    alone, grouped = measured(GOOD), measured(GOOD, clusters=[f"c{index // 20}" for index in range(200)])
    assert gate([rule], [alone]).verdict == "allowed"
    assert gate([rule], [grouped]).verdict == "inconclusive"
    half = measured(GOOD, clusters=[f"c{index // 2}" if index < 100 else None for index in range(200)])
    assert "150 clusters" in gate([rule], [half]).checks[0].method


def test_an_unknown_kind_of_rule_is_refused_with_the_nearest(gate, measured: Build) -> None:
    with pytest.raises(PluginError, match="there is no rule 'at_leest'; expected 'at_least'"):
        gate([Rule(kind="at_leest", metric="task.accuracy", bound=0)], [measured(GOOD)])


@pytest.mark.parametrize("error", [ValueError("no spread"), ZeroDivisionError("no spread"), OverflowError("no spread")])
def test_a_rule_that_cannot_decide_is_missing(gate, measured: Build, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def check(rule: Rule, evidence: object) -> Check:
        raise error

    monkeypatch.setattr(plugins, "load", lambda kind, name: SimpleNamespace(NEEDS_BASELINE=False, check=check))
    found = gate([REACH], [measured(GOOD)])
    assert found.verdict == "incomplete"
    assert "'task.accuracy' cannot be decided: no spread" in said(found)


def test_a_missing_check_has_no_numbers() -> None:
    found = missing(REACH, "gone")
    assert (found.outcome, found.reason, found.metric, found.n, found.candidate) == ("missing", "gone", REACH.metric, 0, None)


OUTCOMES = {"pass": 0.5, "inconclusive": 0.94, "fail": 0.99}


@pytest.mark.parametrize("outcomes", [pair for size in (1, 2, 3) for pair in itertools.combinations(OUTCOMES, size)])
@pytest.mark.parametrize("kinds", [(), ("incomplete",), ("integrity",), ("incomplete", "integrity")])
@pytest.mark.parametrize("absent", [False, True])
def test_the_gravest_finding_is_the_verdict(
    gate, measured: Build, outcomes: Sequence[str], kinds: Sequence[str], absent: bool
) -> None:
    rules = [Rule(kind="at_least", metric="task.accuracy", bound=OUTCOMES[outcome]) for outcome in outcomes]
    rules += [Rule(kind="at_least", metric="gone.accuracy", bound=0.1)] if absent else []
    problems = [Problem(stage="train", kind=kind, message="m") for kind in kinds]
    found = gate(rules, [measured(GOOD)], problems=problems)
    assert [check.outcome for check in found.checks] == [*outcomes, *(["missing"] if absent else [])]
    assert found.problems == tuple(problems)
    ladder = [("integrity" in kinds, "integrity"), (bool(kinds) or absent, "incomplete"), ("fail" in outcomes, "blocked"),
              ("inconclusive" in outcomes, "inconclusive"), (True, "allowed")]  # fmt: skip
    assert found.verdict == next(verdict for applies, verdict in ladder if applies)


def test_a_sample_knows_nothing_of_other_metrics(gate, measured: Build) -> None:
    mine = measured(GOOD)
    half = tuple(
        Sample(id=each.id, prompt="", output="", scores=each.scores if index % 2 else {})
        for index, each in enumerate(mine.samples)
    )
    assert gate([REACH], [changed(mine, samples=half)]).verdict == "integrity"


TAGS = [{"lang": "de" if index % 2 else "en", "severity": "high" if index < 50 else "low"} for index in range(200)]


def test_a_star_is_a_check_for_every_slice(gate, arms) -> None:
    mine, theirs = arms(tags=TAGS)
    every = Rule(kind="max_drop", metric="task.accuracy@lang=*", bound=0.05)
    found = gate([every], [mine], [theirs])
    assert [check.metric for check in found.checks] == ["task.accuracy@lang=de", "task.accuracy@lang=en"]
    assert [check.n for check in found.checks] == [100, 100]
    assert found.verdict == "allowed"
    assert found.policy == policy_digest([every])


def test_a_star_over_a_tag_that_no_item_has_is_missing(gate, arms) -> None:
    found = gate([Rule(kind="max_drop", metric="task.accuracy@dialect=*", bound=0.05)], list(arms())[:1], list(arms())[1:])
    assert found.verdict == "incomplete"
    assert "suite 'task' has no such metric" in said(found)
    assert gate([Rule(kind="max_drop", metric="task.accuracy@lang=*", bound=0.05)], [], []).verdict == "incomplete"


def test_one_waiver_of_a_star_excuses_the_slices_that_fail_and_never_what_is_missing_or_broken(gate, arms) -> None:
    scores = [float(index % 2 == 0) for index in range(200)]
    mine, theirs = arms(scores, [1.0] * 200, tags=TAGS)
    every = Rule(kind="max_drop", metric="task.accuracy@lang=*", bound=0.05)
    facts = {"project": "p", "owner": "a", "reason": "r", "issued": DAY, "until": DAY}
    granted = [Verified(Waiver(rule=every.text(), **facts), "a.json", "key", "sha256:" + "f" * 64)]
    found = gate([every], [mine], [theirs], waivers=granted, on=DAY)
    assert [(check.metric, check.outcome, check.waived) for check in found.checks] == [
        ("task.accuracy@lang=de", "fail", True), ("task.accuracy@lang=en", "pass", False),
    ]  # fmt: skip
    assert found.allowed
    assert found.notes == (f"waiver 'a.json' of '{every.text()}' excuses 1 of 2 slices: task.accuracy@lang=de",)
    assert gate([every], [mine], [theirs]).verdict == "blocked"
    assert gate([every], [mine], [], waivers=granted, on=DAY).verdict == "incomplete"
    other = changed(theirs, conditions={"template": "another"})
    assert gate([every], [mine], [other], waivers=granted, on=DAY).verdict == "integrity"


def test_items_of_a_severity_are_ruled_by_themselves(gate, arms) -> None:
    mine, theirs = arms(GOOD[::-1], GOOD[::-1], tags=TAGS)
    found = gate([Rule(kind="at_least", metric="task.accuracy@severity>=high", bound=0.6)], [mine], [theirs])
    assert (found.checks[0].n, found.checks[0].candidate) == (50, 0.8)
    assert "is 80.0 % (between" in found.checks[0].reason
    assert found.verdict == "allowed"
    none = gate([Rule(kind="at_least", metric="task.accuracy@severity>=critical", bound=0.6)], [mine], [theirs])
    assert none.verdict == "incomplete"


def test_named_items_must_all_be_there_in_both_arms(gate, arms) -> None:
    named = Rule(kind="no_flip", metric="task.accuracy", bound=0, items=("q3", "q7"))
    mine, theirs = arms()
    found = gate([named], [mine], [theirs])
    assert (found.verdict, found.checks[0].n) == ("allowed", 2)
    gone = gate([named.model_copy(update={"items": ("q3", "gone")})], [mine], [theirs])
    assert gone.verdict == "incomplete"
    assert "'task.accuracy' has no item 'gone' for the candidate; expected every item that the rule names" in said(gone)
    lost = arms([0.0] * 10 + GOOD[10:], GOOD)
    assert gate([named], [lost[0]], [lost[1]]).verdict == "blocked"


def test_a_budget_needs_each_of_its_metrics(gate, arms, measured: Build, digests: Mapping[str, str]) -> None:
    shared = Rule(kind="budget", metric="task.accuracy", bound=0.2, also=("refusal.accuracy",))
    mine, theirs = arms()
    assert gate([shared], [mine], [theirs]).verdict == "incomplete"
    other = [measured(GOOD, suite="refusal"), measured(GOOD, digests["baseline"], suite="refusal")]
    found = gate([shared], [mine, other[0]], [theirs, other[1]])
    assert found.verdict == "allowed"
    assert found.checks[0].rule == shared


def test_guessing_is_told_by_the_items_that_all_say_their_chance(gate, arms) -> None:
    drop = Rule(kind="max_drop", metric="task.accuracy", bound=0.05)
    half = [1.0, 0.0] * 500
    sure = [{"chance": "0.5"}] * 1000
    assert gate([drop], *[[each] for each in arms(half, half, tags=sure)]).verdict == "inconclusive"
    assert gate([drop], *[[each] for each in arms(half, half, tags=[*sure[1:], {}])]).verdict == "allowed"
    assert gate([drop], *[[each] for each in arms(half, half, tags=[{"chance": "0.25"}] * 1000)]).verdict == "allowed"


def test_a_chance_that_is_no_number_makes_the_rule_missing(gate, arms) -> None:
    mine, theirs = arms(tags=[{"chance": "a quarter"}] * 200)
    found = gate([KEEP, REACH], [mine], [theirs])
    assert [check.outcome for check in found.checks] == ["missing", "pass"]
    assert "'task.accuracy' cannot be decided: could not convert string to float" in said(found)


def test_the_policies_that_rules_are_from_are_noted(gate, arms) -> None:
    names = (PolicyName(name="release", digest="sha256:" + "a" * 64),)
    mine, theirs = arms()
    assert gate([KEEP], [mine], [theirs]).policies == ()
    assert gate([KEEP], [mine], [theirs], policies=names).policies == names


def test_the_digest_of_a_policy_is_that_of_its_rules(gate) -> None:
    assert policy_digest([KEEP, REACH]) != policy_digest([REACH, KEEP])
    assert policy_digest([KEEP]) != policy_digest([KEEP.model_copy(update={"items": ("q1",)})])
    old = {"kind": "max_drop", "metric": "task.accuracy", "bound": 0.05, "alpha": 0.05}
    assert policy_digest([KEEP]) == digest_of([old])


def waived(rule: Rule, **changes: object) -> Verified:
    facts = {"project": "p", "rule": rule.text(), "owner": "ann", "reason": "why"}
    days = {"issued": date(2026, 3, 1), "until": date(2026, 3, 31)}
    return Verified(Waiver.model_validate(facts | days | changes), "a.json", "key", "sha256:" + "f" * 64)


def test_a_waived_failure_is_allowed_on_its_days_and_keeps_its_numbers(gate, arms) -> None:
    mine, theirs = arms([0.0] * 200)
    plain = gate([KEEP], [mine], [theirs])
    found = gate([KEEP], [mine], [theirs], waivers=[waived(KEEP)], on=date(2026, 3, 31))
    assert (plain.verdict, found.verdict, found.notes) == ("blocked", "allowed", ())
    assert found.checks[0].waived
    assert found.checks[0].model_copy(update={"waiver": None}) == plain.checks[0]
    assert found.policy == plain.policy
    late = gate([KEEP], [mine], [theirs], waivers=[waived(KEEP)], on=date(2026, 4, 1))
    assert (late.verdict, len(late.notes)) == ("blocked", 1)
    assert gate([KEEP], [mine], [theirs], waivers=[waived(KEEP)]).verdict == "blocked"


def test_a_waiver_is_held_to_the_candidate_that_is_decided(gate, arms, digests: Mapping[str, str]) -> None:
    mine, theirs = arms([0.0] * 200)
    for about, verdict in (("candidate", "allowed"), ("baseline", "blocked")):
        excuse = waived(KEEP, candidate=digests[about])
        assert gate([KEEP], [mine], [theirs], waivers=[excuse], on=date(2026, 3, 1)).verdict == verdict


def test_notes_are_handed_on_once_before_those_of_waivers(gate, arms) -> None:
    mine, theirs = arms()
    found = gate([KEEP], [mine], [theirs], waivers=[waived(KEEP)], on=date(2026, 3, 1), notes=["old", "old"])
    assert found.verdict == "allowed"
    assert found.notes[0] == "old"
    assert [note.rpartition(": ")[2] for note in found.notes[1:]] == ["the rule passed without it"]
    again = gate([KEEP], [mine], [theirs], waivers=[waived(KEEP)], on=date(2026, 3, 1), notes=found.notes)
    assert again == found


def prompted(measurement: Measurement, **declared: str) -> Measurement:
    return changed(measurement, declared={name: digest_of(text) for name, text in declared.items()})


def test_arms_of_other_prompts_are_incomparable_unless_they_may_have_prompts_of_their_own(gate, arms) -> None:
    mine, theirs = arms()
    for told in ({"own_prompts": False}, {}):
        found = gate([KEEP], [prompted(mine, system="Be kind.")], [theirs], **told)
        assert found.verdict == "integrity"
        assert said(found).startswith("not comparable: 'system' is in the prompts of the candidate alone (task); expected")
        assert found.notes == ()
    found = gate([KEEP], [prompted(mine, system="Be kind.")], [theirs], own_prompts=True, notes=["first"])
    assert (found.verdict, found.problems) == ("allowed", ())
    assert found.notes == ("first", "'system' is in the prompts of the candidate alone (task), as declared")


@pytest.mark.parametrize(
    ("mine", "theirs", "notes"),
    [
        ({}, {}, ()),
        ({"a": "x"}, {"a": "x"}, ()),
        ({}, {"a": "x"}, ("'a' is in the prompts of the baseline alone (task), as declared",)),
        ({"a": "x"}, {"a": "y"}, ("'a' is in the prompts of both arms and not the same (task), as declared",)),
        (
            {"b": "x", "a": "x"}, {"b": "x"},
            ("'a' is in the prompts of the candidate alone (task), as declared",),
        ),
    ],
)  # fmt: skip
def test_each_difference_of_declared_prompts_is_noted(gate, arms, mine, theirs, notes) -> None:
    one, other = arms()
    found = gate([KEEP], [prompted(one, **mine)], [prompted(other, **theirs)], own_prompts=True)
    assert (found.verdict, found.notes) == ("allowed", notes)


def test_a_difference_in_several_suites_is_noted_once(gate, arms, measured: Build, digests: Mapping[str, str]) -> None:
    mine, theirs = arms()
    also, before = (measured(GOOD, digests[arm], suite="refusal") for arm in ("candidate", "baseline"))
    alone = measured(GOOD, suite="safety")
    both = [prompted(each, system="s") for each in (mine, also, alone)]
    found = gate([KEEP], both, [theirs, before], own_prompts=True)
    assert found.notes == ("'system' is in the prompts of the candidate alone (task, refusal), as declared",)


@pytest.mark.parametrize("fact", [{"conditions": {"template": "another"}}, {"items": "sha256:" + "e" * 64}, {"version": "9"}])
def test_nothing_but_the_declared_prompt_may_differ(gate, arms, fact: dict[str, object]) -> None:
    mine, theirs = arms()
    found = gate([KEEP], [changed(prompted(mine, system="s"), **fact)], [theirs], own_prompts=True)
    assert found.verdict == "integrity"


def test_one_subject_has_one_prompt(gate, arms, measured: Build, counted: Build) -> None:
    mine, theirs = arms()
    other = measured(GOOD, suite="refusal")
    mixed = gate([KEEP], [prompted(mine, system="s"), other], [theirs], own_prompts=True)
    assert mixed.verdict == "integrity"
    assert "suites were asked with different prompts of its own; expected one subject to have one" in said(mixed)
    same = gate([KEEP], [prompted(mine, system="s"), prompted(other, system="s"), counted(0)], [theirs], own_prompts=True)
    assert same.verdict == "allowed"


BLOCKS = Looks(ends=tuple(range(25, 401, 25)))
STEADY = [float(at % 20 > 0) for at in range(400)]


def test_items_that_were_asked_in_blocks_are_decided_after_the_first_block_that_tells(gate, arms) -> None:
    mine, theirs = (changed(each, looks=BLOCKS) for each in arms(STEADY, STEADY))
    found = gate([KEEP, REACH], [mine], [theirs])
    assert found.verdict == "allowed"
    for check in found.checks:
        assert check.n in BLOCKS.ends[:-1]
        assert f"decided after {check.n} of 400 items" in check.reason
        asked = [changed(each, looks=BLOCKS) for each in arms(STEADY[: check.n], STEADY[: check.n])]
        assert checked_at(check.rule, *asked, check.n) == check


def test_a_budget_over_blocks_is_read_once_all_is_asked(gate, arms, measured: Build, digests: Mapping[str, str]) -> None:
    shared = Rule(kind="budget", metric="task.accuracy", bound=0.2, also=("refusal.accuracy",))
    mine, theirs = (changed(each, looks=BLOCKS) for each in arms(STEADY, STEADY))
    other = [measured(GOOD, suite="refusal"), measured(GOOD, digests["baseline"], suite="refusal")]
    found = gate([shared], [mine, other[0]], [theirs, other[1]])
    assert (found.verdict, found.checks[0].n) == ("allowed", 200)
    assert "of 400 items" not in found.checks[0].reason


def test_asking_may_stop_where_a_block_ends_and_nowhere_else(gate, arms) -> None:
    for asked, verdict in ((50, "inconclusive"), (60, "integrity")):
        mine, theirs = (changed(each, looks=BLOCKS) for each in arms(STEADY[:asked], STEADY[:asked]))
        found = gate([KEEP], [mine], [theirs])
        assert found.verdict == verdict
        assert f"asking stopped after {asked} of 400 items, before this was decided" in found.checks[0].reason
    assert [each.message for each in found.problems] == [
        "suite 'task' ends within a block, after 60 items; expected a whole block"
    ] * 2


def test_a_block_decides_nothing_without_evidence_or_without_a_plan(arms) -> None:
    mine, theirs = arms(STEADY, STEADY)
    blocks = changed(mine, looks=BLOCKS)
    assert checked_at(REACH, blocks, theirs, 400) is not None
    assert checked_at(REACH, mine, theirs, 400) is None
    assert checked_at(REACH.model_copy(update={"metric": "task.absent"}), blocks, theirs, 400) is None
