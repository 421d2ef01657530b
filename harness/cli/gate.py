"""Decide a finished run again from its stored samples, with its own rules or those of a policy or another run file."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import click

from harness.attest.keys import PublicKey, read_public_key
from harness.attest.waivers import Waivers, read_waivers, waivers_of
from harness.audit import Audit, own_rules, read_audit, waiver_files
from harness.cli.terminal import JSON, RUN_FOLDER, TRUST, tell
from harness.errors import UsageError
from harness.gate import decide
from harness.policy import read_policy
from harness.rescored import noted
from harness.selection import held
from harness.spec import read_run_file
from harness.types import Decision, PolicyName, Rule


@click.command("gate")
@RUN_FOLDER
@click.option("--policy", "sources", multiple=True, metavar="NAME|FILE",
              help="Policy that decides instead: 'smoke', 'release', 'regulated', or a file; repeatable.")  # fmt: skip
@click.option("--rules", type=click.Path(path_type=Path, dir_okay=False),
              help="Run file whose 'gates' and 'waivers' decide instead.")  # fmt: skip
@TRUST
@JSON
def command(
    run_folder: Path, sources: tuple[str, ...], rules: Path | None, trust: tuple[Path, ...], as_json: bool
) -> int:  # fmt: skip
    """Verify RUN_FOLDER and decide it again; nothing is asked and no model is loaded.

    The folder is not changed: this prints what the rules would say, and exits with the verdict's code. A rule about a
    suite that the run did not measure is missing, which is incomplete. The run's waivers count as on its own day, if a
    key given with --trust signed them; those of another run file count as of today.
    """
    with _uncollected():
        audit = read_audit(run_folder)
        keys = trusted(trust, run_folder)
        decision = instead(audit, sources, rules, keys) if sources or rules else again(audit, keys)
    if not keys and any(check.waived for check in audit.decision.checks):
        click.echo("tunegate: the run's waivers are not applied; give --trust PUBLIC_KEY to verify who signed them", err=True)
    if as_json:
        click.echo(decision.model_dump_json(indent=1))
    else:
        tell(decision)
        for each in decision.policies:
            click.echo(f"  by the policy '{each.name}' {each.digest}")
    return int(decision.exit_code)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keeps the garbage collector from walking through all samples again and again, which takes longer than deciding."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def trusted(paths: Sequence[Path], run_folder: Path) -> list[PublicKey]:
    """Reads the keys that waivers have to be signed with.

    Raises:
        UsageError: A key lies in the run's folder: evidence cannot vouch for itself.
    """
    for path in paths:
        if path.resolve().is_relative_to(run_folder.resolve()):
            raise UsageError(f"the key '{path}' lies beside the evidence", "a key that came another way")
    return [read_public_key(path) for path in paths]


def again(audit: Audit, keys: Sequence[PublicKey] = ()) -> Decision:
    """Decides the stored evidence by the run's own rules and waivers."""
    rules = own_rules(audit)
    texts = {check.rule.text() for check in audit.decision.checks}
    texts |= {rule.text() for rule in (*rules, *audit.record.unreached)}
    waivers = read_waivers(waiver_files(audit), keys, audit.record.project, texts)
    return _decided(audit, rules, waivers, audit.record.decided_on or date.min, audit.decision.policies)


def instead(audit: Audit, sources: Sequence[str], run_file: Path | None, keys: Sequence[PublicKey] = ()) -> Decision:
    """Decides the stored evidence by other policies, and by the rules and waivers of another run file."""
    run = read_run_file(run_file)[0] if run_file else None
    policies = [*(run.policies if run else ()), *(read_policy(each, Path.cwd()) for each in sources)]
    rules = [*(run.gates if run else ()), *(rule for policy in policies for rule in policy.rules)]
    waivers = waivers_of(run, run_file.resolve().parent, keys) if run and run_file else Waivers()
    named = tuple(dict.fromkeys(policy.named for policy in policies))
    return _decided(audit, tuple(dict.fromkeys(rules)), waivers, datetime.now(UTC).date(), named)


def _decided(
    audit: Audit, rules: tuple[Rule, ...], waivers: Waivers, on: date, policies: Sequence[PolicyName]
) -> Decision:  # fmt: skip
    """Decides again; problems and notes of the run stay."""
    old = audit.decision
    reached = {rule.text() for rule in rules}
    made = decide(
        old.stage,
        held(rules, audit.selection),
        (*audit.scan, *audit.candidate),
        audit.baseline,
        candidate_digest=old.candidate,
        baseline_digest=old.baseline,
        data_digest=audit.scan[0].subject if audit.scan else None,
        problems=(*old.problems, *waivers.problems),
        waivers=[each for each in waivers.verified if each.waiver.rule in reached],
        on=on,
        notes=(*old.notes, *waivers.notes),
        policies=policies,
    )
    return noted(made, audit.scan, audit.candidate, audit.baseline)
