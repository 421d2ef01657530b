"""The column of a finding is where its value stands in the file, escapes and all."""

import json
from pathlib import Path

import pytest

from harness.dataset.reading import WHOLE
from harness.scanning.locating import with_columns

TEXT = 'say "ann@example.com" 😀\tÜ ann@example.com \\ end'


def finding(text: str, value: str, field: str = "text", line: int = 1, last: bool = False) -> dict[str, object]:
    start = text.rindex(value) if last else text.index(value)
    return {"line": line, "field": field, "start": start, "end": start + len(value)}


def cut(path: Path, found: dict[str, object]) -> str:
    line = path.read_text(encoding="utf-8").split("\n")[found["line"] - 1]
    return line[found["column"] - 1 : found["end_column"] - 1]


@pytest.mark.parametrize("plain", [True, False])
def test_a_value_is_found_in_its_line(tmp_path: Path, plain: bool) -> None:
    path = tmp_path / "x.jsonl"
    rows = [{"a": "b"}, {"n": [1, {"text": TEXT}], "text": "x", "role": "user", "content": TEXT}]
    path.write_text("".join(json.dumps(row, ensure_ascii=not plain) + "\n" for row in rows), encoding="utf-8")
    asked = [
        finding(TEXT, "ann@example.com", "n[1].text", 2),
        finding(TEXT, "ann@example.com", "content", 2, last=True),
        finding(TEXT, '"', "content", 2),
    ]
    found = with_columns(asked, path, WHOLE)
    assert [cut(path, each) for each in found] == ["ann@example.com", "ann@example.com", '\\"']
    assert found[0]["column"] < found[1]["column"]


def test_plain_text_has_the_columns_of_its_characters(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text(f"nothing\n\n{TEXT}\n", encoding="utf-8")
    (found,) = with_columns([finding(TEXT, "ann@example.com", line=3)], path, WHOLE)
    assert cut(path, found) == "ann@example.com"


def test_where_there_is_no_telling_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("text\nann\n")
    (tmp_path / "x.jsonl").write_text('{"ann@example.com": "x"}\n')
    for name, field in (("x.csv", "text"), ("x.jsonl", "key[0]")):
        (found,) = with_columns([finding("ann", "ann", field)], tmp_path / name, WHOLE)
        assert (found["column"], found["end_column"]) == (None, None)
