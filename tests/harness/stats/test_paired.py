"""Paired differences: published values, brute force, other people's code, the edges, and the error rates."""

from __future__ import annotations

import math
import random

import numpy
import pytest
import scipy.optimize
import scipy.stats
import statsmodels.api
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.stats.bounded import mean_low, unseen
from harness.stats.intervals import FEWEST_ALIKE, cluster_stderr, t_quantile, z_quantile
from harness.stats.paired import Pairs, paired_difference, tango
from harness.stats.power import detectable_drop

TWO_SIDED = 0.025


def table(both: int, gained: int, lost: int, neither: int) -> list[tuple[float, float]]:
    return [(1.0, 1.0)] * both + [(1.0, 0.0)] * gained + [(0.0, 1.0)] * lost + [(0.0, 0.0)] * neither


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        # Tango (1998), crossover trial of soft lenses.
        ((43, 0, 1, 0), (-0.118, 0.059)),
        # Fagerland, Lydersen and Laake, Statistics in Medicine 33 (2014), 2850-2875: airway hyper-responsiveness.
        ((1, 1, 7, 12), (-0.517, -0.026)),
    ],
)
def test_the_interval_of_paired_rates_has_the_published_ends(
    cells: tuple[int, int, int, int], expected: tuple[float, float]
) -> None:
    assert paired_difference(table(*cells), TWO_SIDED).interval == pytest.approx(expected, abs=6e-4)


def score_by_brute_force(gained: float, lost: float, n: float, delta: float) -> float:
    """The score statistic with the restricted likelihood maximised numerically."""

    def loss(log_share: float) -> float:
        share = math.exp(log_share)
        cells = [(gained, share + delta), (lost, share), (n - gained - lost, 1 - 2 * share - delta)]
        if any(chance <= 0 for count, chance in cells):
            return 1e9
        return -sum(count * math.log(chance) for count, chance in cells if count)

    least, most = max(0.0, -delta), (1 - delta) / 2
    shares = numpy.linspace(least + 1e-12, most - 1e-12, 4001)
    best = min(shares, key=lambda share: loss(math.log(share)))
    step = shares[1] - shares[0]
    found = scipy.optimize.minimize_scalar(
        lambda share: loss(math.log(share)),
        bounds=(max(best - step, least + 1e-13), min(best + step, most - 1e-13)),
        method="bounded",
        options={"xatol": 1e-13},
    )
    return (gained - lost - n * delta) / math.sqrt(n * (2 * found.x + delta * (1 - delta)))


@pytest.mark.parametrize(
    ("gained", "lost", "n"), [(12, 2, 21), (3, 7, 40), (10, 10, 100), (5, 1, 12), (1, 9, 30)]
)
def test_the_ends_of_the_interval_are_where_the_score_test_turns(gained: int, lost: int, n: int) -> None:
    low, high = tango(gained, lost, n, 1.6448536269514722)
    assert score_by_brute_force(gained, lost, n, low) == pytest.approx(1.6448536, abs=2e-4)
    assert score_by_brute_force(gained, lost, n, high) == pytest.approx(-1.6448536, abs=2e-4)


@pytest.mark.parametrize("quantile", [0.1, 1.2816, 1.6449, 2.5758])
def test_every_table_of_few_pairs_has_an_interval_around_its_difference(quantile: float) -> None:
    for n in range(1, 9):
        for gained in range(n + 1):
            for lost in range(n - gained + 1):
                low, high = tango(gained, lost, n, quantile)
                assert -1 <= low <= (gained - lost) / n <= high <= 1


def test_swapping_the_arms_mirrors_the_interval() -> None:
    low, high = tango(12, 2, 21, 1.96)
    assert tango(2, 12, 21, 1.96) == pytest.approx((-high, -low))


@pytest.mark.parametrize("n", [1, 2, 20, 2000])
def test_no_discordant_pair_still_leaves_doubt(n: int) -> None:
    z = z_quantile(0.95)
    found = paired_difference([(1.0, 1.0)] * n)
    assert found.interval == pytest.approx((-z * z / (n + z * z), z * z / (n + z * z)))
    assert found.detectable == min(1.0, detectable_drop(1 / n, n))
    assert (found.delta, found.n, found.method) == (0.0, n, "Tango score interval")


