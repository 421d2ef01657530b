"""Rules on what a judge that errs has said: their bounds, and the mean that has to be refuted to give a candidate up early."""

from __future__ import annotations

import pytest

from harness.rule import Evidence, bounds, no_room
from harness.rules import at_least, at_most, budget, max_drop, max_ratio, min_ratio, must_gain, zero_tolerance
from harness.stats.intervals import mean_interval
from harness.stats.judged import Errors, parts
from harness.stats.paired import paired_difference
from harness.suite import bare_metric
from harness.types import Better, Rule

JUDGE = Errors(90, 100, 97, 100)
ITEMS, SHARE = parts(0.05)
LEAST = JUDGE.least(SHARE)


def evidence(mine: list[float], other: list[float] | None = None, better: Better = "higher", judge: Errors | None = JUDGE):
    ids = tuple(f"q{at}" for at in range(len(mine)))
    return Evidence(
        bare_metric("s.m", list(zip(mine, ids, strict=True)), better), tuple(mine),
        bare_metric("s.m", list(zip(other, ids, strict=True)), better) if other else None,
        tuple(zip(mine, other, strict=True)) if other else (), ids, ids, judge=judge,
    )  # fmt: skip


def rule(kind: str, bound: float) -> Rule:
    return Rule(kind=kind, metric="s.m", bound=bound)


def share(right: int, n: int = 200) -> list[float]:
    return [1.0] * right + [0.0] * (n - right)


def test_the_change_is_that_of_the_items_divided_by_the_least_that_is_seen() -> None:
    found = evidence(share(180), share(190)).change(0.05)
    judged = paired_difference(list(zip(share(180), share(190), strict=True)), ITEMS)
    assert found.interval == pytest.approx((judged.interval[0] / LEAST.youden, judged.interval[1]))
    assert found.detectable == pytest.approx(judged.detectable / LEAST.youden)
    assert found.delta == judged.delta == pytest.approx(-0.05)
    assert found.method == f"{judged.method}, the judge's error allowed for"


def test_what_a_useless_judge_could_show_is_nothing() -> None:
    found = evidence(share(180), share(190), judge=Errors(50, 100, 50, 100)).change(0.05)
    assert found.interval == (-1.0, 1.0)
    assert found.detectable == 1.0


def test_the_level_is_bounded_by_the_items_and_the_judge_apart() -> None:
    judged = mean_interval(share(120), 1 - 2 * ITEMS).interval
    assert bounds(evidence(share(120)), 0.05) == pytest.approx(LEAST.level(judged))
    assert bounds(evidence(share(120), judge=None), 0.05) == mean_interval(share(120), 0.9).interval
    made = at_least.check(rule("at_least", 0.4), evidence(share(120)))
    assert made.method == "Clopper-Pearson interval, the judge's error allowed for"
    assert at_least.check(rule("at_least", 0.4), evidence(share(120), judge=None)).method == "Clopper-Pearson interval"


def test_early_failures_refute_what_the_judge_would_show_at_least_of_a_good_candidate() -> None:
    scores = evidence(share(120))
    assert at_least.doubt(rule("at_least", 0.7), scores)[1] == pytest.approx(LEAST.sensitivity * 0.7)
    assert at_most.doubt(rule("at_most", 0.2), scores)[1] == pytest.approx(-(0.2 + (1 - LEAST.specificity) * 0.8))
    assert at_most.doubt(rule("at_most", 0.2), scores)[0] == [-each for each in share(120)]
    pairs = evidence(share(120), share(110))
    assert must_gain.doubt(rule("must_gain", 0.1), pairs)[1] == pytest.approx(0.1 * LEAST.youden)
    assert max_drop.doubt(rule("max_drop", 0.1), pairs)[1] == max_drop.doubt(
        rule("max_drop", 0.1), evidence(share(120), share(110), judge=None)
    )[1]  # fmt: skip
    for plugin, kind, want in ((at_least, "at_least", 0.7), (at_most, "at_most", -0.7), (must_gain, "must_gain", 0.7)):
        assert plugin.doubt(rule(kind, 0.7), evidence(share(120), share(110), judge=None))[1] == want


