"""SARIF 2.1.0: the scan's findings, as code hosts show them beside their lines."""

from __future__ import annotations

from harness.audit import Audit
from harness.scanning.sarif import sarif

FILENAME = "findings.sarif"


def render(audit: Audit) -> bytes:
    """Says what the scan found; a run whose scan stopped says that it is not complete."""
    return sarif(audit.findings, not any(problem.stage == "scan" for problem in audit.decision.problems))
