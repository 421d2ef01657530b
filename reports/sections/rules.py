"""Every rule of the policy: what it asked for, what was found, and how far the numbers can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.audit import Audit
from harness.channels.wording.numbers import units
from harness.channels.wording.verdicts import SEVERITY, Line, condition, lines
from harness.types import Better
from reports.charts import Strip, strip

ORDER = 20
TITLE = "Rules"


@dataclass(frozen=True)
class Row:
    """One rule and its drawing."""

    line: Line
    strip: Strip | None


def build(audit: Audit) -> Mapping[str, Any] | None:
    """Lists the checks, worst first, then the rules that nothing was measured for any more."""
    shown = sorted(lines(audit), key=lambda line: SEVERITY.index(line.check.outcome))
    known = units(audit)
    unreached = [(rule.metric, condition(rule, known.get(rule.metric, "number"))) for rule in audit.record.unreached]
    if not shown and not unreached:
        return None
    directions = _directions(audit)
    return {
        "rows": [_row(line, directions) for line in shown],
        "unreached": unreached,
        "alphas": sorted({f"{line.check.rule.alpha:g}" for line in shown}),
    }


def _row(line: Line, directions: Mapping[str, Better]) -> Row:
    return Row(line, strip(line.check, line.unit, directions.get(line.check.metric, "higher")))


def _directions(audit: Audit) -> dict[str, Better]:
    measured = (*audit.scan, *audit.baseline, *audit.candidate)
    return {metric.name: metric.better for measurement in measured for metric in measurement.metrics}
