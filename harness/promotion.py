"""Promotion: an allowed decision and the very bytes that it was about, or nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.errors import ExitCode, IntegrityError, TunegateError
from harness.store import digest_bytes
from harness.types import EXIT_CODES, Check, Decision, Promotion, settle


class Refused(TunegateError):
    """The decision does not allow this candidate; the exit code is the decision's own, and never that of success."""

    def __init__(self, decision: Decision) -> None:
        """Says what the verdict was.

        Args:
            decision: The decision that does not allow. The data gate alone allows no candidate, whatever its verdict.
        """
        self.exit_code = decision.exit_code or ExitCode.INCOMPLETE
        super().__init__(f"the {decision.stage} gate's verdict is '{decision.verdict}'", "'allowed' by the model gate")


class Expired(TunegateError):
    """A waiver that the decision rests on counts no more; the exit code is that of the decision without it."""

    def __init__(self, decision: Decision, expired: list[Check]) -> None:
        """Says which waiver expired when.

        Args:
            decision: The decision, which was right on its day.
            expired: Its checks whose waiver has expired.
        """
        checks = [each.model_copy(update={"waiver": None}) if each in expired else each for each in decision.checks]
        self.exit_code = EXIT_CODES[settle(checks, decision.problems)]
        named = ", ".join(f"'{each.rule.text()}' on {each.waiver.until}" for each in expired if each.waiver)
        super().__init__(f"waivers expired: {named}", "waivers that count today", "sign a new one, or run again")


def promote(
    registry: Any,
    decision: Decision,
    *,
    project: str,
    subject_digest_now: str,
    alias: str,
    path: Path,
    by: str,
    when: str,
) -> Promotion:
    """Registers a candidate under an alias.

    Args:
        registry: What ``open_registry`` returned.
        decision: The decision about the candidate.
        project: Whose versions it joins.
        subject_digest_now: The digest of the candidate's bytes, hashed again just now.
        alias: The name under which it will be found.
        path: Where the candidate lies.
        by: Who asked.
        when: The time, as ISO 8601 with its offset; waivers have to count on that day (UTC).

    Raises:
        Refused: The decision does not allow the candidate.
        Expired: A waiver that it rests on has expired since.
        IntegrityError: The bytes are not those that were evaluated.
    """
    if not decision.allowed or decision.stage != "model":
        raise Refused(decision)
    today = datetime.fromisoformat(when).astimezone(UTC).date()
    expired = [each for each in decision.checks if each.waived and each.waiver and each.waiver.until < today]
    if expired:
        raise Expired(decision, expired)
    if decision.candidate is None or subject_digest_now != decision.candidate:
        raise IntegrityError(
            f"the candidate in '{path}' hashes to '{subject_digest_now}'",
            f"'{decision.candidate}', which is what was evaluated",
            "run the evaluation again",
        )
    found: Promotion = registry.promote(
        project=project,
        subject=subject_digest_now,
        # The bytes of the run's decision.json, so that an auditor finds the one from the other.
        decision=digest_bytes(decision.model_dump_json(indent=1).encode()),
        alias=alias,
        path=str(path),
        by=by,
        when=when,
    )
    return found
