"""Scan data files for personal data, secrets, bias and duplicates."""

from __future__ import annotations

import json
from pathlib import Path

import click

from harness import plugins
from harness.cli.terminal import ENGINE, JSON, RUNS, WORKERS, Progress
from harness.evidence import read_measurement
from harness.gathered import artifact
from harness.pipeline import Services, perform
from harness.scanning.engines import Engine
from harness.stages.scan import scan_stage, told
from harness.stages.scan_ahead import scan_ahead
from harness.store import Store, place
from harness.types import Measurement


@click.command("scan")
@click.argument("data", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--suite", "suites", multiple=True, help="Run only this suite; may be given several times.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Copy measurements and findings there.")
@click.option("--skip-bad", is_flag=True, help="Leave out rows that cannot be read, and list them, rather than stop.")
@WORKERS
@ENGINE
@RUNS
@JSON
def command(
    data: tuple[Path, ...], suites: tuple[str, ...], out: Path | None, skip_bad: bool, workers: int, engine: Engine,
    runs: Path, as_json: bool,
) -> int:  # fmt: skip
    """Scan DATA (jsonl, csv, parquet, txt) and print what was found, masked, and what was not looked for.

    Exits 0 whatever is found: whether findings block is a rule of a run file. A row that cannot be read exits 4.
    """
    services, store = Services(runs / ".store", workers=workers, engine=engine), Store(runs / ".store")
    show, found = Progress(), []
    inputs = {f"train[{index}]" if index else "train": artifact(path) for index, path in enumerate(data)}
    asked = {
        suite: told(plugins.load("data suite", suite).Settings(), "skip" if skip_bad else "stop")
        for suite in suites or plugins.names("data suite")
    }
    scan_ahead(asked, inputs, store, services, show)
    for suite, settings in asked.items():
        stage = scan_stage(suite)
        done = perform(stage, inputs, settings, store, services, show.stage(stage.label))
        show.done(stage.label, done.entry.seconds, done.reused)
        found.append(read_measurement(Path(done.output.path)))
        if out is not None:
            place(Path(done.output.path), out / suite)
    if as_json:
        click.echo(json.dumps([json.loads(each.model_dump_json()) for each in found], indent=1))
    else:
        for measurement in found:
            _tell(measurement)
    return 0


def _tell(measurement: Measurement) -> None:
    click.echo(click.style(measurement.suite, bold=True))
    for metric in measurement.metrics:
        click.echo(f"  {metric.name:<44}{metric.value:>12g}   of {metric.n}")
    if measurement.details.get("rows_skipped"):
        click.echo(f"  rows that cannot be read, left out: {measurement.details['rows_skipped']}")
    missing = measurement.details.get("not_looked_for")
    if missing:
        click.echo(f"  not looked for: {', '.join(str(name) for name in missing)}")  # type: ignore[union-attr]
