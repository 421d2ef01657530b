"""What holds for every waiver: it excuses a shown failure, and never what is absent or contradicts itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from harness.gate import decide
from harness.types import Decision, Measurement, Problem, Rule
from harness.waiver import Verified, Waiver

Build = Callable[..., Measurement]
QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much]
)
KINDS = ("incomplete", "integrity")
TODAY = date(2026, 3, 15)
SCORES = st.lists(st.sampled_from([0.0, 1.0, 1.0]), min_size=6, max_size=6)
RULES = st.lists(
    st.builds(
        lambda kind, suite: Rule(kind=kind, metric=f"{suite}.accuracy", bound={"at_least": 0.5, "max_drop": 0.2}[kind]),
        st.sampled_from(["at_least", "max_drop"]), st.sampled_from(["task", "refusal", "safety"]),
    ),
    min_size=1, max_size=4, unique_by=Rule.text,
)  # fmt: skip


def granted(rule: Rule, /, **changes: object) -> Verified:
    facts = {"project": "p", "rule": rule.text(), "owner": "a", "reason": "r", "issued": TODAY, "until": TODAY}
    return Verified(Waiver.model_validate(facts | changes), f"{rule.text()}.json", "key", "sha256:" + "f" * 64)


def outcome(
    rules: Sequence[Rule], arms: Sequence[Sequence[Measurement]], digests: Mapping[str, str],
    waivers: Sequence[Verified] = (), **more: object,
) -> Decision:  # fmt: skip
    named = {f"{name}_digest": digests[name] for name in ("candidate", "baseline", "data")}
    return decide("model", rules, *arms, **named, **({"waivers": waivers, "on": TODAY} | more))


@st.composite
def arms(draw: st.DrawFn, measured: Build, digests: Mapping[str, str]) -> list[list[Measurement]]:
    """Evidence of which some may be absent, of another subject or about other items."""
    found: list[list[Measurement]] = [[], []]
    for suite in ("task", "refusal", "safety"):
        for arm, name in enumerate(("candidate", "baseline")):
            subject = digests[name if draw(st.integers(0, 9)) else "items"]
            each = measured(draw(SCORES), subject, suite=suite)
            cut = each.model_copy(update={"samples": each.samples[1:]})
            kept = draw(st.sampled_from([[each], [each], [each], [each], [each], [], [cut]]))
            found[arm] += kept
    return found


@QUICK
@given(data=st.data())
def test_no_waiver_turns_what_is_missing_or_broken_into_a_promotion(
    measured: Build, digests: Mapping[str, str], data: st.DataObject
) -> None:
    evidence, rules = data.draw(arms(measured, digests)), data.draw(RULES)
    problems = [Problem(stage="s", kind=kind, message="m") for kind in data.draw(st.sets(st.sampled_from(KINDS), max_size=1))]
    before = outcome(rules, evidence, digests, problems=problems)
    after = outcome(rules, evidence, digests, [granted(rule) for rule in rules], problems=problems)
    if before.verdict in ("incomplete", "integrity"):
        assert after.verdict == before.verdict
    else:
        assert after.allowed
    assert [each.model_copy(update={"waiver": None}) for each in after.checks] == list(before.checks)


@QUICK
@given(data=st.data())
def test_a_waiver_excuses_its_own_rule_and_no_other(
    measured: Build, digests: Mapping[str, str], data: st.DataObject
) -> None:
    evidence, rules = data.draw(arms(measured, digests)), data.draw(RULES)
    some = data.draw(st.lists(st.sampled_from(rules), unique_by=Rule.text))
    found = outcome(rules, evidence, digests, [granted(rule) for rule in some])
    plain = outcome(rules, evidence, digests)
    stands = [each for each in plain.checks if each.outcome != "pass" and each.rule not in some]
    assert found.allowed == (not stands and plain.verdict not in ("incomplete", "integrity"))


@QUICK
@given(data=st.data())
def test_leaving_out_evidence_beside_a_waiver_never_allows(
    measured: Build, digests: Mapping[str, str], data: st.DataObject
) -> None:
    evidence = [[measured(data.draw(SCORES), digests[arm], suite=suite) for suite in ("task", "refusal", "safety")]
                for arm in ("candidate", "baseline")]  # fmt: skip
    rules = data.draw(RULES)
    some = [granted(rule) for rule in data.draw(st.lists(st.sampled_from(rules), unique_by=Rule.text))]
    assume(not outcome(rules, evidence, digests, some).allowed)
    gone = {name: data.draw(st.sets(st.sampled_from(["task", "refusal", "safety"]))) for name in ("mine", "theirs")}
    left = [[each for each in arm if each.suite not in out] for arm, out in zip(evidence, gone.values(), strict=True)]
    assert not outcome(rules, left, digests, some).allowed
    # Whoever takes the evidence of a rule away and waives that very rule gains nothing by it.
    needed = {rule.suite for rule in rules}
    if needed & gone["mine"]:
        assert outcome(rules, left, digests, [granted(rule) for rule in rules]).verdict == "incomplete"


@QUICK
@given(data=st.data())
def test_a_waiver_that_does_not_count_changes_no_verdict(
    measured: Build, digests: Mapping[str, str], data: st.DataObject
) -> None:
    evidence, rules = data.draw(arms(measured, digests)), data.draw(RULES)
    off = data.draw(st.sampled_from([
        {"issued": date(2026, 3, 1), "until": date(2026, 3, 14)}, {"issued": date(2026, 3, 16), "until": date(2026, 4, 1)},
        {"candidate": digests["items"]}, {"rule": "task.accuracy at_least 0.4"},
    ]))  # fmt: skip
    plain = outcome(rules, evidence, digests)
    found = outcome(rules, evidence, digests, [granted(rule, **off) for rule in rules])
    assert (found.verdict, found.checks) == (plain.verdict, plain.checks)
    assert found.notes
    assert outcome(rules, evidence, digests, [granted(rule) for rule in rules], on=date.min).checks == plain.checks


def test_the_properties_speak_of_something(measured: Build, digests: Mapping[str, str]) -> None:
    rule = Rule(kind="at_least", metric="task.accuracy", bound=0.9)
    evidence = [[measured([0.0] * 40)], []]
    assert outcome([rule], evidence, digests).verdict == "blocked"
    found = outcome([rule], evidence, digests, [granted(rule)])
    assert (found.verdict, found.checks[0].outcome, found.checks[0].waived) == ("allowed", "fail", True)
