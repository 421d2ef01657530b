"""Say what the rules of a run file will be able to see, and what that costs, before anything is trained or asked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from harness.audit import read_audit
from harness.cli.terminal import JSON, RUN_FILE, RUNS, Progress
from harness.foresight import DISCORDANCES, Arm, Outlook, Range, Scenario
from harness.pipeline import Services
from harness.probing import is_probing
from harness.rehearsal import Rehearsal, rehearse
from harness.slices import selected
from harness.spec import RunFile, read_run_file
from harness.stages.explain import look_ahead, plain


@click.command("explain")
@RUN_FILE
@click.option(
    "--discordance", "discordances", type=click.FloatRange(0, 1, min_open=True), multiple=True,
    help="Assume that the arms differ on this share of the items; can be repeated.  [default: 0.05 0.12 0.20]",
)
@click.option(
    "--after", type=click.Path(path_type=Path, file_okay=False),
    help="Folder of a finished run that asked the same items: its answers take the place of what is assumed.",
)
@RUNS
@JSON
def command(run_file: Path, discordances: tuple[float, ...], after: Path | None, runs: Path, as_json: bool) -> int:
    """For each rule of RUN_FILE: the items it reads, what it can see, how often it stops an equal candidate, and its cost.

    No model is loaded. Exits 0 whatever is found; what can never be decided, pass or fail is said as a warning.
    """
    run, _ = read_run_file(run_file)
    # What there is to probe for is known once the rows were scanned.
    probing = {suite for suite in run.evaluate if is_probing(suite)}
    rehearsals = {suite: rehearse(suite, settings) for suite, settings in run.evaluate.items() if suite not in probing}
    gates = tuple(rule for rule in run.gates if not probing & set(rule.suites))
    for suite in sorted(probing):
        click.echo(f"rules on '{suite}' are not looked ahead at: what it asks follows from a scan or a training", err=True)
    finished = _finished(after)
    known = finished[1] if finished else {}
    rehearsals |= {name: rehearsals[name].judged_as(known[name]) for name in rehearsals.keys() & known.keys()}
    for name in (name for name, each in rehearsals.items() if each.unasked):
        click.echo(f"a model judges '{name}': its error is not in these figures; give a finished run with --after", err=True)
    show = Progress()
    wanted = tuple(sorted(set(discordances))) or DISCORDANCES
    found = look_ahead(gates, rehearsals, wanted, finished, Services(runs / ".store"), show.stage("explain"))
    show.close()
    costs = [_cost(run, each) for each in rehearsals.values()]
    shown = json.dumps({"rules": plain(found), "suites": costs}, indent=1) if as_json else _page(found, costs)
    click.echo(shown)
    return 0


def _finished(folder: Path | None) -> tuple[Path, Arm, Arm] | None:
    if folder is None:
        return None
    audit = read_audit(folder, ("candidate", "baseline"))
    candidate, baseline = ({each.suite: each for each in arm} for arm in (audit.candidate, audit.baseline))
    return folder / "record.json", candidate, baseline


def _cost(run: RunFile, rehearsal: Rehearsal) -> dict[str, object]:
    """What a suite asks of both arms, and how many of its items no rule reads."""
    read: set[str] = set()
    for rule in run.gates:
        for metric in (rule.metric, *rule.also):
            if metric.partition(".")[0] == rehearsal.suite:
                every = "@" in metric and metric.endswith("=*")
                part = rule.model_copy(update={"metric": metric.partition("@")[0] if every else metric})
                read |= selected(part, rehearsal.samples).keys()
    return {
        "suite": rehearsal.suite, "items": len(rehearsal.samples), "requests": rehearsal.requests,
        "requests_of_both_arms": 2 * rehearsal.requests, "items_that_no_rule_reads": len(rehearsal.samples) - len(read),
    }  # fmt: skip


def _page(found: Sequence[Outlook], costs: Sequence[Mapping[str, object]]) -> str:
    return "\n".join([*_table(found), "", *_wanted(found), *_warnings(found), *_asked(costs), "", *_reading(found)])


def _table(found: Sequence[Outlook]) -> list[str]:
    labels = list(dict.fromkeys(_label(each, one) for each in found for one in each.scenarios))
    rows = [["rule", "items", "clusters", "answers", *(f"{what}, {label}" for what in ("sees", "stops") for label in labels)]]
    for each in found:
        known = {_label(each, one): one for one in each.scenarios}
        counts = [f"{count:,}" for count in (each.items, each.clusters, each.answers)]
        rows.append([
            each.rule.text(), *(counts if each.read == "items" else ["every row", "", ""]),
            *(say(known[label]) if label in known else "" for say in (_sees, _stops) for label in labels),
        ])  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(_padded(row, widths)).rstrip() for row in rows]


def _padded(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [cell.rjust(width) if at else cell.ljust(width) for at, (cell, width) in enumerate(zip(row, widths, strict=True))]


def _label(found: Outlook, scenario: Scenario) -> str:
    if found.measured or scenario.discordance is None:
        return "measured"
    return f"{100 * scenario.discordance:.3g} %"


def _sees(scenario: Scenario) -> str:
    return "exact" if scenario.sees is None else _between(scenario.sees, 1)


def _stops(scenario: Scenario) -> str:
    return _between(scenario.not_passed, 0) + " %"


def _between(ends: Range, decimals: int) -> str:
    low, high = (f"{100 * end:.{decimals}f}" for end in ends)
    return low if low == high else f"{low}–{high}"


def _wanted(found: Sequence[Outlook]) -> list[str]:
    lines = []
    for each in found:
        if each.wanted is not None:
            ends = _between(each.wanted, 1)
            what = f"gain of {ends} points" if each.rule.kind == "must_gain" else f"value of {ends} %"
            lines.append(f"{each.rule.text()}: a true {what} is passed with a probability of 80 %")
    return [*lines, ""] if lines else []


def _warnings(found: Sequence[Outlook]) -> list[str]:
    lines = [f"{click.style('warning', fg='yellow')}  {each.rule.text()}: {text}" for each in found for text in each.warnings]
    return [*lines, ""] if lines else []


def _asked(costs: Sequence[Mapping[str, object]]) -> list[str]:
    total = sum(int(str(each["requests_of_both_arms"])) for each in costs)
    lines = [f"{total:,} requests, both arms together; what was answered before is not asked again"] if costs else []
    idle = [f"{each['suite']} {each['items_that_no_rule_reads']}" for each in costs if each["items_that_no_rule_reads"]]
    return [*lines, *([f"items that are asked and no rule reads: {', '.join(idle)}"] if idle else [])]


def _reading(found: Sequence[Outlook]) -> list[str]:
    methods = dict.fromkeys(each.method for each in found if each.scenarios or each.wanted)
    if not methods:
        return []
    return [
        "sees: the smallest change, in points, that is told from none with a probability of 80 %",
        "stops: how often a candidate that is exactly as good as the baseline is not passed",
        "both by the share of items on which the arms differ; from items that change one by one to clusters all at once",
        *(f"method: {each}; shares to about 2 points" for each in methods),
    ]
