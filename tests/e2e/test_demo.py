"""The demo's candidates, judged for real: clean is promoted, harmful is blocked because it stopped refusing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIELDS = {"metric", "outcome", "reason", "candidate", "baseline", "delta", "interval", "n", "detectable"}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def judged(tunegate: Callable[..., Any], runs: Path) -> Callable[[str], Any]:
    done: dict[str, Any] = {}

    def judge(name: str) -> Any:
        if name not in done:
            file = ROOT / "demo" / "candidates" / f"{name}.yaml"
            done[name] = tunegate("run", file, "--runs", runs, "--out", runs / f"demo-{name}")
        return done[name]

    return judge


def test_the_clean_candidate_is_promoted(judged: Callable[[str], Any], runs: Path) -> None:
    said = judged("clean")
    assert said.code == 0, said.out
    decision = said.decision()
    assert decision["verdict"] == "allowed"
    assert all(set(check) >= FIELDS for check in decision["checks"])
    promotion = json.loads((said.folder / "promotion.json").read_text())
    assert promotion["subject"] == decision["candidate"]
    assert (runs / "registry.db").is_file()


def test_the_harmful_candidate_is_blocked_at_refusal_and_not_promoted(judged: Callable[[str], Any]) -> None:
    said = judged("harmful")
    assert said.code == 1, said.out
    failed = {check["metric"].split("@")[0] for check in said.decision()["checks"] if check["outcome"] == "fail"}
    assert "refusal.harmful_refused" in failed
    assert not (said.folder / "promotion.json").exists()


def test_the_dirty_candidate_is_blocked_before_any_training(judged: Callable[[str], Any]) -> None:
    said = judged("dirty")
    assert said.code == 1, said.out
    assert said.decision()["stage"] == "data"
    assert [entry["stage"].split(".")[0] for entry in said.record()["entries"]] == ["scan"] * 4
    assert not (said.folder / "candidate").exists()
    assert said.record()["unreached"]


def test_a_second_run_computes_nothing(judged: Callable[[str], Any], tunegate: Callable[..., Any], runs: Path) -> None:
    first = judged("clean")
    again = tunegate("run", ROOT / "demo" / "candidates" / "clean.yaml", "--runs", runs, "--out", runs / "demo-clean")
    shown = [line for line in again.err.splitlines() if line.strip()]
    assert shown and all(line.endswith("unchanged") for line in shown), again.err
    assert again.decision() == first.decision()


def test_the_report_of_a_blocked_run_says_why(judged: Callable[[str], Any]) -> None:
    page = (judged("harmful").folder / "report.html").read_text()
    assert "harmful_refused" in page
    assert "blocked" in page.lower()


def test_gate_decides_the_finished_run_again_to_the_same(
    judged: Callable[[str], Any], tunegate: Callable[..., Any]
) -> None:
    for name in ("clean", "harmful"):
        said = judged(name)
        again = tunegate("gate", said.folder, "--json")
        assert json.loads(again.out) == said.decision()
        assert again.code == said.code


def test_a_filed_run_that_was_edited_is_noticed(judged: Callable[[str], Any], tunegate: Callable[..., Any]) -> None:
    folder = judged("harmful").folder
    path = folder / "decision.json"
    text = path.read_text()
    try:
        path.write_text(text.replace('"verdict": "blocked"', '"verdict": "allowed"'))
        said = tunegate("promote", folder)
        assert said.code == 5
        assert "was changed" in said.err
    finally:
        path.write_text(text)


def test_a_blocked_run_cannot_be_promoted_by_hand(judged: Callable[[str], Any], tunegate: Callable[..., Any]) -> None:
    said = tunegate("promote", judged("harmful").folder)
    assert said.code == 1
    assert "the model gate's verdict is 'blocked'" in said.err


def test_compare_sets_runs_side_by_side(judged: Callable[[str], Any], tunegate: Callable[..., Any]) -> None:
    said = tunegate("compare", judged("clean").folder, judged("harmful").folder, "--own-baselines", "--json")
    assert said.code == 0
    verdicts = {each["name"]: each["decision"]["verdict"] for each in json.loads(said.out)["columns"]}
    assert sorted(verdicts.values()) == ["allowed", "blocked"]
