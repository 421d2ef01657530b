"""How the candidate was trained: counts, settings and the curve of the loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.audit import Audit
from harness.channels.wording.numbers import count
from reports.charts import curve
from reports.details import spoken, text

ORDER = 40
TITLE = "Training"

LOSS_HEIGHT, RATE_HEIGHT = 220.0, 96.0


def build(audit: Audit) -> Mapping[str, Any] | None:
    """Shows the trainer's facts and settings, the losses, and the learning rate."""
    if audit.training is None:
        return None
    points = audit.training.curve
    return {
        "facts": [(spoken(name), text(value)) for name, value in audit.training.facts.items()],
        "settings": _settings(audit),
        "loss": curve(points, ("loss", "validation_loss"), LOSS_HEIGHT),
        "rate": curve(points, ("learning_rate",), RATE_HEIGHT),
        "steps": count(len(points)),
        "ends": [(spoken(name), ends) for name in ("loss", "validation_loss") if (ends := _ends(points, name))],
    }


def _settings(audit: Audit) -> list[tuple[str, str]]:
    settings = audit.record.settings.get("train")
    return [(spoken(name), text(value)) for name, value in settings.items()] if isinstance(settings, Mapping) else []


def _ends(points: Sequence[Mapping[str, float]], name: str) -> tuple[str, str, str] | None:
    """The first, lowest and last value of a series, which say what the curve shows."""
    found = [point[name] for point in points if isinstance(point.get(name), int | float)]
    return (f"{found[0]:.4f}", f"{min(found):.4f}", f"{found[-1]:.4f}") if found else None
