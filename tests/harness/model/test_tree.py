import random

import pytest

from harness.model.prompts import Span
from harness.model.tree import Layout, Tree, layout, plan, shared


def spans(seed: int) -> list[Span]:
    """Random texts of a few pieces, so that many begin alike, some are equal and some begin others."""
    rng = random.Random(seed)
    stems = [tuple(rng.choices(range(4), k=rng.randint(5, 150))) for _ in range(rng.randint(1, 4))]
    found = []
    for owner in range(rng.randint(2, 40)):
        ids = rng.choice(stems) + tuple(rng.choices(range(2), k=rng.randint(1, 40)))
        found.append(Span(owner, ids, rng.randint(1, len(ids) - 1)))
    return found


def seen_from(row: Layout, place: int) -> list[int]:
    return [row.tokens[at] for at in range(place + 1) if place < row.ends[at]]


@pytest.mark.parametrize("seed", range(60))
def test_every_scored_token_sees_exactly_its_own_text(seed: int) -> None:
    asked = spans(seed)
    groups, alone = plan(asked)
    done = list(alone)
    for group in groups:
        for tree in group.trees:
            row = layout(tree, len(group.trunk))
            for span, places in zip(tree.spans, row.scored, strict=True):
                assert span.ids[: len(group.trunk)] == group.trunk
                assert len(places) == len(span.ids) - span.start
                for number, place in enumerate(places, start=span.start - 1):
                    assert (*group.trunk, *seen_from(row, place)) == span.ids[: number + 1]
                    assert row.positions[place] == number
                done.append(span)
    assert sorted(span.owner for span in done) == list(range(len(asked)))


@pytest.mark.parametrize("seed", range(60))
def test_a_plan_reads_no_more_tokens_than_one_text_at_a_time(seed: int) -> None:
    asked = spans(seed)
    groups, alone = plan(asked)
    rows = [len(layout(tree, len(group.trunk)).tokens) for group in groups for tree in group.trees]
    trunks = [len(group.trunk) for group in groups]
    assert sum(rows) + sum(trunks) + sum(len(span.ids) - 1 for span in alone) <= sum(
        len(span.ids) - 1 for span in asked
    )
    assert rows == [size for size in rows if size > 0]
    for group in groups:
        for tree in group.trees:
            assert len(layout(tree, len(group.trunk)).tokens) <= tree.size


def test_items_behind_the_same_examples_share_a_trunk_and_their_choices_a_row() -> None:
    rng = random.Random(0)
    examples = tuple(rng.choices(range(100), k=200))
    questions = [tuple(rng.choices(range(100), k=20)) for _ in range(30)]
    asked = [
        Span(4 * item + choice, (*examples, *question, 100 + choice, 7, 8), 220)
        for item, question in enumerate(questions) for choice in range(4)
    ]  # fmt: skip
    groups, alone = plan(asked)
    assert alone == []
    assert [group.trunk for group in groups] == [examples]
    assert sorted(len(tree.spans) for tree in groups[0].trees) == [4] * 30
    assert {len(layout(tree, 200).tokens) for tree in groups[0].trees} == {20 + 4 * 2}


def test_choices_of_one_token_need_no_token_behind_their_question() -> None:
    asked = [Span(choice, (1, 2, 3, 4, 100 + choice), 4) for choice in range(4)]
    groups, _ = plan(asked)
    row = layout(groups[0].trees[0], len(groups[0].trunk))
    assert (row.tokens, row.scored) == ([1, 2, 3, 4], [[3]] * 4)


def test_two_tasks_have_a_trunk_each() -> None:
    rng = random.Random(0)
    asked, trunks = [], [tuple(rng.choices(range(100), k=200)) for _ in range(2)]
    for owner in range(40):
        question = tuple(rng.choices(range(100), k=90))
        asked.append(Span(owner, (*trunks[owner % 2], *question, 5, 6), 290))
    assert sorted(group.trunk for group in plan(asked)[0]) == sorted(trunks)


def test_texts_that_share_nothing_stand_alone() -> None:
    asked = [Span(owner, (1, *range(10 * owner, 10 * owner + 10)), 1) for owner in range(5)]
    assert plan(asked) == ([], asked)


def test_what_two_texts_share_is_their_common_beginning() -> None:
    assert shared((1, 2, 3), (1, 2, 4)) == 2
    assert shared((1, 2), (1, 2, 4)) == 2
    assert (shared((), (1,)), shared((2,), (1,)), shared((1,), (1,))) == (0, 0, 1)


def test_a_tree_knows_its_depth_and_how_much_is_scored() -> None:
    tree = Tree([Span(0, (1, 2, 3), 1), Span(1, (1, 2, 3, 4, 5), 4)], 4)
    assert (tree.depth, tree.scored) == (4, 3)
