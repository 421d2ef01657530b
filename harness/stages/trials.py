"""Trying the gate: candidates of known truth are made from two sets of a model's answers, and decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import Field, TypeAdapter

from harness import plugins
from harness.error_rates import rates
from harness.evidence import read_measurement
from harness.pipeline import Stage, Work
from harness.selftest import Cell, Untried
from harness.types import Measurement, Noun, Rule

TRIALS = "trials.json"
_MANY = TypeAdapter(tuple[Cell | Untried, ...])


class TrialSettings(Noun):
    """What decides the trials beside the answers."""

    rules: tuple[Rule, ...]
    runs: int = Field(ge=1)
    seed: int


def trial_stage(rules: Sequence[Rule]) -> Stage:
    """The stage that tries some rules; its inputs are ``first.<suite>`` and ``second.<suite>``."""
    kinds = tuple(plugins.load("rule", name).__name__ for name in sorted({rule.kind for rule in rules}))
    return Stage("trials", "", _try, ("harness.error_rates", *kinds), ("numpy", "scipy"))


def _try(work: Work) -> None:
    told: TrialSettings = work.settings
    first, second = (_arm(work.inputs, which) for which in ("first", "second"))
    found: list[Cell | Untried] = []
    for each in rates(told.rules, first, second, told.runs, told.seed):
        found.append(each)
        work.tick(len(found), 0, {})
    (work.out / TRIALS).write_bytes(_MANY.dump_json(tuple(found), indent=1))


def _arm(inputs: Mapping[str, Path], which: str) -> dict[str, Measurement]:
    found = (read_measurement(path) for name, path in inputs.items() if name.partition(".")[0] == which)
    return {each.suite: each for each in found}


def read_trials(folder: Path) -> tuple[Cell | Untried, ...]:
    """Reads what the trials found."""
    return _MANY.validate_json((folder / TRIALS).read_bytes())
