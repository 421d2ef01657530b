"""Which kept checkpoint the candidate is, and every one that was looked at for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.audit import Audit
from harness.channels.wording.numbers import level, units
from harness.channels.wording.verdicts import ACCENTS, TITLES
from harness.selection import Look

ORDER = 45
TITLE = "Choice of the checkpoint"


def build(audit: Audit) -> Mapping[str, Any] | None:
    """Lists the checkpoints with their verdicts; None where the last one was taken without looking."""
    found = audit.selection
    if found is None:
        return None
    unit = units(audit).get(found.metric or "", "number")
    return {
        "metric": found.metric,
        "chosen": found.chosen,
        "allowed": found.allowed,
        "looks": found.alpha_divisor,
        "rows": [_row(look, look.path == found.chosen) | {"value": level(look.value, unit)} for look in found.looked],
    }


def _row(look: Look, chosen: bool) -> dict[str, Any]:
    return {
        "path": look.path,
        "subject": look.subject,
        "verdict": TITLES[look.verdict],
        "accent": ACCENTS[look.verdict],
        "not_passed": ", ".join(look.not_passed),
        "chosen": chosen,
    }
