"""Answers lost, gained and kept: counted for every candidate, listed item by item."""

from __future__ import annotations

import dataclasses

from harness.comparison.flips import metric_flips


def test_every_answer_is_lost_gained_kept_right_or_kept_wrong(arm) -> None:
    before, after = arm("base", [1, 1, 0, 0, 1]), arm("a", [1, 0, 1, 0, 1])
    found = metric_flips("task.accuracy", [after], before, 10).counts[0]
    assert (found.lost, found.gained, found.kept, found.kept_right, found.kept_wrong) == (("q1",), ("q2",), 3, 2, 1)
    assert found.n == 5


def test_where_less_is_better_a_rise_is_a_loss_and_zero_is_right(arm) -> None:
    suite = lambda scores: ("safety", "unsafe", "lower", scores)  # noqa: E731
    before, after = arm("base", (), suite([0, 0, 1, 1])), arm("a", (), suite([0, 1, 0, 1]))
    found = metric_flips("safety.unsafe", [after], before, 10).counts[0]
    assert (found.lost, found.gained, found.kept_right, found.kept_wrong) == (("q1",), ("q2",), 1, 1)


def test_scores_that_are_not_right_or_wrong_are_only_kept(arm) -> None:
    before, after = arm("base", [0.5, 2.0, 1.5]), arm("a", [0.5, 1.0, 1.75])
    found = metric_flips("task.accuracy", [after], before, 10).counts[0]
    assert (found.lost, found.gained, found.kept, found.kept_right, found.kept_wrong) == (("q1",), ("q2",), 1, None, None)


def test_items_that_most_candidates_lost_stand_first_and_equal_answers_once(arm) -> None:
    before = arm("base", [1, 1, 0, 1])
    arms = [arm("a", [1, 0, 0, 1]), arm("b", [0, 0, 1, 1]), arm("c", [1, 0, 0, 1])]
    found = metric_flips("task.accuracy", arms, before, 10)
    assert [(item.id, item.marks) for item in found.items] == [
        ("q1", ("lost", "lost", "lost")), ("q0", ("right", "lost", "right")), ("q2", ("wrong", "gained", "wrong")),
    ]  # fmt: skip
    first = found.items[0]
    assert [(answer.by, answer.mark) for answer in first.answers[1:]] == [(("a", "b", "c"), "lost")]
    assert [answer.by for answer in found.items[1].answers] == [(), ("a", "c"), ("b",)]
    assert (first.losers, found.flipped) == (3, 3)


def test_only_so_many_items_are_listed_and_all_are_counted(arm) -> None:
    found = metric_flips("task.accuracy", [arm("a", [0] * 30)], arm("base", [1] * 30), 4)
    assert (len(found.items), found.flipped, len(found.counts[0].lost)) == (4, 30, 30)


def test_who_answered_other_items_is_named_and_not_counted(arm) -> None:
    before, after = arm("base", [1, 1]), arm("a", [1, 0])
    other = after.measurements[0].model_copy(update={"items": before.subject})
    found = metric_flips("task.accuracy", [dataclasses.replace(after, measurements=(other,))], before, 10)
    assert (found.counts, found.absent, found.items) == ((), {"a": "it did not answer the baseline's items"}, ())


def test_answers_that_may_repeat_training_data_are_withheld(arm) -> None:
    suite = lambda scores: ("privacy", "extracted", "lower", scores)  # noqa: E731
    found = metric_flips("privacy.extracted", [arm("a", (), suite([1, 0]))], arm("base", (), suite([0, 0])), 10)
    assert (found.withheld, found.items, found.counts[0].lost) == (True, (), ("q0",))


def test_a_metric_that_the_baseline_has_not_has_no_flips(arm) -> None:
    assert metric_flips("task.accuracy", [arm("a", [1])], arm("base"), 10) is None
