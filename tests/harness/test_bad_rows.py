"""Rows that cannot be read: named with file and line, counted, and the same for whoever reads them."""

import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from harness.dataset import BadRow, Row, read, rows
from harness.dataset.lines import LONGEST
from harness.errors import DataError

GOOD = b'{"text": "a"}\n'
BAD = {
    "broken": (b'{"text": "a\n', "is not JSON: Invalid control character"),
    "empty": (b"\n", "is empty"),
    "not UTF-8": (b'{"text": "\xe9"}\n', r"is not UTF-8 \(byte 10 of the line\)"),
    "too long": (b'{"text": "' + b"a" * LONGEST + b'"}\n', "is longer than 16,777,216 bytes"),
    "deep": (b'{"text": "a", "b": ' + b"[" * 150 + b"]" * 150 + b"}\n", "is not JSON: it is nested too deeply"),
    "very deep": (b'{"text": ' + b"[" * 200_000 + b"]" * 200_000 + b"}\n", "is not JSON: it is nested too deeply"),
    "no object": (b"[1]\n", "is a JSON list"),
    "a column less": (b'{"txt": "a"}\n', "lacks a column of the rows before it, which have 'text'"),
}


def found(path: Path) -> tuple[list[int], list[tuple[int, str]]]:
    """The lines of good rows, and the lines of bad ones with the reason."""
    every = list(read(path))
    good = [row.line for row in every if isinstance(row, Row)]
    return good, [(row.line, row.why.found) for row in every if isinstance(row, BadRow)]


@pytest.mark.parametrize("name", BAD)
def test_a_bad_row_is_named_and_the_next_one_is_read(tmp_path: Path, name: str) -> None:
    line, reason = BAD[name]
    path = tmp_path / "x.jsonl"
    path.write_bytes(GOOD + line + GOOD + line + GOOD)
    good, bad = found(path)
    assert good == [1, 3, 5]
    assert [number for number, _ in bad] == [2, 4]
    assert [row.number for row in rows(path, "skip")] == [0, 2, 4]
    with pytest.raises(DataError, match=f"'x.jsonl' line 2 {reason}"):
        list(rows(path))


def test_every_kind_of_bad_row_in_one_file(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(GOOD + b"".join(line + GOOD for line, _ in BAD.values()))
    good, bad = found(path)
    assert (len(good), len(bad)) == (len(BAD) + 1, len(BAD))


def test_bad_rows_of_other_formats(tmp_path: Path) -> None:
    csv = tmp_path / "x.csv"
    csv.write_bytes(b'text,n\na,1\nb\n\xe9,2\n"c" d,3\ne,4\n')
    good, bad = found(csv)
    assert good == [2, 6]
    assert [line for line, _ in bad] == [3, 4, 5]
    array = tmp_path / "x.json"
    array.write_text('[{"text": "a"},\n {"text": "b", "text": "c"},\n 3,\n {"text": "d"}]')
    assert found(array)[0] == [1, 4] and [line for line, _ in found(array)[1]] == [2, 3]
    plain = tmp_path / "x.txt"
    plain.write_bytes(b"a\n\xff\nb\n")
    assert found(plain) == ([1, 3], [(2, "is not UTF-8 (byte 0 of the line)")])


def test_a_parquet_row_that_is_too_large_or_not_text(tmp_path: Path) -> None:
    texts = pyarrow.array([b"a", b"b" * (LONGEST + 1), b"\xff", b"c"]).view(pyarrow.binary()).cast(pyarrow.binary())
    path = tmp_path / "x.parquet"
    unchecked = pyarrow.Array.from_buffers(pyarrow.string(), 4, texts.buffers())
    pyarrow.parquet.write_table(pyarrow.table({"text": unchecked}), path)
    good, bad = found(path)
    assert good == [1, 4]
    assert [line for line, _ in bad] == [2, 3]


@pytest.mark.parametrize("text", ['text\n"a\nb\n', 'text\na\n"' + "b\n" * 9_000_000])
def test_a_quote_that_is_never_closed_is_no_single_row(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(DataError, match="look for a quote that is not closed"):
        list(rows(path, "skip"))


def test_files_may_be_of_several_formats(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ({"text": "a"}, {"prompt": "b", "completion": "c"})))
    assert len(list(rows(path))) == 2
