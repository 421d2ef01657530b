"""Decide a finished run again from its stored samples, with its own rules or those of another run file."""

from __future__ import annotations

from pathlib import Path

import click

from harness.audit import Audit, read_audit
from harness.cli.terminal import JSON, RUN_FOLDER, tell
from harness.gate import decide
from harness.selection import held
from harness.spec import read_run_file
from harness.types import Decision, Rule


@click.command("gate")
@RUN_FOLDER
@click.option("--rules", type=click.Path(path_type=Path, dir_okay=False), help="Run file whose 'gates' decide instead.")
@JSON
def command(run_folder: Path, rules: Path | None, as_json: bool) -> int:
    """Verify RUN_FOLDER and decide it again; nothing is asked and no model is loaded.

    The folder is not changed: this prints what the rules would say, and exits with the verdict's code.
    """
    audit = read_audit(run_folder)
    decision = again(audit, read_run_file(rules)[0].gates if rules else None)
    if as_json:
        click.echo(decision.model_dump_json(indent=1))
    else:
        tell(decision)
    return int(decision.exit_code)


def again(audit: Audit, rules: tuple[Rule, ...] | None) -> Decision:
    """Decides the stored evidence; problems of the run stay problems."""
    old = audit.decision
    return decide(
        old.stage,
        held(own_rules(audit) if rules is None else rules, audit.selection),
        (*audit.scan, *audit.candidate),
        audit.baseline,
        candidate_digest=old.candidate,
        baseline_digest=old.baseline,
        data_digest=audit.scan[0].subject if audit.scan else None,
        problems=old.problems,
    )


def own_rules(audit: Audit) -> tuple[Rule, ...]:
    """The rules that the run itself was decided by, as its run file has them."""
    rules = tuple(Rule.model_validate(each) for each in audit.record.settings["gates"])
    scanned = set(audit.record.settings.get("scan") or {})
    return rules if audit.decision.stage == "model" else tuple(rule for rule in rules if rule.suite in scanned)
