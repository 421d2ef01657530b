"""Set finished runs side by side: every rule, every run."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import click

from harness.audit import read_audit
from harness.cli.terminal import COLOURS, JSON
from harness.store import write_atomic


@click.command("compare")
@click.argument("run_folders", nargs=-1, required=True, type=click.Path(path_type=Path, file_okay=False))
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write the comparison as a page.")
@JSON
def command(run_folders: tuple[Path, ...], html: Path | None, as_json: bool) -> int:
    """Compare the finished runs in RUN_FOLDERS rule by rule, each with its change against its own baseline."""
    audits = [read_audit(folder) for folder in run_folders]
    view = import_module("reports.compare")
    rows = view.comparison_rows(audits)
    if html is not None:
        write_atomic(html, view.render_comparison(audits))
    if as_json:
        verdicts = {str(folder): audit.decision.verdict for folder, audit in zip(run_folders, audits, strict=True)}
        click.echo(json.dumps({"verdicts": verdicts, "rules": rows}, indent=1))
        return 0
    width = max(len(str(folder.name)) for folder in run_folders) + 2
    click.echo(" " * 52 + "".join(f"{folder.name:>{max(width, 16)}}" for folder in run_folders))
    for row in rows:
        cells = "".join(_cell(cell, max(width, 16)) for cell in row["cells"])
        click.echo(f"{row['rule']:<52}{cells}")
    verdicts = (
        click.style(f"{each.decision.verdict:>{max(width, 16)}}", fg=COLOURS[each.decision.verdict]) for each in audits
    )
    click.echo(f"{'verdict':<52}" + "".join(verdicts))
    return 0


def _cell(cell: dict[str, object] | None, width: int) -> str:
    if not cell:
        return f"{'-':>{width}}"
    delta = f" {cell['delta']:+.3f}" if isinstance(cell.get("delta"), float) else ""
    return click.style(f"{cell['outcome']}{delta}".rjust(width), fg=COLOURS[str(cell["outcome"])])
