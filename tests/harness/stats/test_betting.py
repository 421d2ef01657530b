"""The bet against a mean: what a fair game is, written out path by path, another way to compute it, and the edges."""

from __future__ import annotations

import itertools
import math
import random

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.stats.betting import BETS, log_wealth, shown_below


def wealth(values: list[float], least: float, clusters: list[str] | None = None, largest: int = 1) -> float:
    return math.exp(log_wealth(values, least, clusters or [], largest))


def capital(values: numpy.ndarray, least: float) -> numpy.ndarray:
    """The negative capital process of Waudby-Smith and Ramdas for values moved to [0, 1], averaged over its bets."""
    shares, mean = (values + 1) / 2, (least + 1) / 2
    return numpy.mean([numpy.cumprod(1 - bet / (1 - mean) * (shares - mean), axis=-1) for bet in BETS], axis=0)


@pytest.mark.parametrize("least", [-0.5, -0.012, 0.0, 0.3])
def test_the_wealth_is_the_capital_process_of_values_between_0_and_1(least: float) -> None:
    generator = numpy.random.default_rng(2)
    for values in (generator.uniform(-1, 1, 50), generator.choice([-1.0, 0.0, 1.0], 50), generator.beta(2, 3, 50)):
        for n in (1, 7, 50):
            assert wealth(values[:n].tolist(), least) == pytest.approx(capital(values, least)[n - 1])


@pytest.mark.parametrize(
    ("values", "least", "expected"),
    [([], 0.0, 1.0), ([0.0], 0.0, 1.0), ([-1.0], 0.0, 1.45), ([1.0], 0.0, 0.55), ([-1.0], -0.5, 1.15), ([0.0], -0.5, 0.85),
     ([-1.0], -1.0, 1.0), ([1.0], -1.0, 0.55), ([-1.0, -1.0], 0.0, 2.155), ([0.5], 0.75, 1.45)],
)  # fmt: skip
def test_a_loss_earns_the_bets_and_a_gain_costs_them(values: list[float], least: float, expected: float) -> None:
    assert wealth(values, least) == pytest.approx(expected)


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize(("least", "gain"), [(-0.012, 0.1), (-0.3, 0.05), (0.1, 0.3)])
def test_the_expected_wealth_stays_one_where_the_mean_is_the_least(least: float, gain: float, n: int) -> None:
    chances = {1.0: gain, -1.0: gain - least, 0.0: 1 - 2 * gain + least}
    paths = [(math.prod(chances[each] for each in path), list(path)) for path in itertools.product(chances, repeat=n)]
    assert math.fsum(chance * wealth(path, least) for chance, path in paths) == pytest.approx(1)


Draw = tuple[float, list[float], list[str]]


def clustered_paths(sizes: dict[int, float], alike: dict[int, dict[float, float]], count: int) -> list[Draw]:
    """Every draw of some clusters, whose items all have one value: its chance, its values, its clusters."""
    kinds = [(size, value, sizes[size] * chance) for size in sizes for value, chance in alike[size].items()]
    drawn = []
    for path in itertools.product(kinds, repeat=count):
        values = [value for size, value, _ in path for _ in range(size)]
        names = [f"g{index}" for index, (size, _, _) in enumerate(path) for _ in range(size)]
        drawn.append((math.prod(chance for *_, chance in path), values, names))
    return drawn


@pytest.mark.parametrize("largest", [3, 5])
def test_clusters_of_unlike_sizes_are_a_fair_game_about_the_mean_over_items(largest: int) -> None:
    # Half of the clusters have one item and lose always, half have three and never: the mean over items is -1/4, the mean
    # over clusters -1/2. A bet on the means of clusters would win against "at least -1/4", which is true.
    paths = clustered_paths({1: 0.5, 3: 0.5}, {1: {-1.0: 1.0}, 3: {0.0: 1.0}}, 4)
    expected = [chance * wealth(values, -0.25, names, largest) for chance, values, names in paths]
    assert math.fsum(expected) == pytest.approx(1)
    noisy = clustered_paths({1: 0.4, 2: 0.6}, {1: {-1.0: 0.5, 1.0: 0.5}, 2: {-1.0: 0.3, 0.0: 0.5, 1.0: 0.2}}, 3)
    mean = 0.6 * 2 * -0.1 / (0.4 + 0.6 * 2)
    assert math.fsum(chance * wealth(values, mean, names, largest) for chance, values, names in noisy) == pytest.approx(1)
    assert math.fsum(chance * wealth(values, mean - 0.1, names, largest) for chance, values, names in noisy) < 1
    assert math.fsum(chance * wealth(values, mean + 0.1, names, largest) for chance, values, names in noisy) > 1


def test_a_cluster_is_one_unit_and_the_largest_of_all_scales_the_stake() -> None:
    assert wealth([-1.0, -1.0], 0.0, ["a", "a"], 2) == pytest.approx(1.45)
    assert wealth([-1.0, -1.0], 0.0, ["a", "a"], 4) == pytest.approx(1.225)
    assert wealth([-1.0, -1.0], 0.0, ["a", "b"], 1) == pytest.approx(2.155)
    assert wealth([-1.0, 1.0], -0.5, ["a", "a"], 2) == pytest.approx(1 - 0.45 / 3)
    assert wealth([-1.0, -1.0, -1.0], -0.5, ["a", "b", "a"], 2) == pytest.approx(
        sum((1 + bet / 3) * (1 + bet / 6) for bet in BETS) / len(BETS)
    )
    assert wealth([-1.0], 0.0, largest=2) == pytest.approx(1.225)


