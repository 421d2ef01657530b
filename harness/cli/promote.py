"""Register the candidate of a run that was allowed."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from pathlib import Path

import click

from harness import plugins
from harness.audit import read_audit
from harness.channels.wording.verdicts import with_waivers
from harness.cli.gate import again, trusted
from harness.cli.terminal import JSON, RUN_FOLDER, RUNS, TRUST
from harness.errors import IntegrityError, UsageError
from harness.model.identity import is_adapter, subject_digest
from harness.model.load import resolve_model
from harness.promotion import promote
from harness.types import Decision


@click.command("promote")
@RUN_FOLDER
@click.option("--alias", default="champion", show_default=True, help="Name under which the version is found.")
@click.option(
    "--registry", type=click.Path(path_type=Path, dir_okay=False), help="SQLite file [default: RUNS/registry.db]"
)
@click.option("--base", default=None, help="Base model of an adapter [default: the run file's]")
@TRUST
@RUNS
@JSON
def command(
    run_folder: Path, alias: str, registry: Path | None, base: str | None, trust: tuple[Path, ...], runs: Path, as_json: bool
) -> int:  # fmt: skip
    """Promote the candidate of RUN_FOLDER if its decision allows it and its bytes are those that were evaluated.

    Waivers that the decision rests on are verified with the keys given with --trust, and have to count today.
    """
    audit = read_audit(run_folder)
    excused = with_waivers(audit.decision)
    if excused and not trust:
        raise UsageError(
            f"the decision is '{audit.decision.verdict}{excused}'", "--trust PUBLIC_KEY, to verify who signed the waiver"
        )
    # Which waivers went unused depends on the keys at hand; what they would say settles nothing.
    if _settled(again(audit, trusted(trust, run_folder))) != _settled(audit.decision):
        raise IntegrityError(
            f"the evidence of '{run_folder}' settles to another decision", "the one it holds", "run again"
        )
    candidate = run_folder / "candidate"
    if not candidate.is_dir():
        raise UsageError(f"'{run_folder}' holds no 'candidate'", "a run that trained one, or was allowed")
    under = resolve_model(base or str(audit.record.settings["base"]), run_folder) if is_adapter(candidate) else None
    promotion = promote(
        plugins.load("registry", "local").open_registry(registry or runs / "registry.db"),
        audit.decision,
        project=audit.record.project,
        subject_digest_now=subject_digest(candidate, under),
        alias=alias,
        path=candidate.resolve(),
        by=getpass.getuser(),
        when=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    text = f"{promotion.project} version {promotion.version} is '{promotion.alias}': {promotion.subject}"
    text += f" (allowed{excused})" if excused else ""
    click.echo(promotion.model_dump_json(indent=1) if as_json else text)
    return 0


def _settled(decision: Decision) -> Decision:
    return decision.model_copy(update={"notes": ()})
