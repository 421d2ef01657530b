"""What the loss counts in a chat row."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.errors import DataError, ModelError
from trainers.loop.chat import ChatEncoder

MARKED = (
    "{{ bos_token }}{% for m in messages %}<|{{ m['role'] }}|>{% if m['role'] == 'assistant' %}"
    "{% generation %}{{ m['content'] | trim }}<|end|>{% endgeneration %}{% else %}{{ m['content'] }}<|end|>{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}[other]{% endif %}"
)


@pytest.fixture
def tokenizer(base: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(base)


def learnt(tokenizer: Any, path: Path, limit: int = 128) -> list[str]:
    """The text of the learnt tokens of every row."""
    stops = frozenset([tokenizer.eos_token_id])
    rows = ChatEncoder(tokenizer, stops, limit)(path)
    return [tokenizer.decode(row.ids[row.labels != -100]) for row in rows]


def test_only_the_answer_and_the_token_that_ends_it_are_learnt(
    tokenizer: Any, tmp_path: Path, tiny: SimpleNamespace
) -> None:
    path = tiny.write_rows(tmp_path / "rows.jsonl", [tiny.chat("say red", "red it is")])
    assert learnt(tokenizer, path) == ["red it is<|end|>"]


def test_every_answer_of_a_conversation_is_learnt(tokenizer: Any, tmp_path: Path, tiny: SimpleNamespace) -> None:
    turns = tiny.chat("one", "first")["messages"] + tiny.chat("two", "second")["messages"]
    path = tiny.write_rows(tmp_path / "rows.jsonl", [{"messages": turns}])
    assert learnt(tokenizer, path) == ["first<|end|>second<|end|>"]


@pytest.mark.parametrize("row", [
    {"prompt": "say red", "completion": "red"}, {"instruction": "say red", "output": "red"},
    {"conversations": [{"from": "human", "value": "say red"}, {"from": "gpt", "value": "red"}]},
])  # fmt: skip
def test_other_chat_formats_are_learnt_alike(tokenizer: Any, tmp_path: Path, tiny: SimpleNamespace, row: Any) -> None:
    assert learnt(tokenizer, tiny.write_rows(tmp_path / "rows.jsonl", [row])) == ["red<|end|>"]


def test_columns_by_other_names_are_learnt_alike(tokenizer: Any, tmp_path: Path, tiny: SimpleNamespace) -> None:
    path = tiny.write_rows(tmp_path / "rows.jsonl", [{"frage": "say red", "antwort": "red", "prompt": "a template"}])
    rows = ChatEncoder(tokenizer, frozenset([tokenizer.eos_token_id]), 128)(
        path, columns={"prompt": "frage", "completion": "antwort"}
    )
    assert [tokenizer.decode(row.ids) for row in rows] == ["<|begin|><|user|>say red<|end|>\n<|assistant|>red<|end|>\n"]


def test_a_template_without_an_end_gets_the_stop_token(tokenizer: Any, tmp_path: Path, tiny: SimpleNamespace) -> None:
    tokenizer.chat_template = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}" + (
        "{% if add_generation_prompt %}assistant: {% endif %}"
    )
    path = tiny.write_rows(tmp_path / "rows.jsonl", [tiny.chat("say red", "red")])
    assert learnt(tokenizer, path) == [" red\n<|end|>"]


def test_without_a_template_turns_are_joined_as_they_are_asked(
    tokenizer: Any, tmp_path: Path, tiny: SimpleNamespace
) -> None:
    tokenizer.chat_template = None
    path = tiny.write_rows(tmp_path / "rows.jsonl", [tiny.chat("say red", "red")])
    assert learnt(tokenizer, path) == ["\nred<|end|>"]


def test_generation_markers_help_where_a_prompt_is_rendered_otherwise(
    tokenizer: Any, tmp_path: Path, tiny: SimpleNamespace
) -> None:
    tokenizer.chat_template = MARKED
    path = tiny.write_rows(tmp_path / "rows.jsonl", [tiny.chat("say red", "red")])
    assert learnt(tokenizer, path) == ["red<|end|>"]


def test_a_template_that_hides_the_answer_is_an_error(tokenizer: Any, tmp_path: Path, tiny: SimpleNamespace) -> None:
    tokenizer.chat_template = MARKED.replace("{% generation %}", "").replace("{% endgeneration %}", "")
    path = tiny.write_rows(tmp_path / "rows.jsonl", [tiny.chat("say red", "red")])
    with pytest.raises(
        DataError, match=r"'rows.jsonl' line 1 has no answer that the chat template renders as it is asked"
    ):
        learnt(tokenizer, path)


def test_a_template_that_prints_the_date_prints_the_same_every_day(
    tokenizer: Any, tmp_path: Path, tiny: SimpleNamespace
) -> None:
    tokenizer.chat_template = "{{ strftime_now('%Y-%m-%d') }}" + tokenizer.chat_template
    path = tiny.write_rows(tmp_path / "rows.jsonl", [tiny.chat("say red", "red")])
    row = next(ChatEncoder(tokenizer, frozenset([2]), 128)(path))
    assert tokenizer.decode(row.ids).startswith("2025-01-01")


BAD = [
    ({"messages": [{"role": "user", "content": "hello"}]}, "'rows.jsonl' line 2 has no answer to learn"),
    ({"messages": []}, "'rows.jsonl' line 2: 'messages' is an empty list"),
    ({"prompt": "a", "completion": " "}, "'rows.jsonl' line 2 has no answer to learn"),
    (
        {"prompt": "a", "chosen": "b", "rejected": "c"},
        "line 2 is a row of the kind 'preference'; expected one of 'messages'",
    ),
    ({"text": "a"}, "line 2 is a row of the kind 'text'"),
    ({"prompt": "long " * 200, "completion": "a"}, "line 2 is cut to 128 tokens before its answer begins"),
]


@pytest.mark.parametrize(("row", "message"), BAD)
def test_a_row_that_cannot_be_learnt_is_named(
    tokenizer: Any, tmp_path: Path, tiny: SimpleNamespace, row: Any, message: str
) -> None:
    path = tiny.write_rows(tmp_path / "rows.jsonl", [tiny.chat("say red", "red"), row])
    with pytest.raises(DataError, match=message) as caught:
        learnt(tokenizer, path)
    assert "\n" not in str(caught.value)


def test_a_long_answer_is_cut_and_counted(tokenizer: Any, tmp_path: Path, tiny: SimpleNamespace) -> None:
    path = tiny.write_rows(tmp_path / "rows.jsonl", [tiny.chat("a", "red " * 200)])
    row = next(ChatEncoder(tokenizer, frozenset([2]), 128)(path))
    assert (len(row), row.cut) == (128, True)


def test_a_tokenizer_without_an_end_is_refused(tokenizer: Any, tmp_path: Path, tiny: SimpleNamespace) -> None:
    tokenizer.eos_token = None
    with pytest.raises(ModelError, match="no 'eos_token'"):
        learnt(tokenizer, tiny.write_rows(tmp_path / "rows.jsonl", [tiny.chat("a", "b")]))
