"""Run the five demo candidates, or rebuild the demo model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module, resources
from pathlib import Path

import click

from harness.audit import read_audit
from harness.cli.terminal import COLOURS, RUNS, why

CANDIDATES = ("dirty", "clean", "harmful", "invented", "narrow")
MEANT = {"clean": "allowed"}
# Candidates are judged side by side; more threads than cores would make each of them several times slower.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "TUNEGATE_THREADS": "1"}


@click.group("demo", invoke_without_command=True)
@click.option(
    "--jobs", type=click.IntRange(min=1), default=2, show_default=True, help="Candidates judged side by side."
)
@RUNS
@click.pass_context
def command(ctx: click.Context, jobs: int, runs: Path) -> int:
    """Train and judge five candidates of a small model: one is promoted, four are blocked, each for its own reason.

    Each is an ordinary run file; the folder of each run is RUNS/demo-NAME. Exits 0 when every verdict is the one meant.
    """
    if ctx.invoked_subcommand is not None:
        return 0
    with ThreadPoolExecutor(jobs) as pool:
        rights = list(pool.map(lambda name: _judge(name, runs), CANDIDATES))
    click.echo(f"{sum(rights)} of {len(rights)} verdicts are as meant")
    return 0 if all(rights) else 1


def _judge(name: str, runs: Path) -> bool:
    """Runs one candidate in a process of its own and prints its verdict as soon as it is there."""
    out = runs / f"demo-{name}"
    file = resources.files("demo") / "candidates" / f"{name}.yaml"
    options = ["--out", str(out), "--runs", str(runs), "--quiet", "--json"]
    arguments = [sys.executable, "-m", "harness", "run", str(file), *options]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, env={**ONE_THREAD, **os.environ})
    try:
        verdict = json.loads(done.stdout)["verdict"]
    except (ValueError, KeyError):
        click.echo(f"{name:<10} {click.style('FAILED', fg='magenta')}  {done.stderr.strip()[-400:]}")
        return False
    shown = click.style(f"{verdict.upper():<12}", fg=COLOURS[verdict], bold=True)
    click.echo(f"{name:<10} {shown} {why(read_audit(out).decision)}\n{'':<23} {out / 'report.html'}")
    return verdict == MEANT.get(name, "blocked")


@command.command("build")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for the model.")
@click.option("--seed", type=int, default=1, show_default=True)
def build(out: Path, seed: int) -> int:
    """Build the demo model from its generated world (about half an hour on one core).

    Same seed, same machine type, same thread count: the same bytes.
    """
    import_module("demo.build").build(out, seed, lambda text: click.echo(text, err=True))
    click.echo(str(out))
    return 0
