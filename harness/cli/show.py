"""Show a run file with every default made visible, and how its data would be read."""

from __future__ import annotations

import json
from pathlib import Path

import click
import yaml

from harness.cli.terminal import JSON, RUN_FILE
from harness.dataset import describe
from harness.spec import RunFile, read_run_file


@click.command("show")
@RUN_FILE
@JSON
def command(run_file: Path, as_json: bool) -> int:
    """Check RUN_FILE and print it with all defaults, every rule with the policy it is from, and its training rows."""
    run, _ = read_run_file(run_file)
    shown = {"run": _run(run), "data": _data(run, run_file.resolve().parent)}
    click.echo(json.dumps(shown, indent=1) if as_json else yaml.safe_dump(shown, sort_keys=False, allow_unicode=True))
    return 0


def _run(run: RunFile) -> dict[str, object]:
    """The run file with every default; each rule with the policy that it is from."""
    found: dict[str, object] = json.loads(run.model_dump_json(exclude={"policies": {"__all__": {"rules"}}}))
    found["gates"] = [{"from": run.source(rule), **rule.model_dump(mode="json")} for rule in run.gates]
    return found


def _data(run: RunFile, folder: Path) -> dict[str, dict[str, object]]:
    names = [name for name in (run.data.train if run.data else ()) if not name.startswith("hf:")]
    facts = {name: describe(folder / name, run.data.bad_rows) for name in names} if run.data else {}
    return {
        name: {"rows": each.rows, "format": each.format, "columns": list(each.columns)} for name, each in facts.items()
    }
