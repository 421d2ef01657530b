"""Measure a model, and optionally a baseline beside it, without a run file."""

from __future__ import annotations

import json
from pathlib import Path

import click

from harness import plugins
from harness.cli.terminal import JSON, RUNS, Progress
from harness.errors import UsageError
from harness.evidence import read_measurement
from harness.job import Arm, arm, artifact
from harness.model.load import resolve_model
from harness.model.pool import Models
from harness.pipeline import Services, perform
from harness.stages.evaluate import evaluate_stage
from harness.store import Store
from harness.types import Measurement


@click.command("eval")
@click.argument("model")
@click.option("--base", default=None, help="Base model of an adapter, and the baseline's too.")
@click.option("--baseline", default=None, help="A second model, asked the same items.")
@click.option("--suite", "suites", multiple=True, required=True, help="Suite to run, as NAME or NAME=ITEMS.jsonl.")
@click.option("--limit", type=click.IntRange(min=1), help="Ask only the first N items of each suite.")
@RUNS
@JSON
def command(
    model: str, base: str | None, baseline: str | None, suites: tuple[str, ...], limit: int | None, runs: Path,
    as_json: bool,
) -> int:  # fmt: skip
    """Ask MODEL (a folder, a Hugging Face id, or 'demo') the items of some suites and print the metrics.

    Answers are kept: what was asked before is not asked again. Exits 0 whatever is measured.
    """
    here, show, store = Path.cwd(), Progress(), Store(runs / ".store")
    under = artifact(resolve_model(base, here)) if base else None
    arms = [_arm(name, under, here) for name in (model, *([baseline] if baseline else []))]
    found: list[list[Measurement]] = []
    services = Services(runs / ".store", Models())
    for wanted in suites:
        name, _, items = wanted.partition("=")
        chosen = ({"items": items} if items else {}) | ({"limit": limit} if limit else {})
        settings = plugins.load("model suite", name).Settings.model_validate(chosen, context={"folder": here})
        stage, row = evaluate_stage(name, settings), []
        for measured in arms:
            done = perform(stage, measured.inputs, settings, store, services, show.stage(stage.label))
            show.done(stage.label, done.entry.seconds, done.reused)
            row.append(read_measurement(Path(done.output.path)))
        found.append(row)
    click.echo(_json(found) if as_json else _table(found))
    return 0


def _arm(name: str, under: object, here: Path) -> Arm:
    model = artifact(resolve_model(name, here))
    return arm(model, under or model)  # type: ignore[arg-type]


def _json(found: list[list[Measurement]]) -> str:
    return json.dumps([[json.loads(each.model_dump_json()) for each in row] for row in found], indent=1)


def _table(found: list[list[Measurement]]) -> str:
    lines = []
    for row in found:
        if not row:
            raise UsageError("no suite was run", "--suite NAME")
        for metric in row[0].metrics:
            others = [each.metric(metric.name) for each in row[1:]]
            values = "".join(f"{other.value:>10.4f}" if other else f"{'-':>10}" for other in others)
            low, high = metric.interval or (metric.value, metric.value)
            lines.append(f"{metric.name:<52}{metric.value:>10.4f}{values}   [{low:.4f}, {high:.4f}]  n={metric.n}")
    return "\n".join(lines)
