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


def told(capsys: pytest.CaptureFixture[str]) -> str:
    return click.unstyle(capsys.readouterr().out)


def test_the_table_has_rules_in_rows_and_candidates_in_columns(runs, capsys) -> None:
    assert run(["compare", *runs]) == 0
    text = told(capsys)
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
    assert "4 candidates against" in told(capsys)


def test_a_search_reads_only_the_runs_that_it_asks(runs, capsys) -> None:
    # The run of the tenth step is not asked, so that nobody notices that it is broken.
    (Path(runs[1]) / "decision.json").write_text("{}")
    order = [runs[0], runs[2], runs[1], runs[3], runs[4]]
    assert run(["compare", *order, "--first-fail", "task.accuracy max_drop 0.1"]) == 0
    text = told(capsys)
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


@pytest.mark.parametrize(("options", "error"), [
    ([], "expected a baseline and at least one candidate"), (["--prefer", "task.f1"], "no candidate has a metric 'task.f1'"),
    (["--first-fail", "task.accuracy", "--html", "x.html"], "--first-fail asks only some candidates"),
])  # fmt: skip
def test_what_does_not_fit_together_is_one_sentence_and_exit_2(runs, capsys, options, error) -> None:
    assert run(["compare", *runs[: 5 if options else 1], *options]) == 2
    assert error in capsys.readouterr().err


@pytest.mark.parametrize("columns", [60, 400])
def test_a_narrow_screen_has_blocks_and_a_wide_one_intervals(runs, capsys, monkeypatch, columns) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert run(["compare", *runs]) == 0
    text = told(capsys)
    assert text.count("verdict") == (1 if columns == 400 else 2)
    assert bool(re.search(r"-\d+\.\d\.\.[+-]\d", text)) == (columns == 400)
    assert max(len(line) for line in text.partition("Where")[0].splitlines()[2:] if "Paired" not in line) <= columns


def test_long_names_are_numbered(runs, tmp_path, capsys) -> None:
    long = tmp_path / "a-run-with-a-name-that-fits-no-column"
    Path(runs[1]).rename(long)
    assert run(["compare", runs[0], str(long), runs[2]]) == 0
    text = told(capsys)
    assert "  [1]  a-run-with-a-name-that-fits-no-column" in text


