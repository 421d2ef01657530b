"""How far a judge can be trusted: its labels beside those of people, and what of that travels with a measurement.

A judge (``suites/judges/<name>.py``) says which labels people may give in ``LABELS``, and which of them are the positive ones
where two classes are wanted in ``POSITIVE``. A labelled file is JSON Lines of ``prompt``, ``response``, ``label`` and, where
wanted, ``style``. One written by this project ships beside each judge, in ``suites/judges/calibration``.
"""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, JsonValue

from harness import plugins
from harness.errors import DataError, PluginError
from harness.settings import InputFile
from harness.stats.agreement import Table, collapsed, f1, kappa, share, two_by_two
from harness.stats.judged import Errors
from harness.store import digest_file
from harness.suite import ItemSettings
from harness.types import JudgeError


class JudgedSettings(ItemSettings):
    """Settings of a suite whose scores rest on a judge."""

    calibration: InputFile = Field(
        description="answers with people's labels; unless they are the shipped ones, rules allow for the judge's error"
    )
    min_kappa: float | None = Field(
        default=None, ge=0, le=1, description="rules are inconclusive where the judge agrees less with people"
    )


@dataclass(frozen=True)
class Labelled:
    """One answer with what people call it."""

    prompt: str
    response: str
    label: str
    style: str = ""


def shipped_labelled(judge: str) -> Path:
    """The labelled answers that ship with a judge."""
    return Path(str(importlib.resources.files("suites"))) / "judges" / "calibration" / f"{judge}.jsonl"


def judge_plugin(name: str) -> Any:
    """A judge whose labels people can give too.

    Raises:
        PluginError: There is none of that name, or it does not say its labels.
    """
    plugin = plugins.load("judge", name)
    lacking = [each for each in ("LABELS", "POSITIVE") if not hasattr(plugin, each)]
    if lacking:
        raise PluginError(f"the judge '{name}' lacks {', '.join(lacking)}", "the labels that people may give")
    return plugin


def read_labelled(path: Path, labels: Sequence[str]) -> tuple[Labelled, ...]:
    """Reads labelled answers.

    Args:
        path: JSON Lines; keys other than ``prompt``, ``response``, ``label`` and ``style`` are not read.
        labels: What a label may be.

    Raises:
        DataError: A line is not one of them, or there is none.
    """
    lines = path.read_bytes().split(b"\n")
    rows = tuple(_row(path, at, line, labels) for at, line in enumerate(lines, start=1) if line.strip())
    if not rows:
        raise DataError(f"'{path}' has no labelled answers", "a line of 'prompt', 'response' and 'label' for each")
    return rows


def _row(path: Path, at: int, line: bytes, labels: Sequence[str]) -> Labelled:
    where = f"'{path}' line {at}"
    try:
        found = json.loads(line)
    except ValueError as error:
        raise DataError(f"{where} is not JSON: {error}", "one object a line") from error
    if not isinstance(found, dict):
        raise DataError(f"{where} is {type(found).__name__}", "an object with 'prompt', 'response' and 'label'")
    for key in ("prompt", "response", "label"):
        if not isinstance(found.get(key), str):
            what = f"has the {key} {found[key]!r}" if key in found else f"has no '{key}'"
            raise DataError(f"{where} {what}", f"'{key}' as text")
    if found["label"] not in labels:
        raise DataError(f"{where} has the label '{found['label']}'", "one of " + ", ".join(f"'{each}'" for each in labels))
    return Labelled(found["prompt"], found["response"], found["label"], str(found.get("style") or ""))


def compared(judge: Any, rows: Sequence[Labelled]) -> dict[str, dict[str, int]]:
    """Counts how often each label of people met each label of the judge; ``unclear`` is among the judge's."""
    found: dict[str, dict[str, int]] = {label: dict.fromkeys((*judge.LABELS, "unclear"), 0) for label in judge.LABELS}
    for row in rows:
        said = judge.judge(row.prompt, row.response).label
        found[row.label][said] = found[row.label].get(said, 0) + 1
    return found


def judge_error(name: str, settings: JudgedSettings, scores: Mapping[str, Sequence[str]]) -> JudgeError:
    """Measures a judge for a suite that rests on it.

    Args:
        name: The judge.
        settings: The suite's settings; the answers that ship with the judge stay out of the rules.
        scores: By score, the judge's labels that count as 1.

    Raises:
        DataError: The labelled answers cannot be read.
    """
    plugin, path = judge_plugin(name), settings.calibration
    rows, shipped = read_labelled(path, plugin.LABELS), path == shipped_labelled(name)
    styles = {style: [row for row in rows if row.style == style] for style in dict.fromkeys(row.style for row in rows)}
    return JudgeError(
        judge=f"{name}/{plugin.VERSION}",
        labelled="shipped with the judge" if shipped else path.name,
        answers=digest_file(path),
        confusion=compared(plugin, rows),
        styles={style: compared(plugin, of) for style, of in styles.items() if style},
        scores={score: tuple(labels) for score, labels in scores.items()},
        min_kappa=settings.min_kappa,
        allowed_for=not shipped,
    )


def calibrated(name: str, path: Path) -> dict[str, JsonValue]:
    """Compares a judge with a labelled file.

    Raises:
        DataError: The file cannot be read.
        PluginError: There is no such judge.
    """
    plugin = judge_plugin(name)
    rows = read_labelled(path, plugin.LABELS)
    table = compared(plugin, rows)
    errors = collapsed(table, plugin.POSITIVE)
    figures = {**_figures(errors), "kappa": kappa(two_by_two(errors)), "kappa_labels": kappa(table)}
    styles = {style: _style(plugin, rows, style) for style in dict.fromkeys(row.style for row in rows) if style}
    return {
        "judge": f"{name}/{plugin.VERSION}",
        "file": str(path),
        "n": len(rows),
        "positive": list(plugin.POSITIVE),
        "confusion": {label: dict(row) for label, row in table.items()},
        **{name: figure.value for name, figure in figures.items()},
        "intervals": {name: list(figure.interval) if figure.interval else None for name, figure in figures.items()},
        "labels": {label: _label(table, label) for label in plugin.LABELS},
        "styles": styles,
    }


def _figures(errors: Errors) -> dict[str, Any]:
    said = errors.found + errors.negatives - errors.cleared
    return {
        "precision": share(errors.found, said),
        "recall": share(errors.found, errors.positives),
        "specificity": share(errors.cleared, errors.negatives),
        "f1": f1(errors),
    }


def _label(table: Table, label: str) -> dict[str, JsonValue]:
    errors = collapsed(table, (label,))
    figures: dict[str, JsonValue] = {name: asdict(figure)["value"] for name, figure in _figures(errors).items()}
    return {"n": errors.positives, **figures}


def _style(plugin: Any, rows: Sequence[Labelled], style: str) -> dict[str, JsonValue]:
    """How often the judge was right on answers of one style: where a style has one label only there is no kappa."""
    of = [row for row in rows if row.style == style]
    errors = collapsed(compared(plugin, of), plugin.POSITIVE)
    return {"n": len(of), "right": errors.found + errors.cleared, "confusion": compared(plugin, of)}  # type: ignore[dict-item]
