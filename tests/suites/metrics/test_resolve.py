"""A metric is found by name, or in a local module of the evaluate library."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import MeasurementError, PluginError
from suites.metrics.evaluate_module import load_evaluate
from suites.metrics.resolve import resolve

MODULE = '''
import datasets
import evaluate


class Same(evaluate.Metric):
    def _info(self):
        text = {"predictions": datasets.Value("string"), "references": datasets.Value("string")}
        return evaluate.MetricInfo(description="", citation="", inputs_description="", features=datasets.Features(text))

    def _compute(self, predictions, references):
        share = sum(p == r for p, r in zip(predictions, references)) / len(predictions)
        return RESULT
'''


def _module(folder: Path, name: str, result: str) -> Path:
    (folder / name).mkdir()
    (folder / name / f"{name}.py").write_text(MODULE.replace("RESULT", result))
    return folder / name


def test_a_metric_is_found_by_the_name_of_its_file() -> None:
    scorer = resolve("exact_match")
    assert (scorer.name, scorer.version, scorer.score("Yes.", "yes")) == ("exact_match", "1", 1.0)


def test_a_misspelt_metric_is_refused_with_a_suggestion() -> None:
    with pytest.raises(PluginError, match="expected 'exact_match'"):
        resolve("exact_macth")


def test_a_local_module_scores_one_answer_at_a_time(tmp_path: Path) -> None:
    path = _module(tmp_path, "same_one", '{"share": share}')
    scorer = resolve(f"evaluate:{path}")
    assert [scorer.score("a", "a"), scorer.score("a", "b"), scorer.score("a", ["b", "a"])] == [1.0, 0.0, 1.0]
    assert scorer.version.startswith("sha256:")


def test_one_of_several_numbers_is_picked_by_name(tmp_path: Path) -> None:
    path = _module(tmp_path, "same_two", '{"share": share, "half": share / 2}')
    assert resolve(f"evaluate:{path}#half").score("a", "a") == 0.5
    with pytest.raises(MeasurementError, match="expected exactly one number"):
        resolve(f"evaluate:{path}").score("a", "a")


def test_a_module_computes_over_a_list(tmp_path: Path) -> None:
    compute = load_evaluate(str(_module(tmp_path, "same_three", '{"share": share}')))
    assert compute(["a", "b"], ["a", "c"]) == {"share": 0.5}


def test_a_number_that_is_not_finite_is_an_error(tmp_path: Path) -> None:
    path = _module(tmp_path, "same_four", '{"share": float("nan")}')
    with pytest.raises(MeasurementError, match="expected a finite number"):
        resolve(f"evaluate:{path}").score("a", "a")


def test_a_name_without_a_hub_is_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    import evaluate

    def refuse(name: str) -> None:
        raise FileNotFoundError(f"cannot reach the hub for {name}")

    monkeypatch.setattr(evaluate, "load", refuse)
    with pytest.raises(MeasurementError, match=r"could not be fetched.*save the module"):
        load_evaluate("accuracy")
