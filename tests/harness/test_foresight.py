"""What rules will be able to say: the figures against exact ones, and a warning wherever nothing can come of a rule."""

from __future__ import annotations

import re

import pytest
import scipy.stats

from harness.foresight import outlooks
from harness.rehearsal import Rehearsal
from harness.types import Rule, Sample

Rows = dict[str, Rehearsal]


def rehearsal(n: int, per_cluster: int = 1, score: float = 0.0, better: str = "higher") -> Rows:
    samples = tuple(
        Sample(
            id=f"q{at}", prompt="?", output="", scores={"accuracy": score}, cluster=f"c{at // per_cluster}",
            tags={"lang": "de" if at % 4 else "en", "severity": "high" if at % 10 == 0 else "low"},
        )
        for at in range(n)
    )  # fmt: skip
    return {"task": Rehearsal("task", samples, n, {"accuracy": better}, "sha256:" + "1" * 64)}


def rule(kind: str, bound: float, metric: str = "task.accuracy", **options) -> Rule:
    return Rule(kind=kind, metric=metric, bound=bound, **options)


def one(wanted: Rule, rows: Rows, **options):
    (found,) = outlooks([wanted], rows, **options)
    return found


def test_a_sound_rule_is_not_warned_of_and_says_what_it_reads() -> None:
    found = one(rule("max_drop", 0.1), rehearsal(200, 2))
    assert (found.items, found.clusters, found.answers) == (200, 100, 400)
    assert found.warnings == ()
    low, typical, high = found.scenarios
    assert low.not_passed[0] < typical.not_passed[0] < high.not_passed[0]
    assert typical.not_passed[0] < typical.not_passed[1]
    assert 0.03 < typical.sees[0] < typical.sees[1] < 0.2


@pytest.mark.parametrize(
    ("wanted", "rows", "said"),
    [
        (rule("at_least", 1.0), rehearsal(100), "never pass, however good"),
        (rule("at_most", 0.0), rehearsal(100, better="lower"), "never pass, however good"),
        (rule("zero_tolerance", 0.01), rehearsal(100, better="lower"), "takes 299 independent items"),
        (rule("zero_tolerance", 0.0), rehearsal(100, better="lower"), "no number of items shows"),
        (rule("max_drop", 0.03), rehearsal(100, 4), "cannot pass a candidate that changes nothing"),
        (rule("max_drop", 0.9), rehearsal(3), "never fail, only be inconclusive"),
        (rule("no_flip", 0, items=("q1", "gone")), rehearsal(10), "can never be decided: 'task.accuracy' has no item 'gone'"),
        (rule("max_drop", 0.1, "task.accuracy@lang=fr"), rehearsal(40), "can never be decided: .* no such metric"),
        (rule("max_drop", 0.1, "task.accuracy@place=*"), rehearsal(40), "can never be decided"),
        (rule("max_drop", 0.1, "task.accuracy@severity>=critical"), rehearsal(40), "can never be decided"),
    ],
)
def test_a_rule_of_which_nothing_can_come_is_warned_of(wanted: Rule, rows: Rows, said: str) -> None:
    assert re.search(said, " ".join(one(wanted, rows).warnings))


@pytest.mark.parametrize(
    ("wanted", "rows"),
    [
        (rule("at_least", 0.8), rehearsal(100)),
        (rule("at_most", 0.2), rehearsal(100, better="lower")),
        (rule("at_most", 0.2), rehearsal(100)),
        (rule("zero_tolerance", 0.05), rehearsal(100, better="lower")),
        (rule("must_gain", 0.05), rehearsal(200)),
        (rule("no_flip", 0, items=("q1", "q2")), rehearsal(10)),
        (rule("min_ratio", 0.9), rehearsal(100)),
        (rule("max_ratio", 1.1), rehearsal(100, better="lower")),
        (rule("max_ratio", 1.1), rehearsal(100, score=8.0, better="lower")),
        (rule("max_drop", 0.1), rehearsal(100, score=8.0, better="lower")),
        (rule("max_drop", 0.3, "task.accuracy@severity>=high"), rehearsal(100)),
    ],
)
def test_a_rule_that_can_pass_and_fail_is_not_warned_of(wanted: Rule, rows: Rows) -> None:
    assert one(wanted, rows).warnings == ()


