"""Writes the reports of a finished run beside its record: the same decision for a reviewer and for tools."""

from __future__ import annotations

import importlib
from pathlib import Path

from harness import plugins
from harness.audit import Audit
from harness.store import write_atomic

# The report's code is a sibling package, which the harness knows by name only.
RENDERER = "reports.render"
HTML = "report.html"


def write_reports(
    folder: Path, audit: Audit, html: bool, junit: bool, markdown: bool, sarif: bool = False
) -> list[Path]:
    """Writes the reports that were asked for and returns their paths.

    Everything is rendered before anything is written, so that a failure leaves no half of a set behind.

    Args:
        folder: The run's folder.
        audit: What the folder holds.
        html: Whether to write ``report.html``.
        junit: Whether to write ``junit.xml``.
        markdown: Whether to write ``summary.md``.
        sarif: Whether to write ``findings.sarif``, where data was scanned.
    """
    rendered: dict[str, bytes] = {}
    if html:
        rendered[HTML] = importlib.import_module(RENDERER).render(audit)
    asked = {"junit": junit, "markdown": markdown, "sarif": sarif and bool(audit.scan)}
    for name in [name for name, wanted in asked.items() if wanted]:
        channel = plugins.load("channel", name)
        rendered[channel.FILENAME] = channel.render(audit)
    for name, data in rendered.items():
        write_atomic(folder / name, data)
    return [folder / name for name in rendered]
