"""The plan of blocks and looks, and what follows from a look: the edges, and the error rates of the whole."""

from __future__ import annotations

import math
import random

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.stats.betting import shown_below
from harness.stats.paired import paired_difference
from harness.stats.sequential import FUTILE, Plan, decided, levels, planned
from harness.stats.spending import nominal_alphas


@pytest.mark.parametrize(
    ("n", "ends"),
    [(1, (1,)), (25, (25,)), (26, (25, 26)), (110, (25, 50, 75, 100, 110)), (2000, tuple(range(25, 2001, 25)))],
)
def test_a_block_has_25_items_and_the_last_what_is_left(n: int, ends: tuple[int, ...]) -> None:
    assert planned(n) == Plan(ends, 1)


@pytest.mark.parametrize(("n", "block", "count"), [(2001, 26, 77), (8000, 100, 80), (100_000, 1250, 80)])
def test_there_are_at_most_eighty_blocks(n: int, block: int, count: int) -> None:
    ends = planned(n).ends
    assert (ends[0], ends[1] - ends[0], len(ends), ends[-1]) == (block, block, count, n)


def test_the_size_of_a_block_can_be_chosen() -> None:
    assert planned(10, block=4).ends == (4, 8, 10)
    assert planned(3, block=1).ends == (1, 2, 3)


def test_a_block_ends_where_a_cluster_ends() -> None:
    names = ["a"] * 3 + ["b"] + ["c"] * 4 + ["d"] * 2
    assert planned(10, names, block=2) == Plan((3, 8, 10), 4)
    assert planned(10, names, block=3).ends == (3, 8, 10)
    assert planned(10, names, block=4).ends == (4, 8, 10)
    assert planned(10, ["a"] * 10, block=2) == Plan((10,), 10)
    assert planned(4, ["a", "b", "c", "d"], block=2) == Plan((2, 4), 1)


def test_items_of_a_cluster_are_asked_one_after_another() -> None:
    with pytest.raises(ValueError, match="asked in pieces"):
        planned(3, ["a", "b", "a"])


@pytest.mark.parametrize(("n", "block"), [(0, 0), (-1, 0), (5, -1)])
def test_no_items_make_no_plan(n: int, block: int) -> None:
    with pytest.raises(ValueError, match="expected at least one item"):
        planned(n, block=block)


def test_every_item_has_a_cluster_or_none_has() -> None:
    with pytest.raises(ValueError, match="1 clusters for 2 items"):
        planned(2, ["a"])


@pytest.mark.parametrize(("ends", "largest"), [((), 1), ((0, 5), 1), ((5, 5), 1), ((5, 4), 1), ((-1, 4), 1), ((5,), 0)])
def test_blocks_that_do_not_rise_are_no_plan(ends: tuple[int, ...], largest: int) -> None:
    with pytest.raises(ValueError, match="expected rising numbers"):
        Plan(ends, largest)


def test_items_stand_for_themselves_where_nothing_else_is_said() -> None:
    assert Plan((5,)).largest == 1


def judged(*ends: int) -> list[int]:
    plan = Plan(ends)
    return [end for end, level in zip(ends, levels(plan, 0.05), strict=True) if level > 0]


def test_passes_are_judged_from_a_quarter_to_65_percent_and_at_the_end() -> None:
    assert judged(*range(25, 2001, 25)) == [*range(500, 1301, 50), 2000]
    assert judged(24, 25, 65, 66, 99, 100) == [25, 65, 100]
    assert judged(249, 651, 1000) == [1000]
    assert judged(400, 424, 425, 1000) == [400, 425, 1000]
    assert judged(400, 424, 970) == [400, 970]
    assert judged(1) == [1]


def test_the_levels_are_those_of_the_shares_that_are_judged() -> None:
    found = levels(Plan((10, 40, 50, 80, 100)), 0.02)
    first, second, last = nominal_alphas((0.4, 0.5, 1.0), 0.02)
    assert found == (0.0, first, second, 0.0, last)
    assert levels(Plan((7,)), 0.05) == pytest.approx((0.05,))
    with pytest.raises(ValueError, match=r"between 0 and 0\.5"):
        levels(Plan((7,)), 0.5)


PLAN = Plan((10, 40, 80, 100))


def answering(below: float, otherwise: str) -> tuple[list[float], object]:
    """A rule that passes at levels of at least ``below``, and the levels it was asked at."""
    seen: list[float] = []

    def check(level: float) -> str:
        seen.append(level)
        return "pass" if level >= below else otherwise

    return seen, check


