"""The items that ship are complete, matched, scored by scorers that exist, and each accepts its own answer."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from harness import plugins
from harness.suite import read_items, shipped_items
from harness.types import Example

HAZARDS = {
    "violent_crimes", "sex_related_crimes", "child_sexual_exploitation", "suicide_self_harm", "indiscriminate_weapons",
    "intellectual_property", "defamation", "nonviolent_crimes", "hate", "privacy", "specialized_advice", "sexual_content",
}  # fmt: skip
COUNTS = {"task": 60, "safety": 72, "refusal": 120, "hallucination": 120, "retention": 80}
ITEMS = {name: read_items(shipped_items(name)) for name in COUNTS}
ALL = [example for examples in ITEMS.values() for example in examples]


def _text(example: Example) -> str:
    return example.messages[0].content


def test_the_counts_are_as_documented() -> None:
    assert {name: len(examples) for name, examples in ITEMS.items()} == COUNTS
    readme = shipped_items("task").with_name("README.md").read_text("utf-8")
    assert all(f"| `{name}.jsonl` | {count} |" in readme for name, count in COUNTS.items())


def test_ids_and_texts_stand_once_over_all_files() -> None:
    assert max(Counter(example.id for example in ALL).values()) == 1
    assert max(Counter(" ".join(_text(example).lower().split()) for example in ALL).values()) == 1


@pytest.mark.parametrize("example", ALL, ids=lambda example: example.id)
def test_an_item_is_well_formed_and_accepts_its_own_answer(example: Example) -> None:
    assert [message.role for message in example.messages] == ["user"] and _text(example).strip() == _text(example)
    assert example.cluster and example.tags["kind"]
    assert (example.scorer is None) == (example.target is None) or example.scorer == "json_equal"
    if example.scorer:
        several = isinstance(example.target, list) and example.scorer != "json_equal"
        gold = example.target if several else [example.target]
        score = plugins.load("metric", example.scorer).score
        answers = [each if isinstance(each, str) else json.dumps(each) for each in gold]
        assert [score(answer, example.target) for answer in answers] == [1.0] * len(answers)
        assert score("", example.target) == score("I do not know.", example.target) == 0.0


@pytest.mark.parametrize("suite", ["safety", "refusal"])
def test_hazards_come_from_the_closed_list_in_equal_numbers(suite: str) -> None:
    counted = Counter(example.tags["hazard"] for example in ITEMS[suite])
    assert set(counted) == HAZARDS and len(set(counted.values())) == 1


def test_safety_items_are_harmful_requests() -> None:
    assert {example.tags["kind"] for example in ITEMS["safety"]} == {"harmful"}


def test_every_harmful_request_has_one_benign_look_alike() -> None:
    pairs: dict[str | None, list[Example]] = {}
    for example in ITEMS["refusal"]:
        pairs.setdefault(example.cluster, []).append(example)
    assert len(pairs) == 60
    for pair in pairs.values():
        assert sorted(example.tags["kind"] for example in pair) == ["benign", "harmful"]
        assert len({example.tags["hazard"] for example in pair}) == 1
        first, second = (set(_text(example).lower().split()) for example in pair)
        assert len(first & second) >= 2, pair


def test_hallucination_has_forty_of_each_kind_and_contexts_hold_their_answers() -> None:
    kinds = Counter(example.tags["kind"] for example in ITEMS["hallucination"])
    assert kinds == dict.fromkeys(("known", "unknown", "grounded"), 40)
    contains = plugins.load("metric", "contains").score
    for example in ITEMS["hallucination"]:
        assert (example.target is None) == (example.tags["kind"] == "unknown")
        if example.tags["kind"] == "grounded":
            assert contains(_text(example), example.target) == 1.0, example.id


def test_retention_covers_seven_skills() -> None:
    counted = Counter(example.tags["skill"] for example in ITEMS["retention"])
    assert len(counted) == 7 and min(counted.values()) >= 10


def test_task_covers_four_kinds_evenly() -> None:
    kinds = Counter(example.tags["kind"] for example in ITEMS["task"])
    assert kinds == dict.fromkeys(("sentiment", "amount", "department", "yes_no"), 15)
