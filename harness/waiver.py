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
        rule: The rule as :meth:`harness.types.Rule.text` writes it; with another bound it is another rule. One on every
            slice of a tag (``@tag=*``) is waived as it is written, for all of them.
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
    checks: Sequence[Check],
    waivers: Sequence[Verified],
    candidate: str | None,
    on: date,
    written: Sequence[str] = (),
) -> tuple[tuple[Check, ...], tuple[str, ...]]:
    """Marks the checks that a waiver excuses; their outcomes and numbers stay as they are.

    A waiver of a rule on every slice of a tag excuses each slice that was measured and not met.

    Args:
        checks: What the rules said.
        waivers: Waivers that a trusted key signed.
        candidate: The candidate that is decided; None where only data is.
        on: The day of the decision (UTC).
        written: For each check the rule as the policy has it, as text; empty where every check's rule is written so.

    Returns:
        The checks, and a note for every waiver that excuses nothing, or that excuses slices.
    """
    every = list(zip(written or [check.rule.text() for check in checks], checks, strict=True))
    found: dict[str, list[Check]] = {}
    for text, check in every:
        found.setdefault(text, []).append(check)
    best: dict[str, Verified] = {}
    notes = []
    for each in sorted(waivers, key=lambda each: (each.waiver.until, each.name)):
        rule = each.waiver.rule
        about = found.get(rule, [])
        refusal = _refusal(each.waiver, candidate, on) or _useless(about)
        if refusal:
            notes.append(f"waiver '{each.name}' of '{rule}' is not applied: {refusal}")
        else:
            best[rule] = each
    notes += [_slices(each, found[rule]) for rule, each in best.items() if {part.rule.text() for part in found[rule]} != {rule}]
    return tuple(_marked(check, best.get(text)) for text, check in every), tuple(notes)


def _refusal(waiver: Waiver, candidate: str | None, on: date) -> str:
    """Why a waiver does not count here and now; nothing where it does."""
    if on > waiver.until:
        return f"it expired on {waiver.until}"
    if on < waiver.issued:
        return f"it counts from {waiver.issued} on"
    if waiver.candidate not in (None, candidate):
        return f"it is for the candidate {waiver.candidate}"
    return ""


def _useless(checks: Sequence[Check]) -> str:
    """Why there is nothing that could be excused of a rule's checks; nothing where there is."""
    if not checks:
        return "no rule of this decision reads so"
    alike = max(Counter(check.rule.text() for check in checks).values())
    if alike > 1:
        return f"{alike} rules read so; expected one"
    outcomes = {check.outcome for check in checks}
    if outcomes & set(WAIVABLE):
        return ""
    return "what was not measured cannot be waived" if "missing" in outcomes else "the rule passed without it"


def _slices(by: Verified, checks: Sequence[Check]) -> str:
    """Which slices a waiver of a whole rule excuses, and which it cannot."""
    excused = [check.metric for check in checks if check.outcome in WAIVABLE]
    missing = [check.metric for check in checks if check.outcome == "missing"]
    said = f"waiver '{by.name}' of '{by.waiver.rule}' excuses {len(excused)} of {len(checks)} slices: {', '.join(excused)}"
    return said + (f"; not measured, and not excused: {', '.join(missing)}" if missing else "")


def _marked(check: Check, by: Verified | None) -> Check:
    if by is None or check.outcome not in WAIVABLE:
        return check
    facts = {name: getattr(by.waiver, name) for name in ("owner", "reason", "issued", "until", "candidate")}
    of = "" if by.waiver.rule == check.rule.text() else by.waiver.rule
    return check.model_copy(update={"waiver": Waived(**facts, of=of, key=by.key, digest=by.digest)})