@pytest.mark.parametrize("n", [1, 3, 30])
def test_every_pair_lost_reaches_the_end_of_the_range(n: int) -> None:
    low, high = paired_difference([(0.0, 1.0)] * n).interval
    assert low == pytest.approx(-1.0, abs=1e-9)
    assert -1.0 < high < 1.0
    assert paired_difference([(1.0, 0.0)] * n).interval == pytest.approx((-high, 1.0), abs=1e-9)


def test_the_difference_of_rates_is_gains_less_losses_over_all_pairs() -> None:
    found = paired_difference(table(50, 8, 2, 40))
    assert (found.delta, found.n) == (0.06, 100)
    assert found.detectable == detectable_drop(0.1, 100)
    assert found.interval == tango(8, 2, 100, z_quantile(0.95))
    assert paired_difference(table(50, 8, 2, 40), 0.01).interval == tango(8, 2, 100, z_quantile(0.99))


def test_negated_rates_are_the_mirrored_rates() -> None:
    pairs = table(50, 8, 2, 40)
    plain, negated = paired_difference(pairs), paired_difference([(-mine, -other) for mine, other in pairs])
    assert negated.method == plain.method
    assert negated.delta == -plain.delta
    assert negated.interval == pytest.approx((-plain.interval[1], -plain.interval[0]))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_a_number_has_no_difference(bad: float) -> None:
    for pair in [(bad, 1.0), (1.0, bad)]:
        with pytest.raises(ValueError, match="not finite"):
            paired_difference([(1.0, 1.0), pair])


def test_nothing_and_unnamed_items_have_no_difference() -> None:
    with pytest.raises(ValueError, match="no pairs"):
        paired_difference([])
    with pytest.raises(ValueError, match="1 clusters for 2 pairs"):
        paired_difference([(1.0, 1.0)] * 2, clusters=["a"])


def test_the_interval_of_other_scores_is_the_paired_t_interval() -> None:
    generator = numpy.random.default_rng(3)
    mine, other = generator.normal(5, 2, 40), generator.normal(4, 2, 40)
    found = paired_difference(list(zip(mine.tolist(), other.tolist(), strict=True)), 0.05)
    expected = scipy.stats.ttest_rel(mine, other).confidence_interval(0.9)
    assert found.interval == pytest.approx((expected.low, expected.high))
    assert found.method == "paired t interval"
    error = float(scipy.stats.sem(mine - other))
    assert found.detectable == pytest.approx((t_quantile(0.95, 39) + z_quantile(0.8)) * error)


def test_few_equal_differences_of_unknown_range_say_nothing() -> None:
    few = paired_difference([(5.0, 3.0)] * (FEWEST_ALIKE - 1))
    assert (few.delta, few.interval, few.detectable) == (2.0, (-math.inf, math.inf), math.inf)
    assert few.method == "too few differing items: no interval"
    many = paired_difference([(5.0, 3.0)] * FEWEST_ALIKE)
    assert many.interval == (2.0, 2.0)
    assert paired_difference([(5.0, 3.0)]).interval == (-math.inf, math.inf)
    apart = paired_difference([(5.0, 3.0), (5.0, 2.0), (4.0, 3.0)])
    assert math.isfinite(apart.interval[0])


def test_clusters_that_cancel_out_show_no_spread_and_few_of_them_say_nothing() -> None:
    pairs, groups = [(5.0, 3.0), (3.0, 5.0)] * 10, [f"g{index // 2}" for index in range(20)]
    assert paired_difference(pairs, clusters=groups).interval == (-math.inf, math.inf)


def test_one_cluster_says_next_to_nothing_of_another() -> None:
    rates = paired_difference([(1.0, 1.0)] * 9 + [(0.0, 1.0)], clusters=["a"] * 10)
    assert (rates.delta, rates.n, rates.detectable) == (-0.1, 10, 1.0)
    assert rates.interval == pytest.approx((-1 + 0.05 * 0.9, 1 - 0.05 * 1.1))
    assert rates.method == "Gaffke's bound, 1 clusters"
    numbers = paired_difference([(5.0, 3.0), (4.0, 3.0)], clusters=["a"] * 2)
    assert numbers.interval == (-math.inf, math.inf)


def test_two_clusters_have_one_degree_of_freedom() -> None:
    numbers, names = [(5.0, 3.0), (4.0, 3.0), (7.0, 3.0), (9.0, 3.0)], ["a", "a", "b", "b"]
    found = paired_difference(numbers, 0.05, names)
    reach = t_quantile(0.95, 1) * regression([2.0, 1.0, 4.0, 6.0], names)
    assert found.interval == pytest.approx((3.25 - reach, 3.25 + reach))


