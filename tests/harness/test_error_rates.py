"""Trials of the gate: what is true of the candidates, what is an error, and that errors are found where there are any."""

from __future__ import annotations

import numpy
import pytest

from harness import plugins
from harness.error_rates import outcome, rates, truths
from harness.selftest import Cell, Untried
from harness.trials import Twice, redrawn
from harness.types import Rule

N = 240
FIRST = tuple(float(at % 9 != 0) for at in range(N))
SECOND = tuple(float(at % 8 != 0) for at in range(N))
CLUSTERS = tuple(f"c{at // 2}" for at in range(N))


@pytest.fixture
def arms(measured):
    def build(better: str = "higher", clusters=CLUSTERS, first=FIRST, second=SECOND):
        return tuple({"task": measured(scores, better=better, clusters=clusters)} for scores in (first, second))

    return build


def rule(kind: str, bound: float, **options) -> Rule:
    return Rule(kind=kind, metric="task.accuracy", bound=bound, **options)


def cells(wanted: Rule, arms, runs: int = 60) -> list[Cell]:
    return [each for each in rates([wanted], *arms, runs, 3) if isinstance(each, Cell)]


def test_a_margin_is_tried_at_no_change_at_the_margin_and_at_twice_the_margin_both_ways(arms) -> None:
    found = cells(rule("max_drop", 0.15), arms())
    assert [(each.truth, each.change, each.spoiled, each.wrong) for each in found] == [
        ("no change", 0.0, "", "fail"),
        ("at the number", -0.15, "items", "pass"), ("at the number", -0.15, "clusters", "pass"),
        ("twice the number", -0.3, "items", "pass"), ("twice the number", -0.3, "clusters", "pass"),
    ]  # fmt: skip
    equal, *worse = found
    assert equal.stopped < 20
    assert equal.errors == 0
    assert all(each.errors < 12 for each in worse)
    assert worse[2].failed > 50
    assert equal.discordance == sum(one != two for one, two in zip(FIRST, SECOND, strict=True)) / N


@pytest.mark.parametrize("better", ["higher", "lower"])
def test_the_gate_keeps_its_alpha_whichever_way_is_better(better: str, arms) -> None:
    scores = tuple(1 - each for each in FIRST), tuple(1 - each for each in SECOND)
    sets = arms() if better == "higher" else arms("lower", CLUSTERS, *scores)
    found = cells(rule("max_drop", 0.12), sets, 100)
    assert min(each.p_value for each in found) > 0.001


