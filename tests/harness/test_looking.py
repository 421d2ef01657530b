"""One rule over items that are asked in blocks."""

from __future__ import annotations

import random
from collections.abc import Sequence
from types import ModuleType

import pytest

from harness.looking import at_look, checked, until
from harness.rule import Evidence
from harness.rules import at_least, at_most, max_drop, must_gain, no_flip, zero_tolerance
from harness.stats.sequential import levels, planned
from harness.suite import bare_metric
from harness.types import Better, Check, Looks, Rule

N = 2000
PLAN = planned(N)
LOOKS = Looks(ends=PLAN.ends)


def evidence(mine: Sequence[float], other: Sequence[float] = (), better: Better = "higher") -> Evidence:
    ids = tuple(f"q{index}" for index in range(len(mine)))
    return Evidence(
        candidate=bare_metric("task.accuracy", list(zip(mine, ids, strict=True)), better),
        scores=tuple(mine),
        baseline=bare_metric("task.accuracy", list(zip(other, ids, strict=True)), better) if other else None,
        pairs=tuple(zip(mine, other, strict=True)) if other else (),
        clusters=ids,
        ids=ids,
    )


def drawn(change: float, discordance: float = 0.12, n: int = N, seed: int = 0) -> tuple[list[float], list[float]]:
    draw, mine, other = random.Random(seed), [], []
    for _ in range(n):
        at = draw.random()
        gained, lost = at < (discordance + change) / 2, at > 1 - (discordance - change) / 2
        same = float(draw.random() < 0.8)
        mine.append(1.0 if gained else 0.0 if lost else same)
        other.append(0.0 if gained else 1.0 if lost else same)
    return mine, other


def look(plugin: ModuleType, kind: str, bound: float, found: Evidence, asked: int = N, looks: Looks = LOOKS) -> Check:
    rule = Rule(kind=kind, metric="task.accuracy", bound=bound)
    part = until(found, range(1, N + 1), asked)
    return checked(plugin, rule, part, range(1, asked + 1), asked, looks)


def test_an_equal_candidate_passes_before_all_items_are_asked() -> None:
    found = look(max_drop, "max_drop", 0.03, evidence(*drawn(0.0)))
    assert found.outcome == "pass"
    assert found.n in PLAN.ends and found.n < N
    assert found.rule.alpha == 0.05
    level = levels(PLAN, 0.05)[PLAN.ends.index(found.n)]
    assert found.reason.endswith(f"after {found.n} of 2000 items, at the level of {100 * level:.2g} % that this look may use")
    part = until(evidence(*drawn(0.0)), range(1, N + 1), found.n)
    strict = Rule(kind="max_drop", metric="task.accuracy", bound=0.03, alpha=level)
    assert found.interval == max_drop.check(strict, part).interval


def test_a_much_worse_candidate_is_given_up_early() -> None:
    found = look(max_drop, "max_drop", 0.03, evidence(*drawn(-0.10)))
    assert (found.outcome, found.n < N / 5) == ("fail", True)
    assert "at least" in found.reason
    assert found.reason.endswith(f"; decided after {found.n} of 2000 items")


def test_a_bet_gives_up_what_the_rule_itself_cannot_tell_yet_and_says_how_often_it_errs() -> None:
    found = look(max_drop, "max_drop", 0.03, evidence(*drawn(-0.04, seed=3)))
    assert (found.outcome, found.n < N / 2) == ("fail", True)
    assert "these items cannot tell" in found.reason
    how, often = found.reason.rpartition("; ")[2].split(", which ")
    assert how == f"given up after {found.n} of 2000 items: a bet against it"
    assert often == "errs 5 % of the time however often one looks, is won"


def test_what_was_decided_stays_decided_whatever_comes_after() -> None:
    mine, other = drawn(0.0)
    early = look(max_drop, "max_drop", 0.03, evidence(mine, other))
    ruined = [*mine[: early.n], *[0.0] * (N - early.n)]
    assert look(max_drop, "max_drop", 0.03, evidence(ruined, other)) == early


def test_asking_that_stopped_before_a_decision_has_decided_nothing() -> None:
    found = look(max_drop, "max_drop", 0.03, evidence(*drawn(0.0)), asked=PLAN.ends[3])
    assert found.outcome == "inconclusive"
    assert found.reason.endswith(f"asking stopped after {PLAN.ends[3]} of 2000 items, before this was decided")


def test_the_last_look_gives_the_rules_own_answer() -> None:
    found = look(max_drop, "max_drop", 0.03, evidence(*drawn(-0.03, seed=4)))
    assert found.outcome in ("inconclusive", "fail")
    close = look(max_drop, "max_drop", 0.03, evidence(*drawn(-0.02, 0.2, seed=5)))
    assert close.outcome == "inconclusive"
    assert close.n == N
    assert close.reason.endswith("; decided after 2000 of 2000 items")


