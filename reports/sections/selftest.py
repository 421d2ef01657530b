"""How often the gate errs on these very items by these very rules, where somebody measured it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from harness.audit import Audit
from harness.channels.wording.numbers import change, units
from harness.channels.wording.verdicts import ACCENTS, TITLES
from harness.selftest import Cell, Damage

ORDER = 75
TITLE = "Test of the gate itself"
TRUTHS = ("no change", "at the number", "twice the number")


@dataclass(frozen=True)
class Rate:
    """A share of candidates, with its interval where it is an error rate."""

    text: str
    between: str = ""
    exceeded: bool = False


def build(audit: Audit) -> Mapping[str, Any] | None:
    """Lists the measured rates of every rule; None where the gate was not tested."""
    found = audit.selftest
    if found is None:
        return None
    exceeded, known = found.exceeded, units(audit)
    cells = sorted(found.cells, key=lambda cell: cell.rule.text())
    return {
        "runs": found.runs,
        "temperature": f"{found.temperature:g}",
        "exceeded": len(exceeded),
        "rows": [_row(rule, tuple(of), exceeded) for rule, of in groupby(cells, key=lambda cell: cell.rule.text())],
        "untried": [(each.rule.text(), each.reason) for each in found.untried],
        "damage": [_noise(each) | {"lost": change(-each.lost, known.get(each.worst, "rate"))} for each in found.damage],
    }


def _noise(damage: Damage) -> dict[str, Any]:
    return {
        "scale": f"{damage.scale:g}",
        "verdict": TITLES[damage.verdict],
        "accent": ACCENTS[damage.verdict],
        "worst": damage.worst,
    }


def _row(rule: str, cells: tuple[Cell, ...], exceeded: Iterable[Cell]) -> dict[str, Any]:
    by_truth = {truth: [cell for cell in cells if cell.truth == truth] for truth in TRUTHS}
    equal = by_truth["no change"]
    return {
        "rule": rule,
        "alpha": f"{100 * cells[0].rule.alpha:g} %",
        "stopped": [Rate(_share(cell.stopped, cell.runs)) for cell in equal],
        "rates": [[_rate(cell, cell in tuple(exceeded)) for cell in by_truth[truth]] for truth in TRUTHS],
    }


def _rate(cell: Cell, exceeded: bool) -> Rate:
    low, high = (f"{100 * end:.1f}" for end in cell.interval)
    what = "failed" if cell.wrong == "fail" else "passed"
    spoiled = f", whole {cell.spoiled}" if cell.spoiled == "clusters" else ""
    return Rate(f"{_share(cell.errors, cell.runs)} {what}", f"{low}–{high} %{spoiled}", exceeded)


def _share(part: int, of: int) -> str:
    return f"{100 * part / of:.1f} %"
