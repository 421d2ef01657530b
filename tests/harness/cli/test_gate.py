"""``tunegate gate`` decides stored samples again, by the run's own rules or a policy; ``show`` says where rules are from."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml

from harness.audit import write_arm
from harness.cli import run
from harness.gate import decide
from harness.policy import read_policy, write_policies
from harness.store import digest_bytes
from harness.types import Record, Rule

ROOT = Path(__file__).resolve().parents[3]
OWN = Rule(kind="at_least", metric="task.accuracy", bound=0.3)
STRICT = """\
version: 1
name: strict
description: Hardly to be kept.
rules:
  - {metric: task.accuracy, at_least: 0.99}
"""


@pytest.fixture
def folder(tmp_path: Path, measured, digests) -> Path:
    """A finished run that its own rule allows; it measured nothing but its task."""
    (tmp_path / "own.yaml").write_text(STRICT.replace("0.99", "0.3").replace("strict", "own"))
    policy = read_policy("own.yaml", tmp_path)
    folder = tmp_path / "run"
    mine, theirs = measured([1.0] * 160 + [0.0] * 40), measured([1.0] * 160 + [0.0] * 40, digests["baseline"])
    files = write_arm(folder, "candidate", mine) | write_arm(folder, "baseline", theirs) | write_policies(folder, [policy])
    decision = decide(
        "model", [OWN], [mine], [theirs], candidate_digest=digests["candidate"], baseline_digest=digests["baseline"],
        policies=[policy.named],
    )  # fmt: skip
    text = decision.model_dump_json().encode()
    (folder / "decision.json").write_bytes(text)
    record = Record(
        project="p", tunegate="0", run_file=digests["items"], run_file_text="", entries=(), candidate=decision.candidate,
        settings={"gates": [OWN.model_dump(mode="json")], "policies": [policy.model_dump(mode="json")]},
        baseline=decision.baseline, files=files | {"decision.json": digest_bytes(text)},
    )  # fmt: skip
    (folder / "record.json").write_text(record.model_dump_json())
    (tmp_path / "strict.yaml").write_text(STRICT)
    return folder


def test_a_run_is_decided_again_by_its_own_rules_and_names_their_policy(folder: Path, capsys) -> None:
    assert run(["gate", str(folder)]) == 0
    said = click.unstyle(capsys.readouterr().out)
    assert "ALLOWED" in said
    assert "by the policy 'own' sha256:" in said


def test_a_policy_decides_instead_and_its_verdict_is_the_exit_code(folder: Path, capsys) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert run(["gate", str(folder), "--policy", str(folder.parent / "strict.yaml"), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [check["rule"]["bound"] for check in found["checks"]] == [0.99]
    assert found["policies"] == [{"name": "strict", "digest": digest_bytes(STRICT.encode())}]
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_policy_about_suites_that_were_not_measured_is_incomplete(folder: Path, capsys) -> None:
    assert run(["gate", str(folder), "--policy", "smoke"]) == 4
    assert "was not measured for the candidate: suite 'refusal' is absent" in capsys.readouterr().out


def test_policies_and_a_run_file_hold_together(folder: Path, capsys) -> None:
    items = folder.parent / "items.jsonl"
    items.write_text('{"id": "1", "prompt": "a", "target": "b"}\n')
    rules = folder.parent / "run.yaml"
    rules.write_text("version: 1\nproject: p\ncandidate: there\nevaluate: {task: {items: items.jsonl}}\n"
                     "gates:\n  - own.yaml\n  - {metric: task.accuracy, at_least: 0.4}\n")  # fmt: skip
    options = ["--policy", str(folder.parent / "strict.yaml"), "--policy", str(folder.parent / "own.yaml")]
    assert run(["gate", str(folder), "--rules", str(rules), *options, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [check["rule"]["bound"] for check in found["checks"]] == [0.3, 0.4, 0.99]
    assert [each["name"] for each in found["policies"]] == ["own", "strict"]


def test_a_policy_that_was_changed_in_the_folder_is_an_integrity_failure(folder: Path, capsys) -> None:
    (folder / "policies" / "own.yaml").write_text(STRICT)
    assert run(["gate", str(folder)]) == 5
    assert "policies/own.yaml' was changed" in capsys.readouterr().err


def test_an_unknown_policy_is_refused_with_the_nearest(folder: Path, capsys) -> None:
    assert run(["gate", str(folder), "--policy", "relase"]) == 2
    assert "there is no policy 'relase'; expected 'release'" in capsys.readouterr().err


def test_deciding_again_by_a_policy_loads_no_torch(folder: Path) -> None:
    code = (
        "import sys; from harness.cli import run\n"
        f"code = run(['gate', {str(folder)!r}, '--policy', 'release', '--json'])\n"
        "loaded = sorted({'torch', 'transformers', 'peft', 'trl', 'presidio_analyzer', 'spacy'} & set(sys.modules))\n"
        "print(code, loaded, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stderr.strip() == "4 []"


def test_show_says_of_every_rule_which_policy_it_is_from(folder: Path, capsys) -> None:
    (folder.parent / "items.jsonl").write_text('{"id": "1", "prompt": "a", "target": "b"}\n')
    (folder.parent / "run.yaml").write_text(
        "version: 1\nproject: p\ncandidate: there\n"
        "evaluate: {task: {items: items.jsonl}, refusal: {}, safety: {}, retention: {}}\n"
        "gates: [smoke, ./strict.yaml, {metric: task.accuracy, at_least: 0.8}]\n"
    )
    assert run(["show", str(folder.parent / "run.yaml")]) == 0
    found = yaml.safe_load(capsys.readouterr().out)["run"]
    assert [each["from"] for each in found["gates"]] == ["smoke"] * 4 + ["strict", "run file"]
    assert found["gates"][-1] | {"kind": "at_least", "bound": 0.8} == found["gates"][-1]
    assert [(each["name"], each["digest"]) for each in found["policies"]] == [
        (name, read_policy(source, folder.parent).digest) for name, source in (("smoke", "smoke"), ("strict", "strict.yaml"))
    ]
