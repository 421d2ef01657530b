"""The training stage: rows and a base model in, a candidate's folder and the curve of its training out.

::

    out/candidate/               a Hugging Face folder, with tunegate.json: what it was made of, by digest
    out/checkpoints/step-000050/ the same after so many steps, where ``keep_every`` asks for them
    out/training.json            the curve, counts for the report, and the step and digest of every kept checkpoint

Nothing here depends on the clock, the host or a path, so that the same training has the same digest everywhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import Field, JsonValue, SerializeAsAny

from harness import plugins
from harness.errors import TrainingError
from harness.pipeline import Stage, Work, environment
from harness.settings import BadRows, keyed
from harness.store import digest_path
from harness.trainer import TrainRequest, TrainSettings
from harness.types import Noun

SCHEMA = 1
CHECKPOINTS, MANIFEST = "checkpoints", "tunegate.json"
_TRAIN = re.compile(r"train(?:\[(\d+)\])?")


class TrainStageSettings(Noun):
    """What decides a candidate beside its base and its rows."""

    validation: float = Field(default=0.0, ge=0, lt=1)
    bad_rows: BadRows = "stop"
    plugin: SerializeAsAny[TrainSettings]


def train_stage(method: str) -> Stage:
    """Returns the stage of one training method.

    Raises:
        PluginError: There is no such method.
    """
    packages = tuple(getattr(plugins.load("trainer", method), "PACKAGES", ()))
    return Stage("train", method, train, ("harness.stages.train", f"trainers.{method}"), packages)


def train(work: Work) -> None:
    """Trains a candidate.

    Raises:
        DataError: A row cannot be learnt from.
        ModelError: The base cannot be loaded.
        TrainingError: Training could not start, or its numbers left the finite range.
    """
    plugin = plugins.load("trainer", work.plugin)
    candidate = work.out / "candidate"
    candidate.mkdir()
    request = TrainRequest(
        base=work.inputs["base"],
        rows=_rows(work.inputs),
        validation=work.settings.validation,
        settings=work.settings.plugin,
        out=candidate,
        checkpoints=work.out / CHECKPOINTS,
        scratch=work.scratch,
        tick=work.tick,
        bad_rows=work.settings.bad_rows,
    )
    trained = plugin.train(request)
    _check(candidate, work.plugin)
    _write(candidate / MANIFEST, _manifest(work, plugin, trained.facts))
    training = {"curve": [dict(point) for point in trained.curve], "facts": dict(trained.facts)}
    kept = [_kept(folder, work, plugin) for folder in sorted((work.out / CHECKPOINTS).glob("step-*"))]
    _write(work.out / "training.json", training | ({"checkpoints": kept} if kept else {}))


def _kept(folder: Path, work: Work, plugin: ModuleType) -> dict[str, JsonValue]:
    """Gives a kept checkpoint its manifest; returns its step, its place and its digest."""
    _check(folder, work.plugin)
    step = int(folder.name.removeprefix("step-"))
    _write(folder / MANIFEST, _manifest(work, plugin, {"steps": step}))
    return {"step": step, "path": f"{CHECKPOINTS}/{folder.name}", "digest": digest_path(folder)}


def _rows(inputs: Mapping[str, Path]) -> tuple[Path, ...]:
    """The files of rows in the order of the run file: ``train``, ``train[1]``, ``train[2]`` and so on."""
    found = {int(match[1] or 0): path for name, path in inputs.items() if (match := _TRAIN.fullmatch(name))}
    return tuple(found[index] for index in sorted(found))


def _check(candidate: Path, method: str) -> None:
    if not any(candidate.glob("*.safetensors")):
        raise TrainingError(
            f"the trainer '{method}' wrote no weights", "a '.safetensors' file in the candidate's folder"
        )


def _manifest(work: Work, plugin: ModuleType, facts: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {
        "schema_number": SCHEMA,
        "method": work.plugin,
        "version": plugin.VERSION,
        "settings": keyed(work.settings.plugin),
        "validation": work.settings.validation,
        "bad_rows": work.settings.bad_rows,
        "base": digest_path(work.inputs["base"]),
        "data": [digest_path(path) for path in _rows(work.inputs)],
        "packages": environment(tuple(getattr(plugin, "PACKAGES", ()))),
        "facts": dict(facts),
    }


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n")