@pytest.mark.parametrize(("bound", "n"), [(0.8, 100), (0.5, 300)])
def test_the_level_that_is_wanted_is_the_exact_one(bound: float, n: int) -> None:
    found = one(rule("at_least", bound), rehearsal(n))
    least = min(k for k in range(n + 1) if scipy.stats.beta.ppf(0.05, max(k, 1e-9), n - k + 1) >= bound)
    exact = min(p / 1000 for p in range(1001) if scipy.stats.binom.sf(least - 1, n, p / 1000) >= 0.8)
    assert found.wanted[0] == found.wanted[1] == pytest.approx(exact, abs=0.008)


def test_a_number_that_must_not_be_exceeded_wants_a_level_below_it() -> None:
    low, high = one(rule("at_most", 0.2), rehearsal(200, 2, better="lower")).wanted
    assert 0.05 < low < high < 0.2


def test_a_gain_that_is_wanted_has_to_be_larger_than_the_number() -> None:
    low, high = one(rule("must_gain", 0.05), rehearsal(300, 3)).wanted
    assert 0.05 < low < high < 0.3


def test_every_slice_has_an_outlook_of_its_own() -> None:
    found = list(outlooks([rule("max_drop", 0.2, "task.accuracy@lang=*")], rehearsal(100)))
    assert [(each.rule.metric, each.items) for each in found] == [("task.accuracy@lang=de", 75), ("task.accuracy@lang=en", 25)]


def test_a_scan_is_an_exact_count() -> None:
    found = one(rule("at_most", 0, "pii.rows_with_findings"), rehearsal(10))
    assert found.read == "rows"
    assert found.scenarios == ()


def test_a_count_of_flips_sees_exactly_and_stops_whoever_changes() -> None:
    found = one(rule("no_flip", 0, items=tuple(f"q{at}" for at in range(20))), rehearsal(20))
    assert found.scenarios[0].sees is None
    assert found.scenarios[-1].not_passed[0] == pytest.approx(1 - 0.9**20, abs=0.06)


def test_scores_of_no_known_range_wait_for_a_finished_run(measured) -> None:
    rows = rehearsal(40, score=8.0, better="lower")
    assert "give a finished one" in one(rule("max_drop", 0.1), rows).method
    mine, other = ([2 + 0.1 * ((at * step) % 7) for at in range(40)] for step in (1, 3))
    clusters = [f"c{at}" for at in range(40)]
    arms = tuple({"task": measured(scores, better="lower", clusters=clusters)} for scores in (mine, other))
    found = one(rule("max_drop", 0.1), rows, after=arms)
    assert found.measured
    assert 0 < found.scenarios[0].not_passed[0] < 1


def test_a_finished_run_says_how_many_answers_differ(measured) -> None:
    scores = [float(at % 8 != 0) for at in range(200)]
    arms = ({"task": measured(scores)}, {"task": measured([1.0] * 200)})
    found = one(rule("max_drop", 0.1), rehearsal(200), after=arms)
    assert [each.discordance for each in found.scenarios] == [0.125]
    alone = one(rule("at_least", 0.8), rehearsal(200), after=arms)
    assert alone.scenarios[0].not_passed == (0.0, 0.0)


def test_a_finished_run_over_other_items_is_not_used(measured) -> None:
    arms = ({"task": measured([1.0] * 30)}, {"task": measured([1.0] * 30)})
    found = one(rule("max_drop", 0.2), rehearsal(40), after=arms)
    assert not found.measured
    assert "asked other items" in found.warnings[0]
    assert len(found.scenarios) == 3


def test_a_budget_counts_the_items_of_every_metric() -> None:
    rows = rehearsal(100)
    samples = tuple(each.model_copy(update={"scores": {"accuracy": 0.0, "kept": 0.0}}) for each in rows["task"].samples)
    both = {"task": Rehearsal("task", samples, 100, {"accuracy": "higher", "kept": "higher"}, rows["task"].items)}
    found = one(rule("budget", 0.3, also=("task.kept",)), both)
    assert found.items == 200
    assert found.warnings == ()
    assert found.scenarios[0].not_passed[0] < 0.1
