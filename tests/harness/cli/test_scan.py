"""``tunegate scan``: its exit codes, what it writes, and what it can be told."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Said = Callable[..., Any]
ROWS = [{"id": "r1", "text": "Mail ann.miller@example.com now"}, {"id": "r2", "text": "nothing"}]


@pytest.fixture
def scan(said: Said, tmp_path: Path) -> Said:
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return lambda *told: said("scan", tmp_path / "rows.jsonl", "--runs", tmp_path / "runs", "--suite", "pii", *told)


def test_a_row_that_cannot_be_read_is_incomplete_unless_it_may_be_left_out(scan: Said, tmp_path: Path) -> None:
    with (tmp_path / "rows.jsonl").open("a") as file:
        file.write("{cut o\n")
    stopped = scan()
    assert stopped.code == 4 and "'rows.jsonl' line 3 is not JSON" in stopped.err and "--skip-bad" in stopped.err
    skipped = scan("--skip-bad")
    assert skipped.code == 0 and "rows that cannot be read, left out: 1" in skipped.out
    assert "of 2\n" in skipped.out


def test_rows_are_redacted_into_a_folder(scan: Said, tmp_path: Path) -> None:
    found = scan("--redact", tmp_path / "new", "--redact-with", "mask", "--json")
    (measured,) = json.loads(found.out)
    assert next(each["value"] for each in measured["metrics"] if each["name"] == "pii.findings") == 0
    made = [json.loads(line) for line in (tmp_path / "new" / "train" / "rows.jsonl").read_text().splitlines()]
    assert made == [{"id": "r1", "text": f"Mail {'*' * 22} now"}, ROWS[1]]
    assert json.loads((tmp_path / "new" / "redaction.json").read_text())["files"]["train"]["rows_redacted"] == 1
    assert json.loads((tmp_path / "rows.jsonl").read_text().splitlines()[0]) == ROWS[0]


def test_an_option_that_no_suite_knows_is_refused(said: Said, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"text": "a"}\n')
    for told in (["--verify", 3], ["--redact", tmp_path / "new"], ["--ner", "off"]):
        found = said("scan", tmp_path / "rows.jsonl", "--runs", tmp_path / "runs", "--suite", "bias", *told)
        assert found.code == 2 and f"none of the suites bias can be told '{told[0]}'" in found.err