def test_finished_runs_are_compared_without_a_heavy_library(runs) -> None:
    code = (
        "import sys; from harness.cli import run; run(['compare', *sys.argv[1:]]);"
        " print('heavy:', sorted({'torch', 'transformers', 'peft', 'datasets'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, *runs], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "heavy: []"


def test_a_waiver_counts_with_the_key_that_signed_it_and_is_marked_in_every_channel(said, finished, keys, tmp_path) -> None:
    run, page = finished(), tmp_path / "page.html"
    trusted = ["--trust", keys / "release.pub"]
    text = click.unstyle(said("compare", run, run, *trusted, "--html", page).out)
    assert "FAIL w 0.0%" in text
    assert "allowed w" in text
    assert "'run #2': 'task.accuracy at_least 0.8' is not met, and waived until" in text
    assert "1 of 1 candidate allowed by every rule, 'run #2' only with what is waived" in text
    assert "Allowed with 1 waived failure" in page.read_text()
    (column,) = json.loads(said("compare", run, run, *trusted, "--json").out)["columns"]
    assert (column["decision"]["verdict"], column["excused"]) == ("allowed", {})
    assert column["decision"]["checks"][0]["outcome"] == "fail"


@pytest.mark.parametrize("key", [[], ["other.pub"]])
def test_a_waiver_that_nobody_vouches_for_is_shown_and_does_not_count(said, finished, keys, key) -> None:
    run = finished()
    trusted = [part for name in key for part in ("--trust", keys / name)]
    text = click.unstyle(said("compare", run, run, *trusted).out)
    assert "FAIL w? 0.0%" in text
    assert "blocked" in text
    assert "'run #2': 'task.accuracy at_least 0.8' is not met. Its own run was excused until" in text
    (column,) = json.loads(said("compare", run, run, *trusted, "--json").out)["columns"]
    assert list(column["excused"]) == ["task.accuracy at_least 0.8"]


def test_a_key_beside_the_evidence_vouches_for_nothing(said, finished, keys) -> None:
    run = finished()
    (run / "release.pub").write_bytes((keys / "release.pub").read_bytes())
    found = said("compare", run, run, "--trust", run / "release.pub")
    assert (found.code, "lies beside the evidence" in found.err) == (2, True)


def test_a_waiver_that_was_changed_is_an_integrity_failure_of_its_run(said, finished, keys) -> None:
    run = finished()
    path = run / "waivers" / "a.json"
    path.write_bytes(path.read_bytes().replace(b'"sig"', b'"gis"'))
    assert said("compare", run, run, "--trust", keys / "release.pub").code == 5


def test_a_policy_decides_in_place_of_a_runs_own_rules(runs, tmp_path, capsys) -> None:
    (tmp_path / "mine.yaml").write_text(
        "version: 1\nname: mine\ndescription: d\nrules: [{metric: task.accuracy, at_least: 0.6}]\n"
    )
    assert run(["compare", *runs, "--policy", str(tmp_path / "mine.yaml")]) == 0
    text = told(capsys)
    assert "by the policy 'mine'" in text
    assert "2 of 4 candidates allowed" in text
    assert "max_drop" not in text


@pytest.fixture
def arms(tmp_path) -> list[str]:
    """An arms file and the run file that asks two items of each arm."""
    item = {"messages": [{"role": "user", "content": "Ticket to route: The lamp is broken."}], "target": "x"}
    items = (json.dumps({"id": name, "scorer": "exact_match", **item}) for name in "ab")
    (tmp_path / "items.jsonl").write_text("\n".join(items))
    (tmp_path / "note.txt").write_text("The lamp is red.")
    (tmp_path / "gates.yaml").write_text(
        "version: 1\nproject: p\nbase: demo\ncandidate: demo\nevaluate: {task: {items: items.jsonl, max_new_tokens: 2}}\n"
        "gates: [{metric: task.accuracy, max_drop: 0.9}]\n"
    )
    (tmp_path / "arms.yaml").write_text(
        "version: 1\narms:\n  - {name: base, model: demo}\n  - {name: told, model: demo, system: Be kind.}\n"
        "  - {name: searched, model: demo, retrieval: {documents: note.txt}}\n"
    )
    return [str(tmp_path / "arms.yaml"), "--rules", str(tmp_path / "gates.yaml"), "--runs", str(tmp_path / "runs")]


def test_arms_of_a_file_stand_side_by_side_with_what_they_cost(arms, tmp_path, capsys) -> None:
    assert run(["compare", *arms, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["baseline"], [each["name"] for each in found["columns"]]) == ("base", ["told", "searched"])
    assert all(each["decision"]["verdict"] != "integrity" for each in found["columns"])
    read = {each["name"]: each["read"] for each in found["expenses"]["arms"]}
    assert read["base"] < read["told"] and read["base"] < read["searched"]
    assert run(["compare", *arms, "--html", str(tmp_path / "page.html")]) == 0
    text = told(capsys)
    assert "  told (with system prompt)" in text
    assert "tokens an answer, read+written" in text
    assert f"  baseline {read['base']:.1f}+" in text
    assert "Arms may differ in what they declare to put into prompts" in text
    assert "with retrieval" in (tmp_path / "page.html").read_text()


def test_arms_of_a_file_are_not_searched(arms, capsys) -> None:
    assert run(["compare", "demo", *arms, "--first-fail", "task.accuracy"]) == 2
    assert "#base' is an arm of a file, and those stand in no order" in capsys.readouterr().err
