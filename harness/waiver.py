"""A waiver: a named person accepts, until a day, that one rule is not met. It excuses the failure and hides nothing.

Only what was measured can be waived: a rule that failed, or that could not be settled. What is missing was never seen by
the person who signs, and what breaks the integrity of the evidence makes every number doubtful, so neither is ever excused.
This module is pure; :mod:`harness.attest.waivers` reads the signed files and finds out who signed them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from harness.types import SCHEMA, WAIVABLE, Check, Digest, Noun, Waived

# A waiver that outlives its owner's memory is a change of the policy, which belongs in the run file.
LONGEST_DAYS = 366

Line = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Waiver(Noun):
    """What is signed.

    Attributes:
        project: The run file's project; a waiver of another one is not applied.
        rule: The rule as :meth:`harness.types.Rule.text` writes it; with another bound it is another rule.
        owner: Who answers for it.
        reason: Why, in one paragraph.
        issued: The first day on which it counts (UTC).
        until: The last day on which it counts (UTC).
        candidate: The candidate that it is about; None for any of the project.
    """

    schema_number: Literal[1] = SCHEMA
    project: str = Field(min_length=1)
    rule: str = Field(min_length=1)
    owner: Line = Field(max_length=200)
    reason: Line = Field(max_length=2_000)
    issued: date
    until: date
    candidate: Digest | None = None

    @model_validator(mode="after")
    def _expires(self) -> Waiver:
        days = (self.until - self.issued).days
        if not 0 <= days <= LONGEST_DAYS:
            raise ValueError(
                f"it counts from {self.issued} until {self.until}; expected at most {LONGEST_DAYS} days, not before its issue"
            )
        return self


@dataclass(frozen=True)
class Verified:
    """A waiver whose signature was verified.

    Attributes:
        waiver: What was signed.
        name: The file's name, by which a note speaks of it.
        key: Id of the trusted key that signed.
        digest: Digest of the file's bytes.
    """

    waiver: Waiver
    name: str
    key: str
    digest: str


def excused(
    checks: Sequence[Check], waivers: Sequence[Verified], candidate: str | None, on: date
) -> tuple[tuple[Check, ...], tuple[str, ...]]:
    """Marks the checks that a waiver excuses; their outcomes and numbers stay as they are.

    Args:
        checks: What the rules said.
        waivers: Waivers that a trusted key signed.
        candidate: The candidate that is decided; None where only data is.
        on: The day of the decision (UTC).

    Returns:
        The checks, and a note for every waiver that excuses nothing.
    """
    counted = Counter(check.rule.text() for check in checks)
    found = {check.rule.text(): check for check in checks}
    best: dict[str, Verified] = {}
    notes = []
    for each in sorted(waivers, key=lambda each: (each.waiver.until, each.name)):
        rule = each.waiver.rule
        refusal = _refusal(each.waiver, candidate, on) or _useless(rule, counted[rule], found.get(rule))
        if refusal:
            notes.append(f"waiver '{each.name}' of '{rule}' is not applied: {refusal}")
        else:
            best[rule] = each
    return tuple(_marked(check, best.get(check.rule.text())) for check in checks), tuple(notes)


def _refusal(waiver: Waiver, candidate: str | None, on: date) -> str:
    """Why a waiver does not count here and now; nothing where it does."""
    if on > waiver.until:
        return f"it expired on {waiver.until}"
    if on < waiver.issued:
        return f"it counts from {waiver.issued} on"
    if waiver.candidate not in (None, candidate):
        return f"it is for the candidate {waiver.candidate}"
    return ""


def _useless(rule: str, count: int, check: Check | None) -> str:
    """Why there is nothing that it could excuse; nothing where there is."""
    if check is None:
        return "no rule of this decision reads so"
    if count > 1:
        return f"{count} rules read so; expected one"
    if check.outcome == "missing":
        return "what was not measured cannot be waived"
    return "" if check.outcome in WAIVABLE else "the rule passed without it"


def _marked(check: Check, by: Verified | None) -> Check:
    if by is None:
        return check
    facts = {name: getattr(by.waiver, name) for name in ("owner", "reason", "issued", "until", "candidate")}
    return check.model_copy(update={"waiver": Waived(**facts, key=by.key, digest=by.digest)})