def test_a_rule_that_passes_everything_is_found_out(arms, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = plugins.load("rule", "max_drop")
    real = plugin.check
    monkeypatch.setattr(plugin, "check", lambda *given: real(*given).model_copy(update={"outcome": "pass"}))
    found = cells(rule("max_drop", 0.15), arms(), 20)
    assert all(each.p_value < 1e-20 for each in found if each.wrong == "pass")


def test_a_rule_that_fails_everything_is_found_out(arms, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = plugins.load("rule", "max_drop")
    real = plugin.check
    monkeypatch.setattr(plugin, "check", lambda *given: real(*given).model_copy(update={"outcome": "fail"}))
    equal = cells(rule("max_drop", 0.15), arms(), 20)[0]
    assert (equal.errors, equal.stopped) == (20, 20)
    assert equal.p_value < 1e-20


def test_items_that_stand_alone_are_spoiled_alone(arms) -> None:
    found = cells(rule("max_drop", 0.15), arms(clusters=tuple(f"c{at}" for at in range(N))), 20)
    assert [each.spoiled for each in found] == ["", "items", "items"]


def around(change: float, equal: str, far: str) -> list[tuple[str, float, str]]:
    return [("no change", 0.0, equal), ("at the number", change, "pass"), ("twice the number", 2 * change, far)]


@pytest.mark.parametrize(
    ("kind", "bound", "better", "said"),
    [
        ("max_drop", 0.0, "higher", [("at the number", 0.0, "pass")]),
        ("budget", 0.1, "higher", around(-0.1, "fail", "pass")),
        ("must_gain", 0.1, "higher", around(0.1, "pass", "fail")),
        ("min_ratio", 0.9, "higher", around(-0.05, "fail", "pass")),
        ("max_ratio", 1.1, "lower", around(-0.05, "fail", "pass")),
        ("min_ratio", 1.1, "higher", around(0.05, "pass", "fail")),
        ("at_least", 0.4, "higher", around(-0.1, "fail", "")[:2]),
        ("at_least", 0.6, "higher", around(0.1, "pass", "")[:2]),
        ("at_most", 0.6, "lower", around(-0.1, "fail", "")[:2]),
        ("zero_tolerance", 0.02, "lower", around(-0.02, "", "pass")[1:]),
    ],
)
def test_every_kind_of_rule_is_tried_at_its_own_number(kind: str, bound: float, better: str, said: list) -> None:
    half = Twice((0.0, 1.0), (1.0, 0.0), ("a", "b"), better)
    found = truths(rule(kind, bound), half)
    assert [(each.name, pytest.approx(each.change), each.wrong) for each in found] == said


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (rule("no_flip", 0), "counts exactly"),
        (rule("zero_tolerance", 0), "no sample shows"),
        (rule("max_drop", 0.95), "at the number: the baseline has not so much to lose"),
        (rule("no_flip", 0, items=("gone",)), "its items are not there"),
        (Rule(kind="max_drop", metric="other.accuracy", bound=0.1), "its items are not there"),
    ],
)
def test_what_cannot_be_tried_is_said(wanted: Rule, said: str, arms) -> None:
    reasons = [each.reason for each in rates([wanted], *arms(), 20, 3) if isinstance(each, Untried)]
    assert any(said in reason for reason in reasons)


def test_no_failure_is_tolerated_and_failures_at_the_number_are_seldom_passed(arms) -> None:
    scores = tuple(1 - each for each in FIRST), tuple(1 - each for each in SECOND)
    found = cells(rule("zero_tolerance", 0.03), arms("lower", CLUSTERS, *scores), 100)
    assert [each.truth for each in found] == ["at the number"] * 2 + ["twice the number"] * 2
    assert found[0].passed <= 15
    assert found[0].failed == 100 - found[0].passed


def test_a_budget_spoils_one_metric_and_leaves_the_others(measured) -> None:
    arms = tuple({"task": measured(scores), "kept": measured(scores, suite="kept")} for scores in (FIRST, SECOND))
    found = cells(rule("budget", 0.3, also=("kept.accuracy",)), arms, 40)
    assert found[0].stopped == 0
    assert found[1].passed <= 8


def test_a_slice_is_tried_on_its_own_items(measured) -> None:
    tags = [{"lang": "de" if at % 4 else "en"} for at in range(N)]
    arms = tuple({"task": measured(scores, tags=tags)} for scores in (FIRST, SECOND))
    whole = Rule(kind="max_drop", metric="task.accuracy@lang=*", bound=0.3)
    assert {each.rule.metric for each in cells(whole, arms, 20)} == {"task.accuracy@lang=de", "task.accuracy@lang=en"}


def test_what_guessing_reaches_goes_with_the_items() -> None:
    clusters, guessed = tuple(f"c{at}" for at in range(80)), ("0.25",) * 80
    poor = Twice((1.0, 0.0, 0.0, 0.0) * 20, (0.0, 1.0, 0.0, 0.0) * 20, clusters, "higher", guessed)
    trial = redrawn(poor, numpy.random.default_rng(1))
    assert outcome(rule("max_drop", 0.2), [poor], [trial]) == "inconclusive"


def test_the_same_seed_makes_the_same_candidates(arms) -> None:
    one, two = (cells(rule("max_drop", 0.08), arms(), 30) for _ in range(2))
    assert one == two
