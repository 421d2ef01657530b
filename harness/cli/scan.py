"""Scan data files for personal data, secrets, bias and duplicates; redact what was found."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import click
from pydantic import ValidationError

from harness import plugins
from harness.channels.wording.scanned import counts, doubts
from harness.cli.terminal import ENGINE, JSON, RUNS, WORKERS, Progress
from harness.errors import UsageError
from harness.gathered import artifact
from harness.pipeline import Done, Services, perform
from harness.scanned import DataScan, Scanned, redaction_note
from harness.scanning.actions import How
from harness.scanning.engines import Engine
from harness.scanning.written import write_scan
from harness.settings import Settings
from harness.store import Store, place
from harness.types import Measurement

# Kinds that were not found and are named; all are in what --json prints.
FEW = 6


@click.command("scan")
@click.argument("data", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--suite", "suites", multiple=True, metavar="NAME", help="Run this suite only; repeatable.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False),
              help="Folder for the findings (findings.jsonl, findings.sarif) and a report (report.html).")  # fmt: skip
@click.option("--skip-bad", is_flag=True, help="Leave out and list rows that cannot be read; without it they end the scan.")
@click.option("--verify", type=click.IntRange(min=1), metavar="N",
              help="Scan N random rows with plain Presidio as well; a difference ends the scan.")  # fmt: skip
@click.option("--ner", metavar="off|embedded|PATH", help="What finds names and places; PATH is a model on disk.")
@click.option(
    "--redact", type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the rows with what pii and secrets found written over; those are scanned then.",
)  # fmt: skip
@click.option(
    "--redact-with", type=click.Choice(get_args(How)), default="replace", show_default=True,
    help="What --redact writes in the place of a value.",
)  # fmt: skip
@WORKERS
@ENGINE
@RUNS
@JSON
def command(
    data: tuple[Path, ...], suites: tuple[str, ...], out: Path | None, skip_bad: bool, verify: int | None,
    ner: str | None, redact: Path | None, redact_with: How, workers: int, engine: Engine, runs: Path, as_json: bool,
) -> int:  # fmt: skip
    r"""Scan the files DATA (jsonl, json, csv, tsv, parquet, txt) and count what is found in their rows.

    Every suite is run unless --suite names some; 'tunegate suites' lists them. Printed are the totals of each suite, the
    kinds that were found, and what was not looked for. Where each finding stands is written with --out, its value nowhere.

    \b
    tunegate scan train.jsonl
    tunegate scan train.jsonl more.csv --suite pii --suite secrets --out scanned
    tunegate scan train.jsonl --redact clean --redact-with mask

    Exits 0 whatever is found: what blocks is a rule of a run file. Exits 2 for an option that does not fit, 4 where a row
    cannot be read, 5 where kept results were changed or --verify found a difference.
    """
    services, store, show = (
        Services(runs / ".store", workers=workers, engine=engine),
        Store(runs / ".store"),
        Progress(),
    )
    inputs = {f"train[{index}]" if index else "train": artifact(path) for index, path in enumerate(data)}
    told = {"verify": verify, "ner": ner}
    if redact is not None:
        told |= {"on_finding": "redact", "redact_with": redact_with}

    def done(stage: Any, given: Any, settings: Any) -> Done:
        found = perform(stage, given, settings, store, services, show.stage(stage.label))
        show.done(stage.label, found.entry.seconds, found.reused)
        return found

    asked = settings_of(suites or plugins.names("data suite"), {name: value for name, value in told.items() if value})
    found = DataScan(asked, "skip" if skip_bad else "stop", services, show, done)(inputs)
    measurements = found.measurements
    if redact is not None:
        _write_rows(found, redact)
    if out is not None:
        for suite, folder in found.outputs.items():
            place(folder, out / suite)
        write_scan(out, measurements, found.outputs, [path.name for path in data])
    if as_json:
        click.echo(json.dumps([json.loads(each.model_dump_json()) for each in measurements], indent=1))
        return 0
    for measurement in measurements:
        _tell(measurement)
    if redact is not None:
        click.echo(redaction_note(found.redaction) if found.redaction else "nothing was found that could be redacted")
    return 0


def settings_of(suites: tuple[str, ...], told: Mapping[str, Any]) -> dict[str, Settings]:
    """The settings of each suite, with what was told on the command line where the suite has such a setting.

    Raises:
        UsageError: None of the suites has a setting that was told, or its value does not fit.
    """
    models = {suite: plugins.load("data suite", suite).Settings for suite in suites}
    for name in told:
        if not any(name in model.model_fields for model in models.values()):
            option = "--redact" if name == "on_finding" else f"--{name.replace('_', '-')}"
            raise UsageError(f"none of the suites {', '.join(models)} can be told '{option}'", "a suite that can")
    return {
        suite: _made(suite, model, {name: value for name, value in told.items() if name in model.model_fields})
        for suite, model in models.items()
    }


def _made(suite: str, model: type[Settings], told: Mapping[str, Any]) -> Settings:
    try:
        return model.model_validate(dict(told))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"the suite '{suite}' cannot take '{place}': {first['msg']}") from None


def _write_rows(found: Scanned, folder: Path) -> None:
    """Puts the new rows, and what they were made of, where a person reads them."""
    for name, made in found.inputs.items():
        place(Path(made.path), folder / name.replace("[", "-").rstrip("]") / Path(made.path).name)
    if found.redaction is not None:
        place(found.redaction, folder / found.redaction.name)


def _tell(measurement: Measurement) -> None:
    found, details = counts(measurement), measurement.details
    heuristic = details.get("scorer")
    click.echo(click.style(measurement.suite, bold=True) + (f"  ({heuristic})" if heuristic else ""))
    wide = max((len(each.name) for each in found.shown), default=0)
    for each in found.shown:
        click.echo(f"  {each.name:<{max(wide, 24)}}{each.value:>12}  {each.of}".rstrip())
    if found.absent:
        click.echo(f"  looked for and not found: {_few(found.absent)}")
    if details.get("rows_skipped"):
        click.echo(f"  rows that cannot be read, left out: {details['rows_skipped']}")
    missing = details.get("not_looked_for")
    if missing:
        click.echo(f"  not looked for: {', '.join(str(name) for name in missing)}")  # type: ignore[union-attr]
    for said in doubts(measurement):
        click.echo(f"  measured on {said}")


def _few(names: Sequence[str]) -> str:
    """The names where they are few, else how many there are."""
    return ", ".join(names) if len(names) <= FEW else f"{', '.join(names[:FEW])} and {len(names) - FEW} more"
