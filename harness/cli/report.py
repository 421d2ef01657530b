"""Write the reports of a finished run again."""

from __future__ import annotations

from pathlib import Path

import click

from harness.audit import read_audit
from harness.cli.terminal import RUN_FOLDER
from harness.stages.report import write_reports


@click.command("report")
@RUN_FOLDER
@click.option("--html/--no-html", default=True, help="report.html", show_default=True)
@click.option("--junit/--no-junit", default=True, help="junit.xml", show_default=True)
@click.option("--markdown/--no-markdown", default=True, help="summary.md", show_default=True)
@click.option("--sarif/--no-sarif", default=True, help="findings.sarif, where data was scanned", show_default=True)
def command(run_folder: Path, html: bool, junit: bool, markdown: bool, sarif: bool) -> int:
    """Verify every file that the record of RUN_FOLDER names, and render its reports from it.

    The exit code is that of the decision which the reports show.
    """
    audit = read_audit(run_folder)
    for path in write_reports(run_folder, audit, html, junit, markdown, sarif):
        click.echo(str(path))
    return int(audit.decision.exit_code)
