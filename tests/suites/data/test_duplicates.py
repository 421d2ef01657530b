"""Duplicates: rows that repeat an earlier one."""

import json
from pathlib import Path
from typing import Any

from harness.dataset import texts
from suites.data.duplicates import Scanner, Settings


def scan(folder: Path, *rows: dict[str, Any], **named: Any) -> tuple[dict[str, float], list[tuple[int, str]]]:
    (folder / "x.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    scanner = Scanner(Settings(**named), b"s" * 32)
    batches = texts([folder / "x.jsonl"], batch_rows=2)
    found = [(each["row"], each["message"]) for batch in batches for each in scanner.scan_batch(batch).to_pylist()]
    return {metric.name: metric.value for metric in scanner.result().metrics}, found


def test_a_repeated_row_names_the_first(tmp_path: Path) -> None:
    row = {"prompt": "a", "completion": "b"}
    metrics, found = scan(tmp_path, {"id": "1", **row}, {"prompt": "c", "completion": "b"}, {"id": "2", **row}, row)
    assert metrics["duplicates.rows"] == 2
    assert metrics["duplicates.share"] == 0.5
    assert found == [(2, "repeats the row x.jsonl:0"), (3, "repeats the row x.jsonl:0")]


def test_case_and_space_count_only_when_asked(tmp_path: Path) -> None:
    rows = {"text": "Hello  World\n"}, {"text": "hello world"}
    assert scan(tmp_path, *rows)[0]["duplicates.rows"] == 1
    assert scan(tmp_path, *rows, ignore_case=False)[0]["duplicates.rows"] == 0
    assert scan(tmp_path, *rows, ignore_space=False)[0]["duplicates.rows"] == 0


def test_texts_do_not_run_into_each_other(tmp_path: Path) -> None:
    rows = {"a": "xy", "b": "z"}, {"a": "x", "b": "yz"}, {"a": "xyz"}, {"b": "z", "a": "xy"}
    assert scan(tmp_path, *rows)[1] == [(3, "repeats the row x.jsonl:0")]


def test_rows_without_text_are_no_duplicates(tmp_path: Path) -> None:
    assert set(scan(tmp_path, {"n": 1}, {"n": 2}, {"text": "a"})[0].values()) == {0}
