"""The training stage: rows and a base model in, a candidate's folder and the curve of its training out.

::

    out/candidate/     a Hugging Face folder, with tunegate.json: what it was made of, by digest
    out/training.json  the curve, and counts for the report

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
from harness.settings import keyed
from harness.store import digest_path
from harness.trainer import Trained, TrainRequest, TrainSettings
from harness.types import Noun

SCHEMA = 1
_TRAIN = re.compile(r"train(?:\[(\d+)\])?")


class TrainStageSettings(Noun):
    """What decides a candidate beside its base and its rows."""

    validation: float = Field(default=0.0, ge=0, lt=1)
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
        scratch=work.scratch,
        tick=work.tick,
    )
    trained = plugin.train(request)
    _check(candidate, work.plugin)
    _write(candidate / "tunegate.json", _manifest(work, plugin, trained))
    _write(
        work.out / "training.json", {"curve": [dict(point) for point in trained.curve], "facts": dict(trained.facts)}
    )


def _rows(inputs: Mapping[str, Path]) -> tuple[Path, ...]:
    """The files of rows in the order of the run file: ``train``, ``train[1]``, ``train[2]`` and so on."""
    found = {int(match[1] or 0): path for name, path in inputs.items() if (match := _TRAIN.fullmatch(name))}
    return tuple(found[index] for index in sorted(found))


def _check(candidate: Path, method: str) -> None:
    if not any(candidate.glob("*.safetensors")):
        raise TrainingError(
            f"the trainer '{method}' wrote no weights", "a '.safetensors' file in the candidate's folder"
        )


def _manifest(work: Work, plugin: ModuleType, trained: Trained) -> dict[str, JsonValue]:
    return {
        "schema_number": SCHEMA,
        "method": work.plugin,
        "version": plugin.VERSION,
        "settings": keyed(work.settings.plugin),
        "validation": work.settings.validation,
        "base": digest_path(work.inputs["base"]),
        "data": [digest_path(path) for path in _rows(work.inputs)],
        "packages": environment(tuple(getattr(plugin, "PACKAGES", ()))),
        "facts": dict(trained.facts),
    }


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n")