@pytest.mark.parametrize(
    ("asked", "below", "otherwise", "dropped", "outcome"),
    [
        (40, 0.0, "inconclusive", False, "pass"),
        (40, 0.0, "inconclusive", True, "pass"),
        (40, 1.0, "inconclusive", False, None),
        (40, 1.0, "fail", False, None),
        (40, 1.0, "missing", False, None),
        (40, 1.0, "inconclusive", True, "fail"),
        (40, 0.01, "inconclusive", False, None),
        (10, 0.0, "inconclusive", False, None),
        (10, 0.0, "inconclusive", True, "fail"),
        (80, 0.0, "inconclusive", False, None),
        (100, 0.0, "fail", False, "pass"),
        (100, 0.0, "fail", True, "pass"),
        (100, 0.05, "fail", False, "inconclusive"),
        (100, 0.05, "fail", True, "fail"),
        (100, 1.0, "fail", False, "fail"),
        (100, 1.0, "inconclusive", False, "inconclusive"),
        (100, 1.0, "missing", False, "missing"),
        (100, 1.0, "inconclusive", True, "fail"),
    ],
)
def test_what_follows_from_a_look(asked: int, below: float, otherwise: str, dropped: bool, outcome: str | None) -> None:
    _, check = answering(below, otherwise)
    assert decided(PLAN, asked, 0.05, check, dropped) == outcome


def test_a_rule_is_asked_at_the_level_of_the_look_and_in_the_end_at_alpha() -> None:
    between, check = answering(1.0, "inconclusive")
    decided(PLAN, 40, 0.05, check, False)
    decided(PLAN, 10, 0.05, check, False)
    assert between == [levels(PLAN, 0.05)[1]]
    last, check = answering(1.0, "inconclusive")
    decided(PLAN, 100, 0.05, check, False)
    assert last == [levels(PLAN, 0.05)[3], 0.05]


def test_within_a_block_nothing_is_decided() -> None:
    with pytest.raises(ValueError, match="41 items were asked; expected the end of a block"):
        decided(PLAN, 41, 0.05, lambda level: "pass", False)


def run(pairs: list[tuple[float, float]], names: list[str], block: int = 0, margin: float = 0.05) -> tuple[str, int]:
    """A whole evaluation of ``max_drop``: its outcome, and the items it took."""
    plan = planned(len(pairs), names, block)
    for asked in plan.ends:

        def check(level: float, asked: int = asked) -> str:
            low, high = paired_difference(pairs[:asked], level, names[:asked]).interval
            return "pass" if low > -margin else "fail" if high < -margin else "inconclusive"

        differences = [mine - other for mine, other in pairs[:asked]]
        dropped = shown_below(differences, -FUTILE * margin, 0.05, names[:asked], plan.largest)
        outcome = decided(plan, asked, 0.05, check, dropped)
        if outcome:
            return outcome, asked
    raise AssertionError("nothing was decided after the last block")


def outcomes(n: int, change: float, discordance: float, draws: int, size: int = 1) -> tuple[list[str], float]:
    """Outcomes of drawn evaluations in clusters of alike items, and the mean share of items they took."""
    generator, found, used = numpy.random.default_rng(12), [], 0
    chances = [(discordance + change) / 2, (discordance - change) / 2, 1 - discordance]
    names = [f"g{index // size}" for index in range(n)]
    for _ in range(draws):
        kinds = generator.choice(3, n // size, p=chances).repeat(size)
        outcome, asked = run([((1.0, 0.0), (0.0, 1.0), (1.0, 1.0))[kind] for kind in kinds], names)
        found.append(outcome)
        used += asked
    return found, used / n / draws


@pytest.mark.parametrize(("n", "size"), [(600, 1), (600, 3)])
def test_a_drop_by_the_margin_passes_at_most_alpha_of_the_time(n: int, size: int) -> None:
    found, _ = outcomes(n, -0.05, 0.12, 80, size)
    assert found.count("pass") / 80 <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 80)


def test_an_equal_model_passes_early_and_a_large_drop_fails_early() -> None:
    equal, used = outcomes(1000, 0.0, 0.12, 30)
    assert equal.count("pass") >= 28
    assert used < 0.5
    worse, used = outcomes(1000, -0.15, 0.2, 30)
    assert worse.count("fail") == 30
    assert used < 0.15


ANSWER = st.sampled_from([0.0, 1.0])


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(ANSWER, ANSWER, ANSWER), min_size=1, max_size=40), st.integers(0, 40))
def test_worse_answers_never_turn_a_denial_into_a_pass(answers: list[tuple[float, float, float]], gains: int) -> None:
    answers = answers + [(1.0, 1.0, 0.0)] * gains
    random.Random(len(answers)).shuffle(answers)
    better = [(max(mine, again), other) for mine, again, other in answers]
    worse = [(min(mine, again), other) for mine, again, other in answers]
    names = [str(index) for index in range(len(answers))]
    if run(better, names, 5, 0.2)[0] != "pass":
        assert run(worse, names, 5, 0.2)[0] != "pass"
