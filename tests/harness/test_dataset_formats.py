"""Recognising rows by their columns, and normalising them."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.dataset import TEXTS, Row, as_messages, as_text, kind_of, texts
from harness.errors import DataError

ASKED = [("user", "Hi"), ("assistant", "Hello")]
CHATS = {
    "messages": {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]},
    "parts": {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
            {"role": "assistant", "content": "Hello"},
        ]
    },
    "sharegpt": {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]},
    "completion": {"prompt": "Hi", "completion": "Hello"},
    "response": {"prompt": "Hi", "response": "Hello"},
    "turns": {"prompt": [{"role": "user", "content": "Hi"}], "completion": [{"role": "assistant", "content": "Hello"}]},
    "alpaca": {"instruction": "Hi", "input": "", "output": "Hello"},
}


def row(**value: Any) -> Row:
    return Row("x.jsonl", 16, 17, "x.jsonl:16", value)


def scanned(folder: Path, *values: dict[str, Any], **named: Any) -> list[dict[str, Any]]:
    path = folder / "x.jsonl"
    path.write_text("".join(json.dumps(value) + "\n" for value in values))
    batches = list(texts([path], **named))
    assert all(batch.schema == TEXTS for batch in batches)
    return [text for batch in batches for text in batch.to_pylist()]


@pytest.mark.parametrize("name", CHATS)
def test_every_chat_format_gives_the_same_turns(name: str) -> None:
    assert [(turn.role, turn.content) for turn in as_messages(row(**CHATS[name]))] == ASKED


def test_an_instruction_is_joined_with_its_input() -> None:
    found = as_messages(row(instruction="Sum up.", input="A text.", output="A"))
    assert found[0].content == "Sum up.\n\nA text."


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        (["chosen", "rejected"], "preference"),
        (["prompt", "chosen", "rejected"], "preference"),
        (["prompt", "completion", "label"], "unpaired_preference"),
        (["question", "answer"], "question_answer"),
        (["id", "name", "instruction", "instances"], "other"),
        (["text", "label"], "text"),
        (["prompt"], "prompt"),
        (["instruction", "input", "output"], "alpaca"),
        (["conversations"], "sharegpt"),
    ],
)
def test_a_format_is_told_by_its_columns(columns: list[str], kind: str) -> None:
    assert kind_of(columns) == kind


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            {"chosen": "a", "rejected": "b"},
            "'x.jsonl' line 17 has the columns 'chosen', 'rejected' and is no conversation",
        ),
        ({"prompt": "a"}, "is no conversation; expected messages"),
        ({"messages": []}, "line 17: 'messages' is an empty list"),
        ({"messages": "hi"}, "line 17: 'messages' is text"),
        ({"messages": ["hi"]}, r"line 17: 'messages\[0\]' is text"),
        ({"messages": [{"content": "hi"}]}, r"'messages\[0\]' has no role"),
        ({"messages": [{"role": "user", "content": None}]}, r"'messages\[0\]' is null; expected text"),
        ({"messages": [{"role": "user", "content": [{"type": "image"}]}]}, r"'messages\[0\]' is a list"),
        ({"prompt": "a", "completion": 3}, "line 17: 'completion' is a number"),
        ({"instruction": "a", "output": None}, "line 17: 'output' is null"),
    ],
)
def test_a_row_that_is_no_chat_is_refused_with_its_line(value: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        as_messages(row(**value))


def test_a_text_is_the_text_or_the_turns() -> None:
    assert as_text(row(text="a")) == "a"
    assert as_text(row(question="q", answer="a")) == "q\n\na"
    assert as_text(row(**CHATS["sharegpt"])) == "Hi\n\nHello"
    with pytest.raises(DataError, match="no conversation"):
        as_text(row(a="b"))


def test_every_string_is_a_text_wherever_it_stands(tmp_path: Path) -> None:
    value = {**CHATS["messages"], "meta": {"by": "Ann", "tags": ["x", ["y"]], "n": 3, "none": None}, "empty": ""}
    assert [(text["field"], text["role"], text["text"]) for text in scanned(tmp_path, value)] == [
        ("messages[0].content", "user", "Hi"),
        ("messages[1].content", "assistant", "Hello"),
        ("meta.by", "", "Ann"),
        ("meta.tags[0]", "", "x"),
        ("meta.tags[1][0]", "", "y"),
    ]


def test_a_role_that_nobody_has_is_a_text(tmp_path: Path) -> None:
    value = {"conversations": [{"from": "ann@example.com", "value": "Hi"}]}
    assert [text["text"] for text in scanned(tmp_path, value)] == ["ann@example.com", "Hi"]


def test_a_key_that_could_be_personal_is_a_text_and_no_field_name(tmp_path: Path) -> None:
    found = scanned(tmp_path, {"seen": {"ann@example.com": "yes"}})
    assert [(text["field"], text["text"]) for text in found] == [
        ("seen.key[0]", "ann@example.com"),
        ("seen.value[0]", "yes"),
    ]


def test_a_row_without_text_is_counted(tmp_path: Path) -> None:
    assert [(text["row"], text["text"]) for text in scanned(tmp_path, {"n": 1}, {"text": "a"})] == [(0, ""), (1, "a")]


@pytest.mark.parametrize("batch_rows", [1, 2, 3, 1000])
def test_a_row_never_spans_two_batches(tmp_path: Path, batch_rows: int) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text('{"x": "1", "y": "2", "z": "3"}\n' * 5)
    batches = list(texts([tmp_path / "a.jsonl", tmp_path / "b.jsonl"], batch_rows))
    seen = [{(text["file"], text["row"]) for text in batch.to_pylist()} for batch in batches]
    assert sum(map(len, seen)) == 10 == len(set().union(*seen))
    assert all(len({file for file, _ in each}) == 1 for each in seen)


def test_large_rows_end_a_batch_early(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "%s"}\n' % ("a" * 3_000_000) * 4)
    assert [batch.num_rows for batch in texts([tmp_path / "a.jsonl"])] == [2, 2]
