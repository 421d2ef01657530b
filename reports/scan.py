"""A scan as one HTML file: what was found, masked, where, and which groups of people the rows name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness import __version__, plugins
from harness.channels.wording.numbers import count
from harness.types import Measurement
from reports.render import environment


@dataclass(frozen=True)
class _Scan:
    """What the section on the scan reads of a run."""

    scan: tuple[Measurement, ...]
    findings: Iterable[Mapping[str, Any]]


def render_scan(measurements: Sequence[Measurement], findings: Iterable[Mapping[str, Any]], names: Sequence[str]) -> bytes:
    """Renders the report of one scan.

    Args:
        measurements: One a suite.
        findings: In order, read once: there may be more of them than memory.
        names: Of the files.
    """
    section = plugins.load("section", "scan")
    rows = max((metric.n for each in measurements for metric in each.metrics), default=0)
    skipped = max((_number(each.details.get("rows_skipped")) for each in measurements), default=0)
    page = environment((section,)).get_template("scan_page.html.j2")
    html = page.render(
        tunegate=__version__,
        names=list(names),
        rows=count(rows),
        skipped=count(skipped) if skipped else "",
        bad=_bad(measurements),
        suites=[each.suite for each in measurements],
        it=section.build(_Scan(tuple(measurements), findings)),
    )
    return html.encode()


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _bad(measurements: Sequence[Measurement]) -> list[dict[str, str]]:
    """The rows that were left out, as the first suite that lists them does; all suites read the same rows."""
    for each in measurements:
        listed = each.details.get("skipped")
        if isinstance(listed, list):
            return [
                {name: str(row[name]) for name in ("file", "line", "reason")} for row in listed if isinstance(row, dict)
            ]
    return []
