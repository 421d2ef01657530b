"""Which metrics got worse, corrected for how many were looked at; apart from the verdict, which no list decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.audit import Audit
from harness.channels.wording.numbers import Shown, change, count, exact, level
from harness.channels.wording.regressions import outcome, regressions_of, why
from harness.regressions import Compared

ORDER = 25
TITLE = "Regressions found"


def build(audit: Audit) -> Mapping[str, Any] | None:
    """Lists every metric that was compared, the surest regression first; None where none was."""
    found = regressions_of(audit)
    if found is None:
        return None
    return {
        "outcome": outcome(found),
        "why": why(found),
        "rows": [_row(each) for each in found.compared],
        "apart": [reason for _, reason in found.apart],
    }


def _row(each: Compared) -> dict[str, Any]:
    both = {each.candidate.unit, each.baseline.unit}
    unit = "rate" if both == {"rate"} else "number"
    return {
        "name": each.name,
        "found": each.found,
        "candidate": level(each.candidate.value, unit),
        "baseline": level(each.baseline.value, unit),
        "delta": change(each.candidate.value - each.baseline.value, unit),
        "n": count(each.candidate.n),
        "p": _chance(each.p),
        "adjusted": _chance(each.adjusted),
        "method": each.method,
    }


def _chance(p: float) -> Shown:
    return Shown(f"{p:.2g}" if p >= 1e-4 else "below 0.0001", exact(p))
