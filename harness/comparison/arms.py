"""An arm of a comparison: a model, or a finished run, with everything that was measured about it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import PurePath
from typing import Literal

from harness.types import Measurement, Metric, Problem, Sample, Waived
from harness.waiver import Verified

Order = Literal["step", "given"]

# Other names end in numbers too: a run's short key, a model's version. A word says that this one is a step.
_WORDED = re.compile(r"(?:^|[-_.])(?:global[-_])?(?:step|checkpoint|ckpt|iter)[-_]?(\d+)$", re.IGNORECASE)
_NUMBERED = re.compile(r"[-_](\d+)$")


@dataclass(frozen=True)
class Arm:
    """One side of a comparison.

    Attributes:
        name: What it is called in every table; unique within a comparison.
        source: What was named on the command line.
        subject: The digest that its measurements are about; None where a run stopped before there was a model.
        measurements: Of the model.
        data: Of the rows that it was trained on; empty where none were scanned.
        step: The training step that it was taken at, where that is known.
        kind: Whether it was read from a finished run's folder or asked.
        stage: The gate that its run ended at; ``data`` where there never was a model.
        problems: What went wrong while it was measured.
        waivers: What a trusted key signed about its rules.
        on: The day on which they have to count (UTC).
        notes: What a reader should know of it besides, such as why a waiver is not applied.
        excused: What its own run was excused, by the text of the rule: shown, and applied by ``waivers`` alone.
    """

    name: str
    source: str
    subject: str | None
    measurements: tuple[Measurement, ...]
    data: tuple[Measurement, ...] = ()
    step: int | None = None
    kind: Literal["run", "model"] = "model"
    stage: Literal["data", "model"] = "model"
    problems: tuple[Problem, ...] = field(default=())
    waivers: tuple[Verified, ...] = ()
    on: date = date.min
    notes: tuple[str, ...] = ()
    excused: Mapping[str, Waived] = field(default_factory=dict)

    @property
    def declared(self) -> dict[str, str]:
        """What it puts into its prompts by its own declaration; nothing for a mere model."""
        return next((dict(each.declared) for each in self.measurements), {})

    def suite(self, name: str) -> Measurement | None:
        """The measurement of one suite, or None."""
        return next((each for each in self.measurements if each.suite == name), None)

    def metric(self, name: str) -> Metric | None:
        """The metric of that full name, or None."""
        found = self.suite(name.split(".", 1)[0])
        return found.metric(name) if found else None


def samples_of(measurement: Measurement, metric: str) -> dict[str, tuple[Sample, float]]:
    """The samples that a metric is the mean of, with the score that each has in it, by the id of the item."""
    name, _, part = metric.partition(".")[2].partition("@")
    tag, _, value = part.partition("=")
    return {
        each.id: (each, each.scores[name])
        for each in measurement.samples
        if name in each.scores and (not tag or each.tags.get(tag) == value)
    }


def step_of(name: str, *, worded: bool) -> int | None:
    """Reads the training step from the name of a checkpoint: ``step-12``, ``checkpoint-50``, ``run-000123``.

    Args:
        name: The last part of a path.
        worded: Whether a word has to say that the number is a step.
    """
    found = _WORDED.search(name) or (None if worded else _NUMBERED.search(name))
    return int(found[1]) if found else None


def labels(sources: Sequence[str]) -> list[str]:
    """Gives every source the shortest end of its path that no other has; equal sources are numbered."""
    parts = [PurePath(source).parts or (source,) for source in sources]
    return numbered([_label(index, parts) for index in range(len(parts))])


def numbered(names: Sequence[str]) -> list[str]:
    """Numbers the second and every further one of equal names."""
    found, seen = list(names), dict[str, int]()
    for index, label in enumerate(found):
        seen[label] = seen.get(label, 0) + 1
        if seen[label] > 1:
            found[index] = f"{label} #{seen[label]}"
    return found


def _label(index: int, parts: Sequence[tuple[str, ...]]) -> str:
    own = parts[index]
    others = [each for at, each in enumerate(parts) if at != index and each != own]
    for length in range(1, len(own)):
        if all(each[-length:] != own[-length:] for each in others):
            return "/".join(own[-length:])
    return str(PurePath(*own))


def in_order(steps: Sequence[int | None]) -> tuple[list[int], Order]:
    """Orders candidates by their step, where each has one and no two the same; else leaves them as they were given.

    Returns:
        The places of the candidates in their order, and which order it is.
    """
    places = list(range(len(steps)))
    if None in steps or len(set(steps)) < len(steps):
        return places, "given"
    return sorted(places, key=lambda place: steps[place] or 0), "step"
