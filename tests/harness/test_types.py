"""The nouns: the one verdict, and values that refuse what they do not know."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import pytest
from pydantic import ValidationError

from harness.errors import ExitCode
from harness.types import EXIT_CODES, Check, Decision, Example, Measurement, Metric, Problem, Rule, Waived, settle

RULE = Rule(kind="at_least", metric="task.accuracy", bound=0.5)
OUTCOMES, KINDS = ("pass", "fail", "inconclusive", "missing"), ("incomplete", "integrity")


WAIVER = Waived(owner="ann", reason="why", issued="2026-03-01", until="2026-03-31", key="k", digest="sha256:" + "f" * 64)


def check(outcome: str, waiver: Waived | None = None) -> Check:
    return Check(rule=RULE, metric=RULE.metric, outcome=outcome, reason="r", waiver=waiver)


def problem(kind: str) -> Problem:
    return Problem(stage="s", kind=kind, message="m")


def subsets(names: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [found for size in range(len(names) + 1) for found in itertools.combinations(names, size)]


@pytest.mark.parametrize("kinds", subsets(KINDS))
@pytest.mark.parametrize("outcomes", subsets(OUTCOMES))
def test_the_gravest_finding_settles_the_verdict(outcomes: tuple[str, ...], kinds: tuple[str, ...]) -> None:
    ladder = [
        ("integrity" in kinds, "integrity"),
        ("incomplete" in kinds or "missing" in outcomes or not outcomes, "incomplete"),
        ("fail" in outcomes, "blocked"),
        ("inconclusive" in outcomes, "inconclusive"),
        (True, "allowed"),
    ]
    expected = next(verdict for applies, verdict in ladder if applies)
    for checks in itertools.permutations([check(outcome) for outcome in outcomes]):
        assert settle(checks, [problem(kind) for kind in kinds]) == expected


@pytest.mark.parametrize("waived", subsets(OUTCOMES))
def test_a_waived_check_stands_against_nothing_unless_it_is_missing(waived: tuple[str, ...]) -> None:
    for plain, kinds in itertools.product(subsets(OUTCOMES), subsets(KINDS)):
        checks = [check(outcome, WAIVER) for outcome in waived] + [check(outcome) for outcome in plain]
        # Written apart from the code: what is waived and measured counts as passed, everything else as it is.
        counted = ["pass" if outcome in ("fail", "inconclusive") else outcome for outcome in waived] + list(plain)
        found = [problem(kind) for kind in kinds]
        assert settle(checks, found) == settle([check(outcome) for outcome in counted], found)
        assert [each.waived for each in checks[: len(waived)]] == [name in ("fail", "inconclusive") for name in waived]
        assert not any(each.waived for each in checks[len(waived) :])


def test_a_waived_failure_allows_and_stays_a_failure(decision: Callable[..., Decision]) -> None:
    blocked = decision("fail")
    waived = blocked.checks[0].model_copy(update={"waiver": WAIVER})
    facts = blocked.model_dump() | {"checks": [waived.model_dump()]}
    found = Decision.model_validate(facts | {"verdict": "allowed"})
    assert (found.allowed, found.exit_code, found.checks[0].outcome) == (True, 0, "fail")
    assert Decision.model_validate_json(found.model_dump_json()) == found
    with pytest.raises(ValidationError, match="its checks settle to 'allowed'"):
        Decision.model_validate(facts)
    with pytest.raises(ValidationError, match="its checks settle to 'blocked'"):
        Decision.model_validate(blocked.model_dump() | {"verdict": "allowed"})


def test_notes_settle_nothing(decision: Callable[..., Decision]) -> None:
    for outcome in ("pass", "fail", "missing"):
        made = decision(outcome)
        assert Decision.model_validate(made.model_dump() | {"notes": ["n"]}).verdict == made.verdict


def test_only_passed_checks_and_no_problem_allow() -> None:
    assert settle([check("pass"), check("pass")]) == "allowed"
    assert settle([]) == "incomplete"
    assert settle([check("pass"), check("fail")]) == "blocked"


@pytest.mark.parametrize(
    ("verdict", "code"), [("allowed", 0), ("blocked", 1), ("inconclusive", 3), ("incomplete", 4), ("integrity", 5)]
)
def test_every_verdict_has_its_exit_code(verdict: str, code: int) -> None:
    assert EXIT_CODES[verdict] == ExitCode(code)


@pytest.mark.parametrize(
    ("outcome", "found", "verdict"),
    [("pass", None, "allowed"), ("fail", None, "blocked"), ("pass", "integrity", "integrity"), (None, None, "incomplete")],
)
def test_a_decision_says_what_its_checks_settle_to(
    decision: Callable[..., Decision], outcome: str | None, found: str | None, verdict: str
) -> None:
    made = decision(outcome, found)
    assert (made.verdict, made.allowed, made.exit_code) == (verdict, verdict == "allowed", EXIT_CODES[verdict])


@pytest.mark.parametrize("outcome", ["fail", "inconclusive", "missing", None])
def test_an_edited_verdict_is_refused_when_it_is_read(decision: Callable[..., Decision], outcome: str | None) -> None:
    made = decision(outcome)
    assert Decision.model_validate_json(made.model_dump_json()) == made
    edited = made.model_dump_json().replace(f'"verdict":"{made.verdict}"', '"verdict":"allowed"')
    with pytest.raises(ValidationError, match="its checks settle to"):
        Decision.model_validate_json(edited)


def test_an_edited_check_or_a_dropped_problem_is_refused_too(decision: Callable[..., Decision]) -> None:
    failed = decision("fail").model_dump_json().replace('"outcome":"fail"', '"outcome":"pass"')
    broken = decision("pass", "integrity").model_dump(mode="json") | {"problems": []}
    with pytest.raises(ValidationError, match="the verdict says 'blocked'"):
        Decision.model_validate_json(failed)
    with pytest.raises(ValidationError, match="the verdict says 'integrity'"):
        Decision.model_validate(broken)


def test_an_unknown_field_and_another_schema_are_refused(decision: Callable[..., Decision]) -> None:
    made = decision().model_dump(mode="json")
    for change in ({"waived": True}, {"schema_number": 2}):
        with pytest.raises(ValidationError):
            Decision.model_validate(made | change)


def test_a_value_cannot_be_changed_in_place(decision: Callable[..., Decision]) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        decision("fail").verdict = "allowed"


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_bound_is_a_number(bad: float) -> None:
    with pytest.raises(ValidationError, match="expected a finite number"):
        Rule(kind="at_most", metric="a.b", bound=bad)


@pytest.mark.parametrize("alpha", [0.0, 0.5, -0.1, 1.0, math.nan])
def test_an_error_rate_lies_between_nought_and_a_half(alpha: float) -> None:
    with pytest.raises(ValidationError):
        Rule(kind="at_most", metric="a.b", bound=0, alpha=alpha)


def test_a_rule_names_its_suite_and_reads_as_a_line() -> None:
    rule = Rule(kind="at_most", metric="task.accuracy@lang=de.at", bound=0.25)
    assert rule.suite == "task"
    assert rule.text() == "task.accuracy@lang=de.at at_most 0.25"


def test_numbers_that_are_not_finite_survive_the_disk() -> None:
    metric = Metric(name="a.b", value=1.5, n=1, stderr=math.inf, interval=(-math.inf, math.inf), better="lower")
    assert Metric.model_validate_json(metric.model_dump_json()) == metric


def test_an_item_is_asked_by_a_prompt_or_by_messages() -> None:
    assert Example(id="a", prompt="").prompt == ""
    for both in ({}, {"prompt": "?", "messages": [{"role": "user", "content": "?"}]}):
        with pytest.raises(ValidationError, match="exactly one"):
            Example(id="a", **both)


def test_a_metric_is_found_by_its_full_name(measured: Callable[..., Measurement]) -> None:
    found = measured([1, 0], tags=[{"lang": "de"}, {"lang": "en"}])
    assert found.metric("task.accuracy@lang=en").value == 0.0
    assert found.metric("accuracy") is None
