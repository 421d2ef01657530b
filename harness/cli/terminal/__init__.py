"""What verbs share: options defined once, and what a person sees while a stage runs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from harness.channels.wording.verdicts import granted, with_waivers
from harness.types import Decision

RUNS = click.option(
    "--runs", type=click.Path(path_type=Path, file_okay=False), default=Path("runs"), envvar="TUNEGATE_RUNS",
    show_default=True, help="Folder of all runs; what was computed before is found there.",
)  # fmt: skip
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout; notices go to stderr.")
OUT = click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder to write to.")
WORKERS = click.option(
    "--workers", type=click.IntRange(min=0), default=0, envvar="TUNEGATE_WORKERS",
    help="Processes that scan; 0 for as many as the cores and the rows are good for. The result is the same.",
)  # fmt: skip
ENGINE = click.option(
    "--engine", type=click.Choice(["processes", "ray"]), default="processes", show_default=True,
    help="What the scan's workers run on.",
)  # fmt: skip
TRUST = click.option(
    "--trust", multiple=True, type=click.Path(path_type=Path, dir_okay=False),
    help="Public key that waivers have to be signed with; may be given several times.",
)  # fmt: skip
RUN_FILE = click.argument("run_file", type=click.Path(path_type=Path, dir_okay=False))
RUN_FOLDER = click.argument("run_folder", type=click.Path(path_type=Path, file_okay=False))

COLOURS = {
    "allowed": "green", "pass": "green", "blocked": "red", "fail": "red", "inconclusive": "yellow", "missing": "magenta",
    "incomplete": "magenta", "integrity": "magenta",
}  # fmt: skip


class Progress:
    """Shows stages on stderr: a bar with what remains on a terminal, one line a stage elsewhere."""

    def __init__(self, prefix: str = "", quiet: bool = False) -> None:
        """Prepares to show.

        Args:
            prefix: Stands before every line.
            quiet: Show nothing at all.
        """
        self.prefix, self.quiet = prefix, quiet
        self._bar: Any = None

    def stage(self, label: str) -> Callable[[int, int, Mapping[str, float]], None]:
        """Starts a stage and returns what it calls to show how far it is."""
        if self.quiet or not sys.stderr.isatty():
            return lambda done, total, facts: None
        from tqdm import tqdm

        self._bar = tqdm(desc=f"{self.prefix}{label}", leave=False, dynamic_ncols=True, file=sys.stderr)
        bar = self._bar

        def tick(done: int, total: int, facts: Mapping[str, float]) -> None:
            bar.total = total or None
            bar.set_postfix({name: f"{value:.4g}" for name, value in facts.items()}, refresh=False)
            bar.update(done - bar.n)

        return tick

    def close(self) -> None:
        """Takes the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def done(self, label: str, seconds: float, reused: bool) -> None:
        """Ends a stage."""
        self.close()
        if not self.quiet:
            click.echo(f"{self.prefix}{label:<28} {'unchanged' if reused else f'{seconds:6.1f} s'}", err=True)


def tell(decision: Decision, folder: Path | None = None) -> None:
    """Prints a decision for a person: the checks that did not pass first, then where to read on."""
    also = with_waivers(decision)
    colour = COLOURS["inconclusive" if also else decision.verdict]
    click.echo(click.style(decision.verdict.upper() + also, fg=colour, bold=True))
    for problem in decision.problems:
        click.echo(f"  {click.style('problem', fg='magenta'):<14}{problem.stage}: {problem.message}")
    for check in sorted(decision.checks, key=lambda each: each.outcome == "pass"):
        click.echo(f"  {click.style(check.outcome, fg=COLOURS[check.outcome]):<14} {check.reason}")
        if check.waived:
            click.echo(f"  {'':<5} {granted(check)}")
    for note in decision.notes:
        click.echo(f"  {click.style('note', fg='cyan'):<14} {note}")
    if folder is not None:
        for name in ("report.html", "decision.json"):
            if (folder / name).exists():
                click.echo(f"  {folder / name}")


def why(decision: Decision) -> str:
    """The reason of a verdict in one line."""
    if decision.problems:
        return decision.problems[0].message
    worst = [check for check in decision.checks if check.outcome != "pass" and not check.waived]
    excused = [check for check in decision.checks if check.waived]
    if not worst and excused:
        return f"{len(decision.checks) - len(excused)} of {len(decision.checks)} rules passed; " + "; ".join(
            f"{check.reason}: {granted(check)}" for check in excused
        )
    if not worst:
        return f"all {len(decision.checks)} rules passed"
    # What is absent comes before what failed; beside that the run file's own order says what matters most.
    first, *others = sorted(worst, key=lambda check: ("missing", "fail", "inconclusive").index(check.outcome))
    also = f"; also not passed: {', '.join(check.metric for check in others)}" if others else ""
    return first.reason + also
