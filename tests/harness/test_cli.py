"""The command line: what it says, and the exit code that it says it with."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from harness import cli
from harness.cli import run


def test_help_names_every_verb_with_the_first_line_of_its_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    for verb in cli.tunegate.list_commands(click.Context(cli.tunegate)):
        assert f"  {verb} " in text
    assert "Scan data files for personal data" in text


@pytest.mark.parametrize("verb", cli.tunegate.list_commands(click.Context(cli.tunegate)))
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([verb, "--help"]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 4


def test_an_unknown_verb_is_refused_with_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluate"]) == 2
    assert run(["scna"]) == 2
    assert "there is no verb 'scna'; expected 'scan'" in capsys.readouterr().err


def test_a_missing_run_file_is_one_sentence_and_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", str(tmp_path / "gone.yaml")]) == 2
    assert "the file does not exist" in capsys.readouterr().err


def test_with_json_an_error_is_a_json_document_on_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", str(tmp_path / "gone.yaml"), "--json"]) == 2
    found = json.loads(capsys.readouterr().out)
    assert found["exit_code"] == 2


def test_a_folder_without_a_record_is_no_finished_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for verb in ("gate", "report", "promote"):
        assert run([verb, str(tmp_path)]) == 2
    assert "holds no 'record.json'" in capsys.readouterr().err


def test_suites_lists_every_suite_and_shows_its_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["suites"]) == 0
    assert "refusal" in capsys.readouterr().out
    assert run(["suites", "refusal"]) == 0
    assert "How it can be fooled" in capsys.readouterr().out
    assert run(["suites", "refusl"]) == 2
    assert "expected 'refusal'" in capsys.readouterr().err
