"""A scan as one HTML file: what was found, masked, where, and which groups of people the rows name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from harness import __version__, plugins
from harness.channels.wording.numbers import count
from harness.types import Measurement
from reports.bars import Bars, bars
from reports.render import environment

MOST_BARS = 20


@dataclass(frozen=True)
class _Scan:
    """What the section on the scan reads of a run."""

    scan: tuple[Measurement, ...]
    findings: Any


def render_scan(measurements: Sequence[Measurement], findings: Any, names: Sequence[str]) -> bytes:
    """Renders the report of one scan.

    Args:
        measurements: One a suite.
        findings: In order; anything that can be iterated more than once, and cut at its front.
        names: Of the files.
    """
    section = plugins.load("section", "scan")
    rows = max((metric.n for each in measurements for metric in each.metrics), default=0)
    skipped = max((_number(each.details.get("rows_skipped")) for each in measurements), default=0)
    page = environment((section,)).get_template("scan_page.html.j2")
    kinds = Counter(f"{each['suite']}: {each['entity']}" for each in findings)
    html = page.render(
        tunegate=__version__,
        names=list(names),
        rows=count(rows),
        skipped=count(skipped) if skipped else "",
        bad=_bad(measurements),
        suites=[each.suite for each in measurements],
        found=bars("Findings by kind", dict(kinds.most_common(MOST_BARS))) if kinds else None,
        groups=list(_groups(measurements, rows)),
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


def _groups(measurements: Sequence[Measurement], rows: int) -> Iterator[Bars]:
    """How many rows name each group, axis by axis, where a suite counts groups of people."""
    for each in measurements:
        looked = each.details.get("looked_for")
        if each.suite != "bias" or not isinstance(looked, dict):
            continue
        axes: dict[str, dict[str, int]] = {}
        for name, number in looked.items():
            axis, _, group = name.partition(".")
            if _number(number):
                axes.setdefault(axis, {})[group] = _number(number)
        for axis, groups in axes.items():
            ordered = dict(islice(sorted(groups.items(), key=lambda pair: (-pair[1], pair[0])), MOST_BARS))
            yield bars(f"Rows that name a group: {axis}", ordered, rows)
