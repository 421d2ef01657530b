"""Bad input, through the real command: one clear sentence, the right exit code, and no promotion."""

from __future__ import annotations

import json
import resource
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

DEMO = Path(__file__).resolve().parents[2] / "demo"
Run = Callable[..., Any]

GATED = """\
version: 1
project: gated
candidate: candidate
{more}
evaluate: {{refusal: {{items: items.jsonl}}}}
gates: [{{metric: refusal.harmful_refused, max_drop: 0.9}}]
promote: {{alias: champion}}
"""


@pytest.fixture
def gated(tmp_path: Path) -> Path:
    """A run file that gates a folder which was trained elsewhere."""
    shutil.copytree(DEMO / "model", tmp_path / "candidate")
    items = (DEMO / "items" / "refusal.jsonl").read_text().splitlines()[:12]
    (tmp_path / "items.jsonl").write_text("\n".join(items) + "\n")
    (tmp_path / "run.yaml").write_text(GATED.format(more=""))
    return tmp_path / "run.yaml"


def refused(said: Any, code: int, *words: str) -> None:
    assert said.code == code, (said.code, said.out, said.err)
    assert all(word in said.out + said.err for word in words), said.out + said.err
    assert not (said.folder / "promotion.json").exists()


def go(tunegate: Run, run_file: Path) -> Any:
    return tunegate("run", run_file, "--runs", run_file.parent / "runs", "--out", run_file.parent / "out")


def test_a_folder_trained_elsewhere_is_gated_as_it_is(tunegate: Run, gated: Path) -> None:
    said = go(tunegate, gated)
    assert said.code in (0, 3), said.out + said.err
    # The folder holds the base's bytes, so both arms are one evaluation.
    assert [entry["stage"] for entry in said.record()["entries"]] == ["evaluate.refusal"]


def test_an_unknown_key(tunegate: Run, small: Path) -> None:
    small.write_text(small.read_text().replace("epochs: 2", "epoch: 2"))
    refused(go(tunegate, small), 2, "line 5: train.epoch: unknown key 'epoch'; expected 'epochs'")


def test_a_missing_file(tunegate: Run, small: Path) -> None:
    (small.parent / "rows.jsonl").unlink()
    refused(go(tunegate, small), 2, "line 3", "'rows.jsonl' does not exist")


@pytest.mark.parametrize("line", ['{"messages": [{"role": "user"', ""])
def test_a_half_written_or_empty_line(tunegate: Run, small: Path, line: str) -> None:
    rows = small.parent / "rows.jsonl"
    lines = rows.read_text().splitlines()
    rows.write_text("\n".join([*lines[:5], line, *lines[5:]]) + "\n")
    refused(go(tunegate, small), 4, "rows.jsonl", "line 6")


def test_a_model_folder_without_a_tokenizer(tunegate: Run, gated: Path) -> None:
    for path in (gated.parent / "candidate").glob("tokenizer*"):
        path.unlink()
    refused(go(tunegate, gated), 4, "tokenizer")


def test_pickle_weights(tunegate: Run, gated: Path) -> None:
    weights = gated.parent / "candidate" / "model.safetensors"
    weights.rename(weights.with_name("pytorch_model.bin"))
    refused(go(tunegate, gated), 4, "safetensors")


def test_a_suite_with_no_items(tunegate: Run, gated: Path) -> None:
    (gated.parent / "items.jsonl").write_text("")
    refused(go(tunegate, gated), 4, "has no items")


def test_a_baseline_whose_template_differs(tunegate: Run, gated: Path) -> None:
    template = gated.parent / "candidate" / "chat_template.jinja"
    template.write_text(template.read_text() + "{# another #}")
    refused(go(tunegate, gated), 5, "not comparable", "template")


def test_a_nan_score_is_named_and_never_passes(tunegate: Run, gated: Path, tmp_path: Path) -> None:
    metric = tmp_path / "nan_metric.py"
    metric.write_text(
        "import datasets\nimport evaluate\n\n\n"
        "class Nan(evaluate.Metric):\n"
        "    def _info(self):\n"
        "        return evaluate.MetricInfo(description='', citation='', inputs_description='', features=datasets.Features(\n"
        "            {'predictions': datasets.Value('string'), 'references': datasets.Value('string')}))\n\n"
        "    def _compute(self, predictions, references):\n"
        "        return {'nan': float('nan')}\n"
    )
    items = [{"id": str(number), "prompt": "Say yes.", "target": "yes"} for number in (1, 2)]
    (gated.parent / "items.jsonl").write_text("\n".join(map(json.dumps, items)) + "\n")
    text = GATED.format(more="").replace("refusal.harmful_refused", "task.accuracy").replace("refusal:", "task:")
    gated.write_text(text.replace("items: items.jsonl", "items: items.jsonl, metric: 'evaluate:nan_metric.py'"))
    refused(go(tunegate, gated), 4, "nan", "a finite number")


def test_a_full_disk(tunegate: Run, gated: Path) -> None:
    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    said = tunegate("run", gated, "--runs", gated.parent / "runs", "--out", gated.parent / "out", preexec_fn=no_room)
    assert said.code == 4, (said.code, said.out, said.err)
    assert not (gated.parent / "out" / "promotion.json").exists()
    assert not (gated.parent / "out" / "record.json").exists() or said.decision()["verdict"] != "allowed"
    again = go(tunegate, gated)
    assert again.code in (0, 3), again.out + again.err


def test_a_folder_that_holds_something_else_is_not_written_to(tunegate: Run, gated: Path) -> None:
    (gated.parent / "out").mkdir()
    (gated.parent / "out" / "thesis.txt").write_text("precious")
    refused(go(tunegate, gated), 2, "thesis.txt", "--out")
    assert (gated.parent / "out" / "thesis.txt").read_text() == "precious"
