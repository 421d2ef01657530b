"""What a scan leaves in a folder for people and tools: all findings in one file, SARIF, and a report."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.scanning.findings import FindingsFile
from harness.scanning.sarif import sarif
from harness.store import write_atomic
from harness.types import Measurement

# The report's code is a sibling package, which the harness knows by name only.
RENDERER = "reports.scan"
FINDINGS, SARIF, HTML = "findings.jsonl", "findings.sarif", "report.html"


def write_scan(
    folder: Path, measurements: Sequence[Measurement], outputs: Mapping[str, Path], names: Sequence[str]
) -> None:
    """Writes the findings of all suites, SARIF and the report.

    Args:
        folder: Where to.
        measurements: One a suite.
        outputs: The folder of each suite's measurement and findings.
        names: Of the files that were scanned.
    """
    folder.mkdir(parents=True, exist_ok=True)
    join([each / FINDINGS for each in outputs.values()], folder / FINDINGS)
    found = FindingsFile(folder / FINDINGS)
    write_atomic(folder / SARIF, sarif(found))
    write_atomic(folder / HTML, importlib.import_module(RENDERER).render_scan(measurements, found, names))


def join(sources: Sequence[Path], target: Path) -> None:
    """Puts files one after the other, whole or not at all; there may be more in them than memory."""
    beside = target.with_name(f".{target.name}")
    with beside.open("wb") as out:
        for path in sources:
            with path.open("rb") as file:
                shutil.copyfileobj(file, out)
    beside.replace(target)
