"""Comparisons made from real answers: their truth is what it is said to be."""

from __future__ import annotations

import numpy
import pytest

from harness.trials import Twice, perfect, planted, redrawn, share_to_hit

CLUSTERS = tuple(f"c{at // 3}" for at in range(90)) + ("big",) * 10
FIRST = tuple(float(at % 5 != 0) for at in range(100))
SECOND = tuple(float(at % 7 != 0) for at in range(100))


@pytest.fixture
def random() -> numpy.random.Generator:
    return numpy.random.default_rng(5)


def twice(better: str = "higher", first=FIRST, second=SECOND) -> Twice:
    return Twice(first, second, CLUSTERS, better)


def changes(found: Twice, change: float, by: str, random, runs: int = 1500) -> numpy.ndarray:
    """Sums over the drawn items, as a ratio over all runs: the mean over items, whatever the sizes of the drawn clusters."""
    share = share_to_hit(found, change)
    trials = [planted(redrawn(found, random), found, change, share, by, random) for _ in range(runs)]
    lost = numpy.array([(each.mine - each.other).sum() for each in trials])
    sizes = numpy.array([len(each.mine) for each in trials])
    ratio = lost.sum() / sizes.sum()
    return ratio, (lost - ratio * sizes).std() / runs**0.5 / sizes.mean()


@pytest.mark.parametrize("by", ["items", "clusters"])
@pytest.mark.parametrize("change", [0.0, -0.05, -0.1, 0.05])
@pytest.mark.parametrize("better", ["higher", "lower"])
def test_the_true_change_is_the_one_that_was_planted(better: str, change: float, by: str, random) -> None:
    found, error = changes(twice(better), change, by, random)
    wanted = change if better == "higher" else -change
    assert abs(found - wanted) < 4 * error
    assert error < 0.006


@pytest.mark.parametrize("by", ["items", "clusters"])
def test_scores_of_no_known_range_move_by_what_was_planted(by: str, random) -> None:
    wide = twice("lower", [2 + 3 * score for score in FIRST], [2 + 3 * score for score in SECOND])
    found, error = changes(wide, -0.2, by, random)
    assert abs(found - 0.2) < 4 * error


def test_both_arms_of_a_trial_are_drawn_from_the_same_answers(random) -> None:
    trial = redrawn(twice(), random)
    assert len(set(trial.groups)) == 31
    for mine, other, place in zip(trial.mine, trial.other, trial.places, strict=True):
        assert {mine, other} == {FIRST[place], SECOND[place]}


def test_the_arms_change_places_in_whole_clusters(random) -> None:
    found = Twice((1.0,) * 100, (0.0,) * 100, CLUSTERS, "higher")
    trial = redrawn(found, random)
    for group in set(trial.groups):
        assert len(set(trial.mine[trial.groups == group])) == 1
    assert 0 < trial.mine.mean() < 1


def test_clusters_are_spoiled_whole_and_items_each_for_itself(random) -> None:
    right = Twice((1.0,) * 100, (1.0,) * 100, CLUSTERS, "higher")
    whole = planted(redrawn(right, random), right, -0.5, 0.5, "clusters", random)
    assert all(len(set(whole.mine[whole.groups == group])) == 1 for group in set(whole.groups))
    single = planted(redrawn(right, random), right, -0.5, 0.5, "items", random)
    assert any(len(set(single.mine[single.groups == group])) == 2 for group in set(single.groups))


def test_no_more_can_be_lost_than_there_is() -> None:
    assert share_to_hit(twice(), -0.99) is None
    assert share_to_hit(twice(), -twice().mean) == 1.0
    assert share_to_hit(Twice((0.0,), (0.0,), ("c",), "higher"), -0.01) is None
    assert share_to_hit(twice(), 0.0) == 0.0


def test_a_perfect_candidate_has_the_best_score_everywhere(random) -> None:
    assert perfect(redrawn(twice(), random), twice()).mine.min() == 1.0
    assert perfect(redrawn(twice("lower"), random), twice("lower")).mine.max() == 0.0


def test_the_discordance_counts_the_items_that_differ() -> None:
    assert Twice((1.0, 0.0, 1.0, 1.0), (1.0, 1.0, 0.0, 1.0), ("a", "b", "c", "d"), "higher").discordance == 0.5
