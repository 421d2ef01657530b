"""Measures the arms of a comparison: the same suites, the same items, and what the answers cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

from harness.arms.plan import ArmPlan, PromptPlan
from harness.arms.prompted import Prompt, read_prompt
from harness.arms.retrieval import Indexes
from harness.cost import Cost
from harness.errors import TunegateError
from harness.evidence import read_measurement
from harness.gathered import Arm, arm, artifact
from harness.job import Show
from harness.model.load import resolve_model
from harness.pipeline import Services, perform
from harness.settings import Settings
from harness.stages.arm import ArmSettings, arm_stage
from harness.stages.evaluate import evaluate_stage
from harness.store import Store
from harness.types import Digest, Measurement, Noun


class ArmResult(Noun):
    """What was measured of one arm.

    Attributes:
        name: The arm's name.
        subject: Digest of the model together with what is put into its prompts; the model's own where nothing is.
        measurements: One a suite, in the order of the suites; each is about ``subject``.
        cost: Of all suites together.
    """

    name: str
    subject: Digest
    measurements: tuple[Measurement, ...]
    cost: Cost

    def facts(self, name: str) -> dict[str, Mapping[str, JsonValue]]:
        """The details of one name, such as ``arm`` or ``retrieval``, by suite."""
        found = {each.suite: each.details.get(name) for each in self.measurements}
        return {suite: value for suite, value in found.items() if isinstance(value, Mapping)}


@dataclass(frozen=True)
class Ready:
    """An arm whose model and files were found.

    Attributes:
        name: What it is called.
        model: Its model.
        plan: What is put into its prompts; nothing for a mere model.
        prompt: The same, as it was read.
    """

    name: str
    model: Arm
    plan: PromptPlan = field(default_factory=PromptPlan)
    prompt: Prompt = field(default_factory=Prompt)

    @property
    def subject(self) -> str:
        """The digest that its measurements are about."""
        return self.prompt.subject(self.model.subject)


def measure_arms(
    arms: Sequence[ArmPlan], suites: Mapping[str, Settings], services: Services, show: Show
) -> list[ArmResult]:
    """Asks every arm the items of every suite. What was measured before is not measured again.

    A model without a prompt of its own is evaluated by the same stage as in a run, so its measurements are shared with runs.

    Args:
        arms: As :func:`harness.arms.plan.read_arms` gives them.
        suites: The settings of each model suite, by its name.
        services: The store, and loaded models.
        show: Shows progress.

    Raises:
        TunegateError: An arm could not be measured; the error names it. All arms' files and folders are read before the first
            model is asked.
    """
    indexes = Indexes()
    ready = [make_ready(plan, indexes) for plan in arms]
    return [_measured(each, suites, services, show, indexes) for each in ready]


def make_ready(plan: ArmPlan, indexes: Indexes) -> Ready:
    """Finds the model of an arm and reads what is put into its prompts.

    Raises:
        TunegateError: One of them is not there or cannot be read; the error names the arm.
    """
    with _named(plan.name):
        model = artifact(resolve_model(plan.model, Path.cwd()))
        base = artifact(resolve_model(plan.base, Path.cwd())) if plan.base else model
        return Ready(plan.name, arm(model, base), plan.prompt, read_prompt(plan.prompt, indexes))


def _measured(
    ready: Ready, suites: Mapping[str, Settings], services: Services, show: Show, indexes: Indexes
) -> ArmResult:
    found = []
    for name, settings in suites.items():
        with _named(ready.name):
            found.append(asked(ready, name, settings, services, show, indexes))
    return ArmResult(
        name=ready.name,
        subject=ready.subject,
        measurements=tuple(found),
        cost=sum((Cost.model_validate(each.details["cost"]) for each in found), Cost()),
    )


def asked(
    ready: Ready, suite: str, settings: Settings, services: Services, show: Show, indexes: Indexes
) -> Measurement:
    """Asks one arm the items of one suite, or reads what it answered before.

    Raises:
        TunegateError: It could not be measured.
    """
    if ready.prompt:
        told = ArmSettings(prompt=ready.plan, suite=settings)
        stage, settled = arm_stage(suite, told, indexes), told
    else:
        stage, settled = evaluate_stage(suite, settings), settings
    label = f"{ready.name}: {suite}"
    done = perform(stage, ready.model.inputs, settled, Store(services.root), services, show.stage(label))
    show.done(label, done.entry.seconds, done.reused)
    return read_measurement(Path(done.output.path))


@contextmanager
def _named(name: str) -> Iterator[None]:
    try:
        yield
    except TunegateError as error:
        raise error.within(f"arm '{name}'") from error
