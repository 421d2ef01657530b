"""The samples of a measurement in columns: what a rule reads of them, and that it is what the suite averaged."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pytest

from harness.errors import MeasurementError
from harness.scores import Part, Scores
from harness.suite import scored_by_metric
from harness.types import Measurement, Sample


def item(name: str, score: str = "accuracy", value: float = 1.0, cluster: str | None = None, **tags: str) -> Sample:
    return Sample(id=name, prompt="?", output="!", scores={score: value}, tags=tags, cluster=cluster)


def scores(*samples: Sample) -> Scores:
    digest = "sha256:" + "1" * 64
    return Scores(Measurement(suite="task", version="1", subject=digest, items=digest, metrics=(), samples=samples))


ITEMS = (
    item("a", lang="de", severity="low"),
    item("b", lang="en", severity="critical", value=0.5),
    item("c", lang="de", severity="high", cluster="x"),
    item("d"),
    item("e", score="other", lang="fr", severity="high"),
)


@pytest.mark.parametrize(
    ("metric", "ids"),
    [
        ("task.accuracy", "abcd"),
        ("task.accuracy@lang=de", "ac"),
        ("task.accuracy@lang=fr", ""),
        ("task.accuracy@severity>=low", "abc"),
        ("task.accuracy@severity>=high", "bc"),
        ("task.accuracy@severity>=critical", "b"),
        ("task.accuracy@severity=high", "c"),
        ("task.accuracy@dialect=*", ""),
        ("task.other", "e"),
    ],
)
def test_a_rule_reads_the_items_of_its_slice(metric: str, ids: str) -> None:
    assert "".join(scores(*ITEMS).part(metric).ids) == ids


def test_a_rule_reads_only_the_items_that_it_names() -> None:
    found = scores(*ITEMS)
    assert found.part("task.accuracy", ("c", "a", "gone")).ids == ("a", "c")
    assert found.part("task.accuracy@lang=en", ("a", "b")).ids == ("b",)
    assert found.part("task.accuracy").ids == ("a", "b", "c", "d")


def test_a_part_has_the_score_and_the_cluster_of_every_item() -> None:
    found = scores(*ITEMS).part("task.accuracy@severity>=high")
    assert found == Part(ids=("b", "c"), values=(0.5, 1.0), clusters=("item b", "x"), places=(1, 2))


def test_there_is_a_sample_for_every_set_of_tags_that_has_the_score() -> None:
    found = scores(*ITEMS, item("f", lang="de", severity="low"))
    assert sorted(str(each.tags.get("lang")) for each in found.tagged("accuracy")) == ["None", "de", "de", "en"]
    assert [each.tags["lang"] for each in found.tagged("other")] == ["fr"]


def test_guessing_reaches_the_mean_of_what_every_item_says() -> None:
    found = scores(item("a", chance="0.25"), item("b", chance="0.5"), item("c", score="other"))
    assert found.chance(found.part("task.accuracy")) == 0.375
    assert found.chance(found.part("task.other")) is None
    assert found.chance(Part()) is None
    half = scores(item("a", chance="0.25"), item("b"))
    assert half.chance(half.part("task.accuracy")) is None


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_number_is_named_with_its_item(value: float) -> None:
    found = scores(item("a"), item("b", value=value), item("c", score="other", value=math.nan))
    said = f"suite 'task' scored item 'b' as {value} for 'accuracy'; expected a finite number"
    with pytest.raises(MeasurementError, match=said):
        found.require_finite(["accuracy"])
    scores(*ITEMS).require_finite(["accuracy", "other", "gone"])


TAGGED: Sequence[Sequence[Mapping[str, str]]] = [
    [{}] * 4,
    [{"lang": "de"}] * 4,
    [{"lang": "de"}, {"lang": "en"}, {}, {"lang": "de", "kind": "x"}],
    [{"a": "b=c"}, {"a=b": "c"}, {"a": "x", "a=b": "y"}, {"a": "b=c", "a=b": "c"}],
    [{"id": str(at)} for at in range(20)],
    [{"id": str(at)} for at in range(21)],
]


@pytest.mark.parametrize("tags", TAGGED)
def test_behind_a_metric_are_the_scores_that_the_suite_sorted_under_its_name(tags: Sequence[Mapping[str, str]]) -> None:
    values = [{"accuracy": at / 40, **({"odd": 1.0} if at % 2 else {})} for at in range(len(tags))]
    samples = tuple(
        Sample(id=str(at), prompt="?", output="!", scores=values[at], tags=dict(each)) for at, each in enumerate(tags)
    )
    found = scores(*samples)
    sorted_by_name = scored_by_metric("task", samples, {"accuracy": "higher", "odd": "higher"})
    for metric, behind in sorted_by_name.items():
        assert sorted(found.behind(metric)) == sorted(value for value, _ in behind)
    for name in ("task.accuracy@lang=fr", "task.other", "task.accuracy@lang", "other.accuracy", "accuracy", "task.odd@id=x"):
        assert list(found.behind(name)) == [] and name not in sorted_by_name
    slices = {f"task.accuracy@{tag}={of}" for each in tags for tag, of in each.items()}
    assert {name for name in slices if found.behind(name)} == slices & sorted_by_name.keys()
