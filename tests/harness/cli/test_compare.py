"""``tunegate compare`` on finished runs: the table, the document, the page and the search."""

from __future__ import annotations

import json
import re
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
RULES = (
    Rule(kind="at_least", metric="task.accuracy", bound=0.3),
    Rule(kind="max_drop", metric="task.accuracy", bound=0.1),
)


@pytest.fixture
def runs(tmp_path: Path, measured) -> list[str]:
    """Five finished runs whose accuracy falls from the third on; the first is the baseline."""
    folders = []
    for at, right in enumerate((160, 160, 160, 110, 90)):
        folder, subject = tmp_path / f"step-{10 * at}", digest_of(at)
        candidate = measured([1.0] * right + [0.0] * (200 - right), subject)
        baseline = measured([1.0] * 160 + [0.0] * 40, digest_of("base"))
        files = write_arm(folder, "candidate", candidate) | write_arm(folder, "baseline", baseline)
        decision = decide(
            "model", RULES, [candidate], [baseline], candidate_digest=subject, baseline_digest=digest_of("base")
        )
        text = decision.model_dump_json().encode()
        (folder / "decision.json").write_bytes(text)
        record = Record(
            project="p", tunegate="0", run_file=subject, run_file_text="", settings={}, entries=(), candidate=subject,
            baseline=digest_of("base"), files=files | {"decision.json": digest_bytes(text)},
        )  # fmt: skip
        (folder / "record.json").write_text(record.model_dump_json())
        folders.append(str(folder))
    return folders


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return click.unstyle(capsys.readouterr().out)


def test_the_table_has_rules_in_rows_and_candidates_in_columns(runs, capsys) -> None:
    assert run(["compare", *runs]) == 0
    text = said(capsys)
    assert "4 candidates against 'step-0', by the rules of the run" in text
    assert "step-10" in text
    assert "pass +0.0" in text
    assert "FAIL -25.0" in text
    assert "task.accuracy max_drop 0.1: passes at 'step-20', first failed at 'step-30'" in text
    assert "2 of 4 candidates allowed by every rule. The best of them is 'step-10': task.accuracy 80.0" in text
    assert "at most 4 × 5 % = 20 %" in text


def test_the_document_holds_decisions_curves_front_flips_breaks_and_choice(runs, capsys) -> None:
    assert run(["compare", *runs, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["decision"]["verdict"] for each in found["columns"]] == ["allowed", "allowed", "blocked", "blocked"]
    assert [point["step"] for point in found["trajectories"][0]["points"]] == [10, 20, 30, 40]
    assert len(found["flips"][0]["counts"][3]["lost"]) == 70
    assert found["choice"]["best"] == "step-10"


def test_the_page_is_written_beside_the_table(runs, tmp_path, capsys) -> None:
    assert run(["compare", *runs, "--html", str(tmp_path / "page.html")]) == 0
    assert "Where each rule is first failed" in (tmp_path / "page.html").read_text()
    assert "4 candidates against" in said(capsys)


def test_a_search_reads_only_the_runs_that_it_asks(runs, capsys) -> None:
    # The run of the tenth step is not asked, so that nobody notices that it is broken.
    (Path(runs[1]) / "decision.json").write_text("{}")
    order = [runs[0], runs[2], runs[1], runs[3], runs[4]]
    assert run(["compare", *order, "--first-fail", "task.accuracy max_drop 0.1"]) == 0
    text = said(capsys)
    assert "'step-20' is the last that passes and 'step-30' is the first that fails." in text
    assert "Asked 3 of 4 candidates." in text
    assert "It is assumed that a rule that is broken once stays broken" in text
    assert run(["compare", *order]) == 5


def test_a_rule_that_there_is_not_is_refused_with_the_nearest(runs, capsys) -> None:
    assert run(["compare", *runs, "--first-fail", "task.acuracy"]) == 2
    assert "no rule on a model is about 'task.acuracy'; expected 'task.accuracy'" in capsys.readouterr().err


def test_a_search_names_last_good_and_first_bad_as_json(runs, capsys) -> None:
    assert run(["compare", *runs, "--first-fail", "task.accuracy", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["last_good"], found["first_bad"], found["of"]) == ("step-20", "step-30", 4)
    assert len(found["rules"]) == 2


def test_each_run_against_its_own_baseline(runs, capsys) -> None:
    assert run(["compare", *runs, "--own-baselines", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["baseline"], len(found["columns"])) == (None, 5)


@pytest.mark.parametrize(("said", "error"), [
    ([], "expected a baseline and at least one candidate"), (["--prefer", "task.f1"], "no candidate has a metric 'task.f1'"),
    (["--first-fail", "task.accuracy", "--html", "x.html"], "--first-fail asks only some candidates"),
])  # fmt: skip
def test_what_does_not_fit_together_is_one_sentence_and_exit_2(runs, capsys, said, error) -> None:
    assert run(["compare", *runs[: 5 if said else 1], *said]) == 2
    assert error in capsys.readouterr().err


@pytest.mark.parametrize("columns", [60, 400])
def test_a_narrow_screen_has_blocks_and_a_wide_one_intervals(runs, capsys, monkeypatch, columns) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert run(["compare", *runs]) == 0
    text = said(capsys)
    assert text.count("verdict") == (1 if columns == 400 else 2)
    assert bool(re.search(r"-\d+\.\d\.\.[+-]\d", text)) == (columns == 400)
    assert max(len(line) for line in text.partition("Where")[0].splitlines()[2:] if "Paired" not in line) <= columns


def test_long_names_are_numbered(runs, tmp_path, capsys) -> None:
    long = tmp_path / "a-run-with-a-name-that-fits-no-column"
    Path(runs[1]).rename(long)
    assert run(["compare", runs[0], str(long), runs[2]]) == 0
    text = said(capsys)
    assert "  [1]  a-run-with-a-name-that-fits-no-column" in text


def test_finished_runs_are_compared_without_a_heavy_library(runs) -> None:
    code = (
        "import sys; from harness.cli import run; run(['compare', *sys.argv[1:]]);"
        " print('heavy:', sorted({'torch', 'transformers', 'peft', 'datasets'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, *runs], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "heavy: []"