def test_clusters_of_one_item_are_no_clusters() -> None:
    pairs = table(50, 8, 2, 40)
    assert paired_difference(pairs, clusters=[f"g{index}" for index in range(100)]) == paired_difference(pairs)


def regression(differences: list[float], groups: list[str]) -> float:
    """statsmodels' CR1 error of a constant: G / (G - 1) times (N - 1) / (N - K), and K is 1 here."""
    codes = [sorted(set(groups)).index(group) for group in groups]
    model = statsmodels.api.OLS(differences, numpy.ones(len(differences)))
    return float(model.fit(cov_type="cluster", cov_kwds={"groups": codes, "use_correction": True}).bse[0])


def test_the_error_of_clustered_scores_is_that_of_a_regression_on_a_constant() -> None:
    generator = random.Random(5)
    groups = [f"g{generator.randrange(9)}" for _ in range(60)]
    values = [generator.gauss(0, 1) + int(group[1:]) / 3 for group in groups]
    assert cluster_stderr(values, groups) == pytest.approx(regression(values, groups))
    two = ["a"] * 30 + ["b"] * 30
    assert cluster_stderr(values, two) == pytest.approx(regression(values, two))
    found = paired_difference([(5 + value, 5.0) for value in values], clusters=groups)
    reach = t_quantile(0.95, 8) * regression(values, groups)
    assert found.interval == pytest.approx((found.delta - reach, found.delta + reach))
    assert found.method == "cluster-robust t interval, 9 clusters"


def test_clustered_rates_have_the_bound_of_their_means() -> None:
    pairs = table(20, 3, 2, 15)
    groups = ["big"] * 4 + [f"g{index}" for index in range(36)]
    means, sizes = [0.0] * 17 + [1.0] * 3 + [-1.0] * 2 + [0.0] * 15, [4, *[1] * 36]
    found = paired_difference(pairs, 0.05, groups)
    lows = [mean_low([sign * mean for mean in means], -1.0, 0.05, sizes) for sign in (1, -1)]
    assert found.interval == pytest.approx((lows[0], -lows[1]))
    assert (found.delta, found.n, found.method) == (pytest.approx(0.025), 40, "Gaffke's bound, 37 clusters")
    spread = cluster_stderr([mine - other for mine, other in pairs], groups)
    assert found.detectable == pytest.approx((z_quantile(0.95) + z_quantile(0.8)) * spread)


def test_copies_of_an_item_count_once() -> None:
    pairs, groups = [(0.5, 0.75), (1.0, 0.0), (0.25, 0.25)] * 4, [str(index) for index in range(12)]
    alone, copied = paired_difference(pairs), paired_difference(pairs * 5, 0.05, groups * 5)
    assert copied.interval == pytest.approx(alone.interval)
    assert copied.detectable == pytest.approx(alone.detectable)


def test_clusters_without_a_change_leave_room_for_one_that_was_not_seen() -> None:
    groups = [f"g{index // 10}" for index in range(300)]
    for score in (1.0, 0.5):
        found, missed = paired_difference([(score, score)] * 300, clusters=groups), unseen(30, 0.05)
        assert found.interval == pytest.approx((-missed, missed))
        assert found.detectable == pytest.approx(missed)


def test_shares_leave_room_for_losses_that_were_not_seen() -> None:
    found, missed = paired_difference([(0.5, 0.5)] * 100), unseen(100, 0.05)
    assert found.interval == pytest.approx((-missed, missed))
    assert (found.detectable, found.method) == (pytest.approx(missed), "Gaffke's bound")


def test_shares_with_a_wide_spread_have_about_the_paired_t_interval() -> None:
    generator = numpy.random.default_rng(7)
    mine, other = generator.uniform(0, 1, 2000), generator.uniform(0, 1, 2000)
    found = paired_difference(list(zip(mine.tolist(), other.tolist(), strict=True)), 0.05)
    expected = scipy.stats.ttest_rel(mine, other).confidence_interval(0.9)
    assert found.interval == pytest.approx((expected.low, expected.high), abs=2e-3)
    assert found.interval[0] < expected.low and expected.high < found.interval[1]


def test_a_score_that_becomes_a_fraction_earns_no_better_bound() -> None:
    ones = [(1.0, 1.0)] * 20
    assert paired_difference([(0.999, 1.0), *ones[1:]]).interval[0] <= paired_difference(ones).interval[0]


def test_what_shares_detect_is_never_more_than_their_range() -> None:
    assert paired_difference([(0.9, 0.1), (0.1, 0.9)]).detectable == 1.0


