"""The baseline that a candidate is compared with: the base itself, a folder, or what a registry holds under an alias.

A registry's baseline is a ratchet: it moves by a promotion and by nothing else. So its bytes are held against the digest
that was promoted, and a project without a promotion has no baseline to pass against.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from harness.errors import IntegrityError, UsageError
from harness.model.load import resolve_model
from harness.types import Promotion

REGISTRY = "registry:"


@dataclass(frozen=True)
class Baseline:
    """Where the baseline lies, and the promotion that put it there; None where no registry names it."""

    folder: Path
    promotion: Promotion | None = None


def registered(name: object) -> bool:
    """Whether a run file's baseline is what a registry holds."""
    return isinstance(name, str) and name.startswith(REGISTRY)


def resolve_baseline(name: str, base: Path, folder: Path, registry: Any) -> Baseline:
    """Finds the folder of a baseline.

    Args:
        name: The run file's ``baseline``.
        base: The folder of the base model.
        folder: The run file's folder.
        registry: What ``open_registry`` returned.

    Raises:
        UsageError: The registry holds no such project or alias.
    """
    if name == "base":
        return Baseline(base)
    if not name.startswith(REGISTRY):
        return Baseline(resolve_model(name, folder))
    project, _, alias = name.removeprefix(REGISTRY).partition("@")
    try:
        found: Promotion = registry.resolve(project, alias or "champion")
    except UsageError as error:
        raise UsageError(
            f"there is no baseline '{name}': {error.found}",
            error.expected,
            "promote a first version with 'baseline: base', or correct the name; nothing passes against no baseline",
        ) from error
    return Baseline(Path(found.path), found)


def held_to(baseline: Baseline, subject: str) -> None:
    """Checks that the baseline's bytes are still those that were promoted.

    Raises:
        IntegrityError: Somebody changed or replaced them without a promotion.
    """
    promoted = baseline.promotion
    if promoted is not None and promoted.subject != subject:
        raise IntegrityError(
            f"the baseline in '{baseline.folder}' hashes to '{subject}'",
            f"'{promoted.subject}', which was promoted as version {promoted.version} of '{promoted.project}'",
            "put its bytes back, or promote another version: a baseline moves only by promotion",
        )


def age_note(baseline: Baseline, most_days: int, today: date) -> str:
    """Says that the baseline was promoted more than so many days ago; nothing where it was not, or is in no registry."""
    promoted = baseline.promotion
    if promoted is None:
        return ""
    day = datetime.fromisoformat(promoted.promoted_at).astimezone(UTC).date()
    if (today - day).days <= most_days:
        return ""
    # The day and not the age, so that deciding the same again tomorrow says the same.
    return (
        f"the baseline, version {promoted.version} of '{promoted.project}', was promoted on {day}, more than {most_days} days "
        "before this run: what it lost since is not seen here"
    )