@pytest.mark.parametrize(
    ("plugin", "kind", "bound", "good", "bad"),
    [
        (must_gain, "must_gain", 0.02, 0.08, -0.08),
        (max_drop, "max_drop", 0.05, 0.03, -0.12),
    ],
)
def test_rules_on_a_change_are_decided_early_both_ways(
    plugin: ModuleType, kind: str, bound: float, good: float, bad: float
) -> None:
    passed = look(plugin, kind, bound, evidence(*drawn(good, 0.2)))
    failed = look(plugin, kind, bound, evidence(*drawn(bad, 0.2)))
    assert (passed.outcome, failed.outcome) == ("pass", "fail")
    assert passed.n < N and failed.n < N


def test_rules_on_a_number_are_decided_early_both_ways() -> None:
    good, bad = drawn(0.0)[1], [float(value > 0 and index % 3 > 0) for index, value in enumerate(drawn(0.0)[1])]
    assert look(at_least, "at_least", 0.7, evidence(good)).outcome == "pass"
    failed = look(at_least, "at_least", 0.7, evidence(bad))
    assert (failed.outcome, failed.n < N) == ("fail", True)
    turned = [1 - value for value in good]
    assert look(at_most, "at_most", 0.3, evidence(turned, better="lower")).outcome == "pass"
    assert look(at_most, "at_most", 0.1, evidence(turned, better="lower")).outcome == "fail"


def test_a_metric_where_lower_is_better_is_turned_round() -> None:
    mine, other = ([1 - value for value in side] for side in drawn(-0.10))
    assert look(max_drop, "max_drop", 0.03, evidence(mine, other, "lower")).outcome == "fail"


def test_a_rule_that_cannot_be_decided_early_waits_or_fails_for_good() -> None:
    clean, one = evidence([1.0] * N), evidence([0.0] + [1.0] * (N - 1))
    assert look(zero_tolerance, "zero_tolerance", 0.01, clean).outcome == "pass"
    waiting = look(zero_tolerance, "zero_tolerance", 0.01, clean, asked=1000)
    assert waiting.outcome == "inconclusive"
    assert look(zero_tolerance, "zero_tolerance", 0.01, one, asked=1000).outcome == "fail"
    assert look(no_flip, "no_flip", 0, evidence([1.0] * N, [1.0] * N), asked=25).outcome == "inconclusive"


def test_scores_of_no_known_range_are_not_bet_on() -> None:
    draw = random.Random(1)
    other = [draw.gauss(5, 1) for _ in range(N)]
    mine = [value - 2 for value in other]
    found = look(max_drop, "max_drop", 0.03, evidence(mine, other))
    assert (found.outcome, found.n) == ("fail", N)
    assert found.reason.endswith("; decided after 2000 of 2000 items")


@pytest.mark.parametrize(
    ("plugin", "kind", "bound", "scores", "outcome"),
    [
        (at_least, "at_least", 0.5, [0.0, 2.0], "pass"),
        (at_least, "at_least", 1.0, [1.0, 1.0], "inconclusive"),
        (at_least, "at_least", 1.5, [1.0, 1.0], "fail"),
        (at_most, "at_most", 1.5, [0.0, 1.0], "pass"),
        (at_most, "at_most", 1.0, [0.0, 1.0], "pass"),
    ],
)
def test_what_cannot_be_bet_on_is_left_to_the_rule(
    plugin: ModuleType, kind: str, bound: float, scores: list[float], outcome: str
) -> None:
    few = Looks(ends=(20, 40))
    part = evidence(scores * 20)
    found = checked(plugin, Rule(kind=kind, metric="task.accuracy", bound=bound), part, range(1, 41), 40, few)
    assert found.outcome == outcome
    assert "given up" not in found.reason


def test_a_look_without_any_item_of_the_rule_says_nothing() -> None:
    rule = Rule(kind="max_drop", metric="task.accuracy", bound=0.03)
    empty = until(evidence([1.0], [1.0]), [30], 25)
    assert empty.scores == ()
    assert at_look(max_drop, rule, empty, 25, LOOKS) is None


def test_evidence_is_cut_where_the_block_ended() -> None:
    found = until(evidence([1.0, 0.0, 1.0], [1.0, 1.0, 0.0]), [2, 25, 26], 25)
    assert (found.scores, found.pairs, found.ids) == ((1.0, 0.0), ((1.0, 1.0), (0.0, 1.0)), ("q0", "q1"))
    assert (found.candidate.value, found.candidate.n, found.baseline.value) == (0.5, 2, 1.0)
    whole = evidence([1.0], [1.0])
    assert until(whole, [1], 25) is whole


def test_what_one_look_reckoned_is_not_what_another_rule_reads_at_the_last() -> None:
    whole = evidence([0.0] * 4 + [1.0] * 36)
    part = until(whole, range(1, 41), 4)
    part.known["bounds", 0.05] = (0.0, 0.1)
    assert whole.known == {}
