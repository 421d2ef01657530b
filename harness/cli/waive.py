"""Accept, signed and until a day, that a rule is not met."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import click
from pydantic import ValidationError

from harness.attest.keys import PASSPHRASE, read_private_key, read_public_key
from harness.attest.waivers import signed_waiver
from harness.audit import read_audit
from harness.cli.terminal import JSON
from harness.errors import UsageError
from harness.plugins import suggestion
from harness.slices import is_part
from harness.spec import RunFile, read_run_file
from harness.store import write_atomic
from harness.types import WAIVABLE, Rule
from harness.waiver import Waiver

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@click.command("waive")
@click.argument("rule")
@click.option("--for", "run_file", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The run file.")
@click.option("--owner", required=True, help="Who answers for it.")
@click.option("--reason", required=True, help="Why, in one paragraph.")
@click.option("--until", required=True, type=click.DateTime(["%Y-%m-%d"]), help="Last day on which it counts (UTC).")
@click.option("--key", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The private key that signs.")
@click.option("--candidate", help="A run's folder, or a digest: this candidate only [default: any of the project]")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write [default: waivers/ by the run file]"
)
@JSON
def command(
    rule: str, run_file: Path, owner: str, reason: str, until: datetime, key: Path, candidate: str | None,
    out: Path | None, as_json: bool,
) -> int:  # fmt: skip
    """Write a signed file that excuses RULE, as a report names it: "refusal.benign_answered max_drop 0.05".

    The metric alone is enough where one rule only reads it. A rule on every slice of a tag (@tag=*) is waived as it is
    written, for all of its slices. A waiver excuses a rule that failed or could not be settled; never one that was not
    measured, and never evidence that contradicts itself.
    """
    run, _ = read_run_file(run_file)
    meant = chosen(rule, run.gates)
    about = digest_named(candidate, meant, run.project)
    waiver = made(run.project, meant, owner, reason, until.date(), about)
    private = read_private_key(key, os.environ.get(PASSPHRASE))
    path = out or run_file.parent / "waivers" / f"{_slug(meant)}-{waiver.until}.json"
    if path.exists():
        raise UsageError(f"'{path}' is already there", "a name that is not taken", "choose --out")
    write_atomic(path, signed_waiver(waiver, private))
    for notice in notices(run, run_file.parent, path, private.public.id):
        click.echo(f"tunegate: {notice}", err=True)
    click.echo(waiver.model_dump_json(indent=1) if as_json else f"{path}  waives '{waiver.rule}' until {waiver.until}")
    return 0


def chosen(name: str, rules: Sequence[Rule]) -> Rule:
    """The rule that is meant: by its whole text, or by its metric where only one reads it.

    Raises:
        UsageError: No rule reads so, or several do.
    """
    found = [rule for rule in rules if rule.text() == name] or [rule for rule in rules if rule.metric == name]
    if not found:
        raise UsageError(f"no rule in the gates reads '{name}'", suggestion(name, [rule.text() for rule in rules]))
    if len(found) > 1:
        raise UsageError(f"'{name}' is {len(found)} rules", suggestion("", [rule.text() for rule in found]))
    return found[0]


def digest_named(candidate: str | None, rule: Rule, project: str) -> str | None:
    """The digest of the candidate that is named, by itself or by the run that decided it.

    Raises:
        UsageError: The run decided no candidate, is of another project, or found nothing that can be waived.
    """
    if candidate is None or DIGEST.fullmatch(candidate):
        return candidate
    audit = read_audit(Path(candidate))
    if audit.record.project != project:
        raise UsageError(f"'{candidate}' is a run of '{audit.record.project}'", f"a run of '{project}'")
    if audit.decision.candidate is None:
        raise UsageError(f"'{candidate}' decided no candidate", "a run that reached the model gate")
    outcomes = dict.fromkeys(check.outcome for check in audit.decision.checks if is_part(check.rule, rule))
    if not set(outcomes) & set(WAIVABLE):
        found = " and ".join(outcomes) or "not decided"
        raise UsageError(f"'{rule.text()}' is {found} in '{candidate}'", "a rule that failed or is inconclusive there")
    return audit.decision.candidate


def made(project: str, rule: Rule, owner: str, reason: str, until: date, candidate: str | None) -> Waiver:
    """The waiver, issued today.

    Raises:
        UsageError: Its owner, reason or dates are not what a waiver needs.
    """
    facts = {"owner": owner, "reason": reason, "issued": datetime.now(UTC).date(), "until": until}
    try:
        return Waiver(project=project, rule=rule.text(), candidate=candidate, **facts)  # type: ignore[arg-type]
    except ValidationError as error:
        faults = [(".".join(map(str, each["loc"])), each["msg"].removeprefix("Value error, ")) for each in error.errors()]
        said = "; ".join(f"--{place}: {message}" if place else f"--until: {message}" for place, message in faults)
        raise UsageError(said, "text on one line, and a day from today on") from error


def notices(run: RunFile, folder: Path, path: Path, key: str) -> list[str]:
    """What still keeps the waiver from being applied."""
    plan = run.waivers
    if plan is None:
        return ["the run file reads no waivers yet: add 'waivers: {files: [waivers/*.json], trust: [PUBLIC KEY]}'"]
    unread = path.resolve() not in {found.resolve() for found in plan.found(folder)}
    untrusted = key not in {read_public_key(each).id for each in plan.trust}
    found = [f"the run file's 'waivers.files' do not name '{path}'"] if unread else []
    return found + (["no key under the run file's 'waivers.trust' is the one that signed"] if untrusted else [])


def _slug(rule: Rule) -> str:
    return re.sub(r"[^a-z0-9]+", "-", rule.text().lower()).strip("-")
