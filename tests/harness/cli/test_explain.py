"""``tunegate explain``: what a person and a program are told before anything is asked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from harness.audit import write_arm
from harness.cli import run
from harness.gate import decide
from harness.store import digest_bytes, digest_of
from harness.types import Record, Rule

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def run_file(tmp_path: Path) -> Path:
    rows = [{"id": f"q{at}", "prompt": f"what is {at}", "target": str(at), "tags": {"lang": "de" if at % 3 else "en"}}
            for at in range(60)]  # fmt: skip
    (tmp_path / "items.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    (tmp_path / "run.yaml").write_text("""\
version: 1
project: p
base: demo
candidate: demo
evaluate: {task: {items: items.jsonl, limit: 48}}
gates:
  - {metric: task.accuracy, at_least: 1.0}
  - {metric: "task.accuracy@lang=de", max_drop: 0.2}
""")
    return tmp_path / "run.yaml"


def explain(run_file: Path, *options: str) -> int:
    return run(["explain", str(run_file), "--runs", str(run_file.parent / "runs"), *options])


def test_a_person_reads_what_is_asked_and_what_can_never_pass(run_file: Path, capsys) -> None:
    assert explain(run_file) == 0
    text = click.unstyle(capsys.readouterr().out)
    assert "96 requests, both arms together" in text
    assert "warning  task.accuracy at_least 1: it can never pass, however good the candidate" in text
    assert "items that are asked and no rule reads" not in text
    line = next(line for line in text.splitlines() if line.startswith("task.accuracy@lang=de max_drop 0.2 "))
    assert line.split()[3:6] == ["32", "32", "64"]
    assert "1000 candidates, decided by the rule itself" in text


def test_a_program_reads_every_figure(run_file: Path, capsys) -> None:
    assert explain(run_file, "--json", "--discordance", "0.3", "--discordance", "0.1") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["suites"] == [
        {"suite": "task", "items": 48, "requests": 48, "requests_of_both_arms": 96, "items_that_no_rule_reads": 0}
    ]
    scenarios = found["rules"][1]["scenarios"]
    assert [each["discordance"] for each in scenarios] == [0.1, 0.3]
    assert scenarios[0]["not_passed"][0] < scenarios[1]["not_passed"][0]


def test_what_was_found_before_is_not_computed_again(run_file: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    explain(run_file, "--json")
    first = capsys.readouterr().out
    monkeypatch.setattr("harness.stages.explain.outlooks", lambda *_: pytest.fail("computed again"))
    explain(run_file, "--json")
    assert capsys.readouterr().out == first


def test_another_error_of_the_judge_is_another_outlook(run_file: Path, capsys) -> None:
    rows = [{"id": f"r{at}", "prompt": f"how {at}", "tags": {"kind": "harmful" if at % 2 else "benign"}} for at in range(80)]
    (run_file.parent / "items.jsonl").write_text("\n".join(map(json.dumps, rows)))
    said = ["I cannot help with that.", "Sure, here it is."]
    found = []
    for wrong in (0, 30):
        label = [("refusal", "compliance")[at % 2 != (at < wrong)] for at in range(100)]
        labels = [{"prompt": "how", "response": f"{said[at % 2]} {at}", "label": label[at]} for at in range(100)]
        (run_file.parent / "labels.jsonl").write_text("\n".join(map(json.dumps, labels)))
        run_file.write_text("""\
version: 1
project: p
base: demo
candidate: demo
evaluate: {refusal: {items: items.jsonl, calibration: labels.jsonl}}
gates: [{metric: refusal.harmful_refused, max_drop: 0.2}]
""")
        assert explain(run_file, "--json") == 0
        found.append(json.loads(capsys.readouterr().out)["rules"][0]["scenarios"])
    assert found[0] != found[1]


def test_items_that_no_rule_reads_are_counted(run_file: Path, capsys) -> None:
    run_file.write_text(run_file.read_text().replace("task.accuracy, at_least: 1.0", '"task.accuracy@lang=de", at_least: 0.5'))
    explain(run_file)
    assert "items that are asked and no rule reads: task 16" in capsys.readouterr().out


def test_a_finished_run_takes_the_place_of_assumptions(run_file: Path, tmp_path: Path, measured, capsys) -> None:
    folder, rules = tmp_path / "done", (Rule(kind="at_least", metric="task.accuracy", bound=0.1),)
    tags = [{"lang": "de" if at % 3 else "en"} for at in range(48)]
    mine, other = (measured([float(at % step != 0) for at in range(48)], digest_of(step), tags=tags) for step in (4, 8))
    files = write_arm(folder, "candidate", mine) | write_arm(folder, "baseline", other)
    decision = decide("model", rules, [mine], [other], candidate_digest=digest_of(4), baseline_digest=digest_of(8))
    text = decision.model_dump_json().encode()
    (folder / "decision.json").write_bytes(text)
    record = Record(
        project="p", tunegate="0", run_file=digest_of(1), run_file_text="", settings={}, entries=(), candidate=digest_of(4),
        baseline=digest_of(8), files=files | {"decision.json": digest_bytes(text)},
    )  # fmt: skip
    (folder / "record.json").write_text(record.model_dump_json())
    assert explain(run_file, "--json", "--after", str(folder)) == 0
    rule = json.loads(capsys.readouterr().out)["rules"][1]
    assert rule["measured"]
    assert rule["scenarios"][0]["discordance"] == pytest.approx(4 / 32)


def test_an_absent_file_of_items_is_a_mistake_of_the_run_file(run_file: Path, capsys) -> None:
    (run_file.parent / "items.jsonl").unlink()
    assert explain(run_file) == 2
    assert "'items.jsonl' does not exist" in capsys.readouterr().err


def test_an_item_that_cannot_be_read_is_named(run_file: Path, capsys) -> None:
    (run_file.parent / "items.jsonl").write_text("{}")
    assert explain(run_file) == 4
    assert "line 1 is not an item" in capsys.readouterr().err


def test_a_folder_that_holds_no_run_is_refused(run_file: Path, tmp_path: Path, capsys) -> None:
    (tmp_path / "empty").mkdir()
    assert explain(run_file, "--after", str(tmp_path / "empty")) == 2


def test_no_model_library_is_loaded(run_file: Path) -> None:
    code = (
        "import sys; from harness.cli import run; "
        f"run(['explain', {str(run_file)!r}, '--runs', {str(run_file.parent / 'runs')!r}]); "
        "assert not {'torch', 'transformers', 'datasets'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True)


def test_a_suite_that_asks_what_a_scan_finds_is_said_not_to_be_looked_ahead_at(run_file: Path, capsys) -> None:
    (run_file.parent / "rows.jsonl").write_text('{"prompt": "a", "completion": "b"}\n')
    text = run_file.read_text().replace("evaluate: {", "data: {train: rows.jsonl}\nscan: {pii: {}}\nevaluate: {privacy: {}, ")
    run_file.write_text(text + "  - {metric: privacy.memorised, zero_tolerance: 1}\n")
    assert explain(run_file, "--json") == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert [each["suite"] for each in found["suites"]] == ["task"]
    assert {each["rule"]["metric"] for each in found["rules"]} == {"task.accuracy", "task.accuracy@lang=de"}
    assert "rules on 'privacy' are not looked ahead at" in said.err