def test_copies_of_an_item_are_worth_one() -> None:
    values = [random.Random(4).choice([-1.0, 0.0, 0.0, 1.0]) for _ in range(40)]
    copies, names = [value for value in values for _ in range(5)], [f"g{index}" for index in range(40) for _ in range(5)]
    assert log_wealth(copies, -0.012, names, 5) == pytest.approx(log_wealth(values, -0.012))


@pytest.mark.parametrize("kind", ["0/1", "graded", "skewed"])
def test_looking_after_every_item_refutes_what_is_true_at_most_alpha_of_the_time(kind: str) -> None:
    generator, shape = numpy.random.default_rng(6), (3000, 300)
    values, least = {
        "0/1": (generator.choice([-1.0, 0.0, 1.0], shape, p=[0.112, 0.788, 0.1]), -0.012),
        "graded": (generator.uniform(-0.6, 0.4, shape), -0.1),
        "skewed": (generator.choice([-1.0, 0.02], shape, p=[0.02, 0.98]), -0.02 + 0.02 * 0.98),
    }[kind]
    ever = float((capital(values, least).max(axis=1) >= 20).mean())
    assert 0.001 < ever <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / shape[0])


def test_a_large_drop_is_found_within_a_hundred_items_and_an_equal_model_is_left_alone() -> None:
    generator = numpy.random.default_rng(8)
    drop, equal = ([generator.choice([-1.0, 0.0, 1.0], 100, p=chances).tolist() for _ in range(200)]
                   for chances in ([0.2, 0.79, 0.01], [0.06, 0.88, 0.06]))  # fmt: skip
    assert sum(shown_below(values, -0.012) for values in drop) >= 190
    assert sum(shown_below(values, -0.012) for values in equal) <= 10


def test_the_belief_is_refuted_once_the_wealth_reaches_one_over_alpha() -> None:
    values = [-1.0] * 8
    assert not shown_below(values[:5], 0.0, 0.05)
    assert wealth(values[:6], 0.0) < 20 <= wealth(values[:7], 0.0)
    assert not shown_below(values[:6], 0.0, 0.05)
    assert shown_below(values[:7], 0.0, 0.05)
    assert not shown_below(values[:7], 0.0, 0.01)
    assert shown_below([-1.0] * 14, 0.0, 0.05, ["a", "b"] * 7, 7) is False
    exact = next(
        alpha
        for alpha in (math.nextafter(math.exp(-log_wealth(values[:n], 0.0)), step) for n in range(2, 9) for step in (0.0, 1.0))
        if any(-math.log(alpha) == log_wealth(values[:n], 0.0) for n in range(2, 9))
    )
    size = next(n for n in range(2, 9) if log_wealth(values[:n], 0.0) == -math.log(exact))
    assert shown_below(values[:size], 0.0, exact)


def test_a_hundred_thousand_losses_are_no_overflow() -> None:
    assert log_wealth([-1.0] * 100_000, 0.0) == pytest.approx(100_000 * math.log(1.8) - math.log(8))
    assert log_wealth([1.0] * 100_000, 0.0) == pytest.approx(100_000 * math.log(0.9) - math.log(8))


VALUE = st.sampled_from([-1.0, -0.4, 0.0, 0.25, 1.0])
VALUES = st.lists(VALUE, min_size=1, max_size=20)


@settings(deadline=None, max_examples=40)
@given(VALUES, st.integers(), st.sampled_from([1, 3]))
def test_the_order_does_not_matter(values: list[float], seed: int, size: int) -> None:
    names = [f"g{index // size}" for index in range(len(values))]
    order = random.Random(seed).sample(range(len(values)), len(values))
    there = log_wealth([values[index] for index in order], -0.1, [names[index] for index in order], size)
    assert there == pytest.approx(log_wealth(values, -0.1, names, size), abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(VALUE, VALUE), min_size=1, max_size=20))
def test_a_worse_value_never_lowers_the_wealth(pairs: list[tuple[float, float]]) -> None:
    worse, better = [min(pair) for pair in pairs], [max(pair) for pair in pairs]
    assert log_wealth(worse, -0.1) >= log_wealth(better, -0.1) - 1e-12


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1.001, -1.001])
def test_what_is_no_score_is_no_value(bad: float) -> None:
    with pytest.raises(ValueError, match="not between -1 and 1"):
        log_wealth([0.0, bad], 0.0)


@pytest.mark.parametrize("least", [1.0, 1.5, -1.01, math.nan])
def test_a_mean_that_nothing_can_refute_fairly_is_no_bet(least: float) -> None:
    with pytest.raises(ValueError, match="expected at least -1 and less than 1"):
        log_wealth([0.0], least)


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, math.nan])
def test_no_chance_and_certainty_are_no_alpha(alpha: float) -> None:
    with pytest.raises(ValueError, match="expected a chance between 0 and 1"):
        shown_below([-1.0], 0.0, alpha)


def test_clusters_have_to_fit_the_values_and_the_largest() -> None:
    with pytest.raises(ValueError, match="1 clusters for 2 values"):
        log_wealth([0.0, 0.0], 0.0, ["a"])
    with pytest.raises(ValueError, match="cluster 'a' has 2 items; expected at most 1"):
        log_wealth([0.0, 0.0, 0.0], 0.0, ["a", "b", "a"], 1)
    with pytest.raises(ValueError, match="largest cluster has 0 items"):
        log_wealth([0.0], 0.0, largest=0)