@pytest.mark.parametrize(("better", "scores", "seen"), [("higher", 1.0, "specificity"), ("lower", 0.0, "sensitivity")])
def test_no_failure_among_judged_answers_leaves_room_for_those_that_were_not_seen(
    better: Better, scores: float, seen: str
) -> None:
    made = zero_tolerance.check(rule("zero_tolerance", 0.5), evidence([scores] * 100, better=better))
    high = (1 - ITEMS ** (1 / 100)) / getattr(LEAST, seen)
    assert made.interval == pytest.approx((1 - high, 1.0) if better == "higher" else (0.0, high))
    blind = Errors(0, 10, 0, 10)
    made = zero_tolerance.check(rule("zero_tolerance", 0.5), evidence([scores] * 100, better=better, judge=blind))
    assert made.outcome == "inconclusive"
    assert made.interval == (0.0, 1.0)


@pytest.mark.parametrize(("plugin", "ratio", "mine", "other"), [(min_ratio, 0.9, 188, 190), (max_ratio, 1.1, 195, 190)])
def test_a_ratio_is_moved_by_what_false_alarms_add(plugin, ratio: float, mine: int, other: int) -> None:
    kind, few = plugin.__name__.rpartition(".")[2], Errors(100, 100, 30, 60)
    assert plugin.check(rule(kind, ratio), evidence(share(mine), share(other), judge=None)).outcome == "pass"
    assert plugin.check(rule(kind, ratio), evidence(share(mine), share(other))).outcome == "pass"
    assert plugin.check(rule(kind, ratio), evidence(share(mine), share(other), judge=few)).outcome == "inconclusive"


def test_a_budget_counts_what_may_truly_have_been_lost() -> None:
    asked = rule("budget", 0.09)
    assert budget.check(asked, evidence(share(190), share(194), judge=None)).outcome == "pass"
    assert budget.check(asked, evidence(share(190), share(194), judge=Errors(70, 100, 80, 100))).outcome == "inconclusive"


@pytest.mark.parametrize(("better", "worst", "seen"), [("higher", 0.0, "specificity"), ("lower", 1.0, "sensitivity")])
def test_what_may_be_a_mistake_of_the_judge_cannot_be_lost(better: Better, worst: float, seen: str) -> None:
    missed = 1 - getattr(LEAST, seen)
    for room, silent in ((missed + 0.05 - 0.01, True), (missed + 0.05 + 0.01, False)):
        right = round(room * 1000)
        other = share(right, 1000) if better == "higher" else share(1000 - right, 1000)
        found = evidence(other, other, better)
        assert bool(no_room(rule("max_drop", 0.05), found, worst, "get worse")) == silent
        near = share(920 if better == "higher" else 80, 1000)
        best = evidence(near, near, better)
        assert not no_room(rule("must_gain", 0.05), best, 1 - worst, "get better")


@pytest.mark.parametrize(("better", "score"), [("higher", 1.0), ("lower", 0.0)])
def test_what_a_judge_may_have_missed_is_never_more_than_everything(better: Better, score: float) -> None:
    made = zero_tolerance.check(rule("zero_tolerance", 0.5), evidence([score] * 3, better=better, judge=Errors(5, 10, 5, 10)))
    assert made.outcome == "inconclusive"
    assert made.interval == (0.0, 1.0)
    assert "so the rate is at most 1e+02 % with" in made.reason


def test_a_ratio_is_moved_by_false_alarms_once() -> None:
    few, mine, theirs = Errors(100, 100, 50, 60), share(195), share(190)
    low = paired_difference([(b, c / 1.1) for c, b in zip(mine, theirs, strict=True)], ITEMS).interval[0]
    off = (1 - few.least(SHARE).specificity) * 0.1 / 1.1
    assert off < low < 2 * off
    assert max_ratio.check(rule("max_ratio", 1.1), evidence(mine, theirs, judge=few)).outcome == "pass"


def test_a_change_that_the_items_cannot_show_is_no_larger_than_everything() -> None:
    found = evidence([1.0, 0.0, 1.0, 1.0], [1.0, 1.0, 0.0, 1.0]).change(0.05)
    assert found.detectable == 1.0
    assert found.delta == 0.0
