"""What a comparison names: finished runs and models as they are, and the arms of an arms file one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.arms.plan import ArmPlan, read_arms
from harness.comparison.arms import labels, numbered

SUFFIXES = (".yaml", ".yml")
MARK = "#"


@dataclass(frozen=True)
class Named:
    """One side of a comparison as it was named: ``FILE#ARM`` and its plan where it is an arm of a file."""

    source: str
    plan: ArmPlan | None = None


def named(sources: Sequence[str]) -> list[Named]:
    """Puts the arms of a file into its place: all of them in the file's order, or of ``FILE#ARM`` that one.

    Raises:
        RunFileError: With every mistake of an arms file.
        UsageError: A file has no such arm.
    """
    return [each for source in sources for each in _arms(source)]


def _arms(source: str) -> list[Named]:
    file, mark, arm = source.partition(MARK)
    if Path(file).suffix not in SUFFIXES or Path(file).is_dir():
        return [Named(source)]
    return [Named(f"{file}{MARK}{plan.name}", plan) for plan in read_arms(Path(file), (arm,) if mark else ())]


def names(found: Sequence[Named]) -> list[str]:
    """What each is called: an arm by its own name, all else by the shortest end of its path that no other has."""
    others = iter(labels([each.source for each in found if each.plan is None]))
    called = [each.plan.name if each.plan else next(others) for each in found]
    clear = [each.source if each.plan and called.count(name) > 1 else name for each, name in zip(found, called, strict=True)]
    return numbered(clear)
