"""How often a rule passes imagined candidates: against exact sums, and against asking the rule about every draw."""

from __future__ import annotations

import math

import numpy
import pytest

from harness.draws import RESOLUTION, Part, checked, evened, evidence_of, leveled, resampled, turned
from harness.trials import Twice
from harness.types import Rule

DROP = Rule(kind="max_drop", metric="task.accuracy", bound=0.1)


def part(n: int, per_cluster: int = 1, better: str = "higher") -> Part:
    clusters = tuple(f"c{at // per_cluster}" for at in range(n))
    return Part("task.accuracy", better, tuple(f"q{at}" for at in range(n)), clusters)


def exactly(rule: Rule, of: Part, discordance: float) -> float:
    """The chance that an equal candidate passes, summed over every number of gains and losses."""
    n, total = len(of.ids), 0.0
    for differ in range(n + 1):
        weight = math.comb(n, differ) * discordance**differ * (1 - discordance) ** (n - differ)
        for lost in range(differ + 1) if weight > 1e-6 else ():
            mine = numpy.array([0.0] * lost + [1.0] * (n - lost))
            other = numpy.array([1.0] * lost + [0.0] * (differ - lost) + [1.0] * (n - differ))
            check = checked(rule, (evidence_of(of, mine, other),))
            total += weight * math.comb(differ, lost) * 0.5**differ * (check.outcome == "pass")
    return total


@pytest.mark.parametrize(("n", "discordance"), [(60, 0.1), (60, 0.2), (100, 0.2)])
def test_the_share_that_passes_is_the_exact_chance(n: int, discordance: float) -> None:
    wanted = exactly(DROP, part(n), discordance)
    found = turned(DROP, evened([part(n)], 0.05, discordance, False)).passed
    assert 0.05 < wanted < 0.95
    assert abs(found - wanted) < 4 * math.sqrt(wanted * (1 - wanted) / 1000) + RESOLUTION / 2


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("better", ["higher", "lower"])
def test_asking_at_the_turn_alone_finds_what_asking_about_every_draw_finds(better: str, together: bool) -> None:
    draws = evened([part(120, 3, better)], 0.05, 0.12, together)
    every = [checked(DROP, draws.evidence(at)) for at in range(0, len(draws.looks), 10)]
    passed = sum(check.outcome == "pass" for check in every) / len(every)
    assert abs(turned(DROP, draws).passed - passed) < 0.06
    assert 0.05 < passed < 0.95


def test_clusters_that_change_all_at_once_are_harder_to_pass() -> None:
    one, all_at_once = (turned(DROP, evened([part(200, 4)], 0.05, 0.1, way)).passed for way in (False, True))
    assert all_at_once < one - 0.1


def test_draws_differ_on_as_many_items_as_was_assumed_and_have_no_true_change() -> None:
    draws = evened([part(400)], 0.05, 0.2, False)
    pairs = [pair for at in range(100) for pair in draws.evidence(at)[0].pairs]
    assert abs(sum(mine != other for mine, other in pairs) / len(pairs) - 0.2) < 0.01
    assert abs(sum(mine - other for mine, other in pairs) / len(pairs)) < 0.01


def test_a_true_change_is_drawn_with_its_size() -> None:
    draws = evened([part(400, better="lower")], 0.05, 0.2, False, change=0.1)
    pairs = [pair for at in range(100) for pair in draws.evidence(at)[0].pairs]
    assert abs(sum(other - mine for mine, other in pairs) / len(pairs) - 0.1) < 0.01


def test_the_same_draws_come_again() -> None:
    one, two = (evened([part(50)], 0.05, 0.2, False).looks.tolist() for _ in range(2))
    assert one == two


def test_a_level_on_the_right_side_of_the_number_passes() -> None:
    rule = Rule(kind="at_least", metric="task.accuracy", bound=0.5)
    shares = [turned(rule, leveled(part(80), 0.05, level, False, 1)).passed for level in (0.2, 0.6, 0.95)]
    assert shares[0] == 0.0
    assert 0.1 < shares[1] < 0.9
    assert shares[2] == 1.0


def test_a_model_redrawn_beside_itself_passes_and_one_of_great_discordance_does_not() -> None:
    here = part(100, 2)
    same = Twice((1.0,) * 100, (1.0,) * 100, here.clusters, "higher")
    assert turned(DROP, resampled([here], [same], 0.05, True)).passed == 1.0
    one, two = (tuple(float(at % step == 0) for at in range(100)) for step in (2, 3))
    apart = Twice(one, two, here.clusters, "higher")
    assert turned(DROP, resampled([here], [apart], 0.05, True)).passed < 0.7


def test_evidence_that_cannot_be_computed_is_not_passed() -> None:
    rule = Rule(kind="min_ratio", metric="task.accuracy", bound=0.9)
    none_right = Twice((0.0,) * 20, (0.0,) * 20, part(20).clusters, "higher")
    assert turned(rule, resampled([part(20)], [none_right], 0.05, True)).passed == 0.0
