"""The stages of a self-test: the baseline's answers drawn at random, and trials of the gate made from two sets of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import Field, SerializeAsAny, TypeAdapter

from harness import plugins
from harness.error_rates import rates
from harness.evidence import read_measurement, write_measurement
from harness.pipeline import Stage, Work
from harness.selftest import Cell, Untried
from harness.settings import Settings
from harness.stages.evaluate import evaluate_stage, measured, model_of
from harness.suite import Answer, Request, Subject
from harness.types import Measurement, Noun, Rule

TRIALS = "trials.json"
_MANY = TypeAdapter(tuple[Cell | Untried, ...])


class Drawn:
    """A subject whose answers are drawn at a temperature; a subject in every other way.

    Likelihoods are what they are: nothing is drawn in them.
    """

    def __init__(self, subject: Subject, temperature: float, seed: int) -> None:
        """Says how its answers are drawn."""
        self._subject, self._how = subject, {"temperature": temperature, "seed": seed}
        self.digest = subject.digest

    @property
    def conditions(self) -> Mapping[str, str]:
        """What the subject says, and the temperature; not the seed, in which the arms of a trial differ."""
        return {**self._subject.conditions, "temperature": f"{self._how['temperature']:g}"}

    def answer(self, requests: Sequence[Request]) -> list[Answer]:
        """Answers every request, in order."""
        return self._subject.answer([
            each.model_copy(update=self._how) if each.kind == "generate" else each for each in requests
        ])  # fmt: skip


class DrawSettings(Noun):
    """What decides a set of drawn answers beside the model."""

    temperature: float = Field(gt=0)
    seed: int
    suite: SerializeAsAny[Settings]


def draw_stage(suite: str, settings: Settings) -> Stage:
    """The stage that asks one model the items of one suite at a temperature."""
    plain = evaluate_stage(suite, settings)
    return Stage("draw", suite, _draw, ("harness.stages.selftest", *plain.modules), plain.packages)


def _draw(work: Work) -> None:
    told: DrawSettings = work.settings
    subject = Drawn(model_of(work), told.temperature, told.seed)
    write_measurement(work.out, measured(work.plugin, subject, told.suite))


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