def lowest(pairs: Pairs) -> float:
    """The lower end for shares, written out: the bound of bounded values, between Tango's at both readings."""
    low = mean_low([mine - other for mine, other in pairs], -1.0, 0.05)
    if any(other not in (0.0, 1.0) for _, other in pairs):
        return low
    kind = paired_difference([(math.ceil(mine), other) for mine, other in pairs]).interval[0]
    return max(paired_difference([(math.floor(mine), other) for mine, other in pairs]).interval[0], min(kind, low))


@pytest.mark.parametrize("baselines", [(0.0, 1.0), (0.0, 1.0, 1.0, 1.0), (0.0,), (0.25, 0.5, 1.0)])
@pytest.mark.parametrize("shares", [(0.0, 0.5, 1.0), (0.001, 1.0), (0.999, 0.0), (0.999, 1.0), (0.001, 0.0)])
@pytest.mark.parametrize("n", [2, 5, 12, 40])
def test_both_ends_of_shares_lie_between_the_strict_and_the_kind_reading(
    n: int, shares: tuple[float, ...], baselines: tuple[float, ...]
) -> None:
    draw = random.Random(n)
    for _ in range(6):
        pairs = [(draw.choice(shares), draw.choice(baselines)) for _ in range(n)]
        if all(score in (0.0, 1.0) for pair in pairs for score in pair):
            continue
        low, high = paired_difference(pairs).interval
        assert low == pytest.approx(lowest(pairs))
        assert high == pytest.approx(-lowest([(1 - mine, 1 - other) for mine, other in pairs]))


PAIR = st.tuples(st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 1.0]))


SHARE = st.sampled_from([0.0, 0.001, 0.3, 0.5, 0.999, 1.0])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(PAIR, st.tuples(SHARE, SHARE)), min_size=1, max_size=14), st.data())
def test_a_worse_answer_never_raises_the_lower_bound(pairs: Pairs, data: st.DataObject) -> None:
    worse = [(data.draw(st.sampled_from([0.0, mine / 2, mine])), other) for mine, other in pairs]
    groups = [f"g{data.draw(st.integers(0, 5))}" for _ in pairs]
    assert paired_difference(worse).interval[0] <= paired_difference(pairs).interval[0] + 1e-9
    clustered = [paired_difference(each, 0.05, groups).interval[0] for each in (worse, pairs)]
    assert clustered[0] <= clustered[1] + 1e-9


@settings(max_examples=60, deadline=None)
@given(st.lists(PAIR, min_size=1, max_size=14), st.integers())
def test_the_order_of_the_pairs_does_not_matter(pairs: Pairs, seed: int) -> None:
    order = random.Random(seed).sample(range(len(pairs)), len(pairs))
    groups = [f"g{index % 3}" for index in range(len(pairs))]
    there = paired_difference([pairs[index] for index in order], clusters=[groups[index] for index in order])
    here = paired_difference(pairs, clusters=groups)
    assert (there.delta, there.n, there.method) == (here.delta, here.n, here.method)
    assert there.interval == pytest.approx(here.interval)


def passes(n: int, true_change: float, discordance: float, draws: int, size: int = 1) -> float:
    """The share of draws whose lower bound lies above a margin of three points."""
    generator = numpy.random.default_rng(11)
    gain = (discordance + true_change) / 2
    chances = [gain, discordance - gain, 1 - discordance]
    passed = 0
    for _ in range(draws):
        gained, lost, _ = generator.multinomial(n // size, chances)
        pairs = table(n // size - gained - lost, gained, lost, 0)
        groups = [f"g{index}" for index in range(len(pairs)) for _ in range(size)]
        passed += paired_difference([pair for pair in pairs for _ in range(size)], 0.05, groups).interval[0] > -0.03
    return passed / draws


def test_a_drop_by_the_margin_passes_at_most_alpha_of_the_time_and_an_equal_model_mostly_does() -> None:
    noise = 3 * math.sqrt(0.05 * 0.95 / 300)
    assert passes(1000, -0.03, 0.12, 300) <= 0.05 + noise
    assert passes(1000, 0.0, 0.12, 300) >= 0.8


def test_a_clustered_drop_by_the_margin_passes_at_most_alpha_of_the_time() -> None:
    noise = 3 * math.sqrt(0.05 * 0.95 / 150)
    assert passes(1000, -0.03, 0.12, 150, size=5) <= 0.05 + noise
