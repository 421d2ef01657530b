"""Names, steps and the order of arms."""

from __future__ import annotations

import pytest

from harness.comparison.arms import in_order, labels, samples_of, step_of


@pytest.mark.parametrize(("name", "step"), [
    ("step-000050", 50), ("checkpoint-50", 50), ("global_step1200", 1200), ("epoch1-step-12", 12), ("my-run_ckpt-7", 7),
    ("support-12345678", None), ("llama-3.2-1b", None), ("candidate", None), ("step", None),
])  # fmt: skip
def test_a_word_says_that_a_number_is_a_step(name: str, step: int | None) -> None:
    assert step_of(name, worded=True) == step


def test_without_a_word_a_number_behind_a_dash_is_one_too() -> None:
    assert step_of("run-000123", worded=False) == 123
    assert step_of("llama-3.2-1b", worded=False) is None


def test_a_label_is_the_shortest_end_of_a_path_that_no_other_has() -> None:
    assert labels(["demo", "runs/a/checkpoints/step-1", "runs/b/checkpoints/step-1", "x/step-2"]) == [
        "demo", "a/checkpoints/step-1", "b/checkpoints/step-1", "step-2",
    ]  # fmt: skip


def test_the_same_source_twice_has_two_labels() -> None:
    assert labels(["a/b", "a/b"]) == ["b", "b #2"]


def test_a_path_that_is_the_end_of_another_is_told_apart() -> None:
    assert len(set(labels(["step-1", "a/step-1"]))) == 2


@pytest.mark.parametrize(("steps", "places", "order"), [
    ([30, 10, 20], [1, 2, 0], "step"), ([30, None, 20], [0, 1, 2], "given"), ([10, 10, 5], [0, 1, 2], "given"),
    ([0, 5], [0, 1], "step"), ([], [], "step"),
])  # fmt: skip
def test_candidates_stand_by_their_step_where_all_have_one_of_their_own(steps, places, order) -> None:
    assert in_order(steps) == (places, order)


def test_a_slice_has_only_the_samples_of_its_tag(measured) -> None:
    found = measured([1, 0, 1], tags=[{"lang": "de"}, {"lang": "en"}, {"lang": "de"}])
    assert list(samples_of(found, "task.accuracy@lang=de")) == ["q0", "q2"]
    assert [score for _, score in samples_of(found, "task.accuracy").values()] == [1, 0, 1]
