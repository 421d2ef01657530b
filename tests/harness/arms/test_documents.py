"""Documents are cut into passages of a certain size; nothing of them is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.arms.documents import cut, files_of, passages
from harness.errors import DataError

TEXT = st.text(st.sampled_from("ab .\n!é"), max_size=200)


@given(TEXT, st.integers(1, 12))
def test_no_word_is_lost_doubled_or_moved_and_no_piece_is_too_long(text: str, most: int) -> None:
    pieces = cut(text, most)
    assert [word for piece in pieces for word in piece.split()] == text.split()
    assert all(0 < len(piece.split()) <= most for piece in pieces)


def test_short_paragraphs_stay_together_and_as_they_are() -> None:
    text = "# Lamp\n\nThe  lamp\nis red.\n\nIt costs 7 crowns."
    assert cut(text, 20) == [text]
    assert cut(text, 6) == ["# Lamp\n\nThe  lamp\nis red.", "It costs 7 crowns."]


def test_a_long_paragraph_is_cut_behind_sentences_and_a_long_sentence_between_words() -> None:
    assert cut("One two three. Four five. Six seven eight nine ten.", 3) == [
        "One two three.",
        "Four five.",
        "Six seven eight",
        "nine ten.",
    ]


def test_a_folder_is_read_in_order_of_its_paths_and_only_its_documents(folder: Path) -> None:
    (folder / "notes" / "logo.png").write_bytes(b"\x89PNG")
    (folder / "notes" / "b.jsonl").write_text('{"text": "A row.", "id": 1}\n\n{"text": "Another."}\n')
    assert [path.name for path in files_of(folder / "notes")] == ["b.jsonl", "desk.txt", "lamp.md"]
    found = passages([folder / "notes"], 120)
    assert [(each.source, each.text) for each in found] == [
        ("b.jsonl line 1", "A row."),
        ("b.jsonl line 3", "Another."),
        ("desk.txt", "The desk is blue."),
        ("lamp.md", "# Lamp\n\nThe lamp is red.\n\nIt costs 7."),
    ]


def test_a_passage_that_stands_twice_or_says_nothing_is_kept_once_or_not(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Same words.\n\n---\n\nSame words.")
    assert [each.text for each in passages([tmp_path / "a.txt"], 2)] == ["Same words."]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", b" \n\n ", "there is no text in"),
        ("a.jsonl", b"", "there is no text in"),
        ("a.jsonl", b'{"body": "x"}\n', "line 1 has no field 'text'"),
        ("a.jsonl", b'{"text": 3}\n', "line 1 has a 'text' that is no text"),
        ("a.jsonl", b'{"text": "x"}\nnot json\n', "line 2 has no field 'text'"),
        ("a.txt", b"\xff\xfe", "cannot be read"),
        ("a.pdf", b"%PDF", "is no file of documents"),
    ],
)
def test_documents_that_cannot_be_read_are_named(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=said) as caught:
        passages([tmp_path / name], 10)
    assert name in str(caught.value)
