"""``tunegate waive`` signs a waiver of a rule that exists, and says what still keeps it from being applied."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harness.attest.keys import read_public_key
from harness.attest.waivers import read_waivers

Say = Callable[..., Any]
TODAY = datetime.now(UTC).date()
RULE = "task.accuracy at_least 0.8"
TEXT = """\
version: 1
project: support
candidate: model
evaluate: {task: {items: items.jsonl}}
gates:
  - {metric: task.accuracy, at_least: 0.8}
  - {metric: "task.accuracy@lang=de", max_drop: 0.05}
  - {metric: "task.accuracy@lang=de", at_least: 0.5}
"""
READ = "waivers: {files: ['waivers/*.json'], trust: [keys/release.pub]}\n"


@pytest.fixture
def run_file(tmp_path: Path, keys: Path) -> Path:
    (tmp_path / "items.jsonl").write_text('{"id": "1", "prompt": "a", "target": "b"}\n')
    (tmp_path / "run.yaml").write_text(TEXT + READ)
    return tmp_path / "run.yaml"


@pytest.fixture
def waive(said: Say, run_file: Path, keys: Path) -> Say:
    def call(rule: str = RULE, *more: object, **changes: object) -> Any:
        facts = {"for": run_file, "owner": "ann", "reason": "agreed", "until": TODAY, "key": keys / "release.pem"}
        options = [part for name, value in (facts | changes).items() for part in (f"--{name}", value)]
        return said("waive", rule, *options, *more)

    return call


def test_a_waiver_is_written_signed_and_read_by_the_run_file(waive: Say, run_file: Path, keys: Path) -> None:
    found = waive(until=TODAY + timedelta(days=30), owner="Ann <ann@corp.example>")
    (path,) = (run_file.parent / "waivers").iterdir()
    assert (found.code, found.err) == (0, "")
    assert str(path) in found.out and f"waives '{RULE}' until {TODAY + timedelta(days=30)}" in found.out
    (each,) = read_waivers([path], [read_public_key(keys / "release.pub")], "support", [RULE]).verified
    assert (each.waiver.owner, each.waiver.issued, each.waiver.candidate) == ("Ann <ann@corp.example>", TODAY, None)
    again = waive(until=TODAY + timedelta(days=30))
    assert again.code == 2 and "is already there" in again.err


def test_the_metric_alone_is_enough_where_one_rule_reads_it(waive: Say) -> None:
    assert json.loads(waive("task.accuracy", "--json").out)["rule"] == RULE
    unclear = waive("task.accuracy@lang=de")
    assert unclear.code == 2
    assert "is 2 rules; expected one of 'task.accuracy@lang=de at_least 0.5', 'task.accuracy@lang=de max_drop" in unclear.err


def test_a_rule_on_every_slice_is_waived_as_it_is_written(waive: Say, run_file: Path) -> None:
    run_file.write_text(TEXT.replace('lang=de", max_drop', 'lang=*", max_drop') + READ)
    rule = "task.accuracy@lang=* max_drop 0.05"
    assert json.loads(waive("task.accuracy@lang=*", "--json").out)["rule"] == rule
    one = waive("task.accuracy@lang=de max_drop 0.05")
    assert (one.code, f"expected '{rule}'" in one.err) == (2, True), one.err


def test_a_rule_that_is_not_in_the_gates_is_refused_with_the_nearest(waive: Say, run_file: Path) -> None:
    found = waive("task.accuracy at_least 0.9")
    assert found.code == 2
    assert f"no rule in the gates reads 'task.accuracy at_least 0.9'; expected '{RULE}'" in found.err
    assert not (run_file.parent / "waivers").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"until": TODAY - timedelta(days=1)}, "--until: it counts from"),
        ({"until": TODAY + timedelta(days=367)}, "--until: it counts from"),
        ({"until": "tomorrow"}, "does not match"),
        ({"owner": " "}, "--owner: "),
        ({"reason": "two\nlines"}, "--reason: "),
        ({"key": "gone.pem"}, "'gone.pem' cannot be read"),
        ({"candidate": "sha256:12"}, "holds no 'record.json'"),
    ],
)
def test_what_a_waiver_cannot_be_is_refused_in_one_sentence(
    waive: Say, run_file: Path, changes: dict[str, object], words: str
) -> None:
    found = waive(**changes)
    assert found.code == 2 and words in found.err
    assert not (run_file.parent / "waivers").exists()


def test_a_waiver_that_the_run_file_would_not_apply_says_so(waive: Say, run_file: Path, keys: Path) -> None:
    other = waive(key=keys / "other.pem", out=run_file.parent / "elsewhere.json")
    assert other.code == 0
    assert "'waivers.files' do not name" in other.err
    assert "no key under the run file's 'waivers.trust' is the one that signed" in other.err
    run_file.write_text(TEXT)
    assert "the run file reads no waivers yet" in waive().err


def test_a_candidate_is_named_by_its_digest_or_by_the_run_that_decided_it(
    waive: Say, finished: Callable[..., Path], run_file: Path
) -> None:
    digest = "sha256:" + "c" * 64
    assert json.loads(waive(RULE, "--json", candidate=digest).out)["candidate"] == digest
    run = finished()
    decided = json.loads((run / "decision.json").read_text())["candidate"]
    out = run_file.parent / "b.json"
    assert json.loads(waive(RULE, "--json", candidate=run, out=out).out)["candidate"] == decided


def test_a_run_in_which_nothing_can_be_waived_is_refused(
    waive: Say, finished: Callable[..., Path], run_file: Path
) -> None:
    run = finished(share=1.0)
    passed = waive(candidate=run)
    assert passed.code == 2
    assert f"'{RULE}' is pass in '{run}'; expected a rule that failed or is inconclusive there" in passed.err
    assert "is not decided in" in waive("task.accuracy@lang=de max_drop 0.05", candidate=run).err
    run_file.write_text((TEXT + READ).replace("project: support", "project: other"))
    assert "is a run of 'support'; expected a run of 'other'" in waive(candidate=run).err
