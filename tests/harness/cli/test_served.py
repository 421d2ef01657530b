"""A run over served models, from the run file to the promotion, with a real server."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

MODEL = Path(__file__).parents[1] / "model"
KEY = "sk-a-key-that-nobody-may-see"
RUN = """\
version: 1
project: served
candidate: {{url: "{url}", model: new, revision: "2", key_from: TINY_KEY}}
baseline: {{url: "{url}", model: old, revision: "1", key_from: TINY_KEY}}
evaluate: {{refusal: {{items: items.jsonl, max_new_tokens: 4}}}}
gates: [{{metric: refusal.unclear, at_most: 1}}]
promote: {{alias: champion}}
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    spec = importlib.util.spec_from_file_location("tiny_model", MODEL / "conftest.py")
    assert spec and spec.loader
    tiny = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tiny)
    model = tiny.make_model(tmp_path_factory.mktemp("tiny") / "model", positions=256)
    command = [sys.executable, str(MODEL / "tiny_server.py"), str(model), KEY]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/v1"
        process.kill()


@pytest.fixture
def folder(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    rows = [{"id": f"r{at}", "prompt": f"what is {at}", "tags": {"kind": "harmful"}} for at in range(6)]
    (tmp_path / "items.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "refused.yaml").write_text(RUN.format(url=url))
    (tmp_path / "run.yaml").write_text(RUN.format(url=url) + "accept_unverifiable: [new, old]\n")
    monkeypatch.setenv("TINY_KEY", KEY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_served_candidate_is_gated_and_promoted_where_the_run_file_accepts_it_by_name(
    folder: Path, said: Callable[..., Any], url: str
) -> None:
    refused = said("run", "refused.yaml", "--out", "refused")
    assert refused.code == 2
    assert "nobody can verify the weights of 'new' (declared revision '2')" in refused.err
    found = said("run", "run.yaml", "--out", "done")
    assert found.code == 0, found.err
    decision = json.loads((folder / "done" / "decision.json").read_bytes())
    assert any("the candidate 'new' was asked at a server" in note for note in decision["notes"])
    for name in ("report.html", "summary.md"):
        assert "is unverifiable" in (folder / "done" / name).read_text()
    assert (folder / "done" / "candidate" / "served.yaml").is_file()
    assert said("gate", "done").code == 0
    assert said("gate", "done", "--policy", "smoke").code != 0
    # What is promoted is the declaration: as a baseline it is held to it.
    text = RUN.format(url=url).partition("baseline:")[0] + "baseline: registry:served@champion\n"
    rest = RUN.format(url=url).partition("TINY_KEY}\nevaluate")[2]
    (folder / "next.yaml").write_text(f"{text}evaluate{rest}accept_unverifiable: [new]\n")
    assert said("run", "next.yaml", "--out", "next").code == 0
    kept = [path for path in folder.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert kept == []


def test_evidence_of_a_served_model_is_not_allowed_by_rules_that_do_not_accept_it(
    folder: Path, said: Callable[..., Any]
) -> None:
    assert said("run", "run.yaml", "--out", "done").code == 0
    (folder / "rules.yaml").write_text(
        "version: 1\nproject: served\ncandidate: done/candidate\naccept_unverifiable: [new]\nevaluate: {refusal: {}}\n"
        "gates: [{metric: refusal.unclear, at_most: 1}]\nbaseline: registry:served@champion\n"
    )
    found = said("gate", "done", "--rules", "rules.yaml", "--json")
    assert found.code == 5
    assert "'old' was asked at a server" in found.out


def test_a_served_model_is_evaluated_from_its_folder(folder: Path, said: Callable[..., Any], url: str) -> None:
    (folder / "new").mkdir()
    (folder / "new" / "served.yaml").write_text(f'{{url: "{url}", model: new, revision: "2", key_from: TINY_KEY}}')
    found = said("eval", "new", "--suite", "refusal=items.jsonl", "--json")
    assert found.code == 0, found.err
    measured = json.loads(found.out)[0][0]
    assert (measured["served"], measured["conditions"]["weights"], measured["expected"]) == ("new", "unverifiable", 6)


def test_a_run_without_the_key_asks_nothing(
    folder: Path, said: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TINY_KEY")
    found = said("run", "run.yaml", "--out", "done")
    assert found.code == 2
    assert "the environment variable 'TINY_KEY' is empty" in found.err
