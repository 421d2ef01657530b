"""Few-shot examples are read from rows of training data or items, and chosen once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.arms.examples import chosen, read_examples
from harness.errors import DataError


def written(folder: Path, *rows: Any) -> Path:
    path = folder / "examples.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_conversation_a_pair_and_an_item_are_the_same_example(tmp_path: Path) -> None:
    user, assistant = {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}
    path = written(
        tmp_path,
        {"messages": [user, assistant]},
        {"prompt": "q", "target": "a"},
        {"prompt": "q", "completion": "a"},
        {"id": "i", "messages": [user], "target": ["a", "b"], "scorer": "contains", "tags": {}},
    )
    found = read_examples(path)
    assert len(found) == 4
    assert len(set(found)) == 1
    assert [(turn.role, turn.content) for turn in found[0]] == [("user", "q"), ("assistant", "a")]


def test_an_answer_that_is_no_text_is_shown_as_json(tmp_path: Path) -> None:
    assert read_examples(written(tmp_path, {"prompt": "q", "target": {"n": 1}}))[0][1].content == '{"n": 1}'


def test_without_a_seed_the_first_are_taken_and_with_one_the_same_are_drawn_again(tmp_path: Path) -> None:
    examples = read_examples(written(tmp_path, *({"prompt": str(at), "target": "a"} for at in range(20))))
    assert chosen(examples, 3, None) == examples[:3]
    assert chosen(examples, None, None) == examples
    drawn = chosen(examples, 3, 1)
    assert drawn == chosen(examples, 3, 1) != chosen(examples, 3, 2)
    assert len(set(drawn)) == 3
    assert set(chosen(examples, None, 1)) == set(examples)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "has no examples"),
        ([{"prompt": "q"}], "line 1 has turns of user; expected user and assistant in turn"),
        ([{"prompt": "q", "target": "a"}, {"text": "q"}], "line 2 is no example"),
        ([{"messages": [{"role": "system", "content": "s"}], "target": "a"}], "a system turn belongs into the arm's 'system'"),
        ([{"messages": [{"role": "user"}], "target": "a"}], "line 1 is no example"),
        (["words"], "line 1 is no example"),
    ],
)
def test_a_line_that_is_no_example_is_named(tmp_path: Path, rows: list[Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        read_examples(written(tmp_path, *rows))
