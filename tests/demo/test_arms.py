"""The demo's arms: files that can be built again, and questions whose answers lie where they are said to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from demo.build_arms import OF_A_SOURCE, build_arms
from demo.tickets import QUEUES
from demo.world import make_world
from harness.arms.documents import passages
from harness.arms.examples import read_examples
from harness.arms.plan import read_arms
from harness.arms.retrieval import words
from harness.spec import read_run_file
from harness.suite import read_items

DEMO = Path(__file__).resolve().parents[2] / "demo"
PROMPTED = ("base", "base + system prompt", "base + examples", "base + retrieval")


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def _of(source: str) -> list[dict[str, Any]]:
    return [row for row in _rows(DEMO / "arms" / "questions.jsonl") if row["tags"]["source"] == source]


def test_the_shipped_files_are_built_again_byte_for_byte(tmp_path: Path) -> None:
    build_arms(tmp_path)
    for name in ("documents.jsonl", "examples.jsonl", "questions.jsonl"):
        assert (tmp_path / name).read_bytes() == (DEMO / "arms" / name).read_bytes()


def test_every_arm_of_the_base_model_can_be_read_without_a_candidate() -> None:
    assert [arm.name for arm in read_arms(DEMO / "arms.yaml", PROMPTED)] == list(PROMPTED)


@pytest.mark.parametrize("source", ["documents", "training", "nowhere"])
def test_each_source_has_as_many_questions_and_they_are_unlike(source: str) -> None:
    texts = {row["messages"][0]["content"] for row in _of(source)}
    assert len(texts) == len(_of(source)) == OF_A_SOURCE
    assert len(read_items(DEMO / "arms" / "questions.jsonl")) == 3 * OF_A_SOURCE


def test_an_answer_stands_in_the_documents_or_in_the_world_or_nowhere() -> None:
    texts = [each.text for each in passages([DEMO / "arms" / "documents.jsonl"], 120)]
    taught = {(fact.entity, fact.value) for fact in make_world(1).facts}
    for row in _of("documents"):
        place = row["cluster"].removeprefix("the ")
        (note,) = (text for text in texts if place in text)
        assert row["target"][0].casefold() in words(note)
    assert all((row["cluster"].partition("|")[0], row["target"][0]) in taught for row in _of("training"))
    assert not any(row["cluster"] in text for row in _of("nowhere") for text in texts)
    assert all(row["target"] is None for row in _of("nowhere"))


def test_no_question_was_trained_on_and_no_note_either() -> None:
    rows = [row for path in (DEMO / "data").glob("*.jsonl") for row in _rows(path)]
    trained = {message["content"] for row in rows for message in row["messages"]}
    asked = {row["messages"][0]["content"] for source in ("documents", "training", "nowhere") for row in _of(source)}
    assert not asked & trained
    places = {row["cluster"] for row in _of("documents")}
    assert not any(place in text for place in places for text in trained)


def test_the_examples_show_one_ticket_for_each_queue_and_none_that_is_asked() -> None:
    shots = read_examples(DEMO / "arms" / "examples.jsonl")
    assert sorted(shot[1].content for shot in shots) == sorted(QUEUES)
    asked = {row["messages"][0]["content"] for row in _rows(DEMO / "items" / "task.jsonl")}
    assert not asked & {shot[0].content for shot in shots}


def test_the_rules_of_the_arms_ask_the_questions_that_lie_beside_them() -> None:
    run, _ = read_run_file(DEMO / "arms" / "rules.yaml")
    assert run.evaluate["hallucination"].items == DEMO / "arms" / "questions.jsonl"
    asked = {source for row in _rows(DEMO / "arms" / "questions.jsonl") if (source := row["tags"]["source"])}
    named = {rule.metric.partition("@source=")[2] for rule in run.gates if "@source=" in rule.metric}
    assert named and named <= asked
