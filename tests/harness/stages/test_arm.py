"""How often an item's answer stood in the passages it was given."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.arms.documents import Passage
from harness.arms.plan import PromptPlan
from harness.arms.retrieval import Indexes
from harness.stages.arm import ArmSettings, arm_stage, recall
from harness.stages.evaluate import evaluate_stage
from harness.types import Sample
from suites.model import task


def sample(prompt: str, target: str) -> Sample:
    return Sample(id=prompt, prompt=prompt, output="!", target=target, scores={})


PASSAGES = (Passage("The scattered lamps are Red-Brown and cost 42.", "a"), Passage("The desk is blue.", "b"))


@pytest.mark.parametrize(
    ("target", "stands"),
    [
        ("red brown", True),
        ("RED", True),
        ("cat", False),
        ("desk is", True),
        ("42. the", False),
        ("42", True),
        ('["green", "blue"]', True),
        ('["green", "yellow"]', False),
        ("[42]", True),
        ('{"cost": 43}', False),
    ],
)
def test_an_answer_stands_in_the_passages_word_for_word_in_one_of_them(target: str, stands: bool) -> None:
    found = recall([sample("p", target)], {"p": PASSAGES})
    assert (found["items"], found["answer_in_passages"]) == (1, int(stands))


def test_only_items_with_a_target_and_a_prompt_that_was_kept_are_counted() -> None:
    samples = [sample("a", "blue"), sample("b", ""), sample("c", "blue"), sample("elsewhere", "blue")]
    found = recall(samples, {"a": PASSAGES, "b": PASSAGES, "c": ()})
    assert (found["items"], found["answer_in_passages"], found["recall"]) == (2, 1, 0.5)
    assert found["without_passages"] == 1
    low, high = json.loads(json.dumps(found["interval"]))
    assert 0 < low < 0.5 < high < 1


def test_there_is_no_recall_of_nothing() -> None:
    assert recall([sample("a", "")], {"a": PASSAGES}) == {"items": 0, "answer_in_passages": 0, "without_passages": 0}


def test_the_stage_counts_the_code_of_both_and_the_ranking_only_where_something_is_searched(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("The desk is blue.")
    suite = task.Settings()
    searched = PromptPlan.model_validate({"retrieval": {"documents": "notes.txt"}}, context={"folder": tmp_path})
    plain = evaluate_stage("task", suite)
    told = arm_stage("task", ArmSettings(prompt=PromptPlan(), suite=suite), Indexes())
    stage = arm_stage("task", ArmSettings(prompt=searched, suite=suite), Indexes())
    assert (told.label, told.packages) == ("arm.task", plain.packages)
    assert stage.packages == (*plain.packages, "bm25s")
    assert {"harness.stages.arm", *plain.modules} == set(stage.modules)
