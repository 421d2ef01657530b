"""What a self-test of the gate measured, and where a run finds the one that was made on its own items and rules.

::

    <runs>/selftests/<key>.json    key: of the policy, the baseline, and what was asked of it in which way
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from harness.store import digest_bytes, digest_of, write_atomic
from harness.types import Decision, Digest, Measurement, Noun, Rule, Verdict

FOLDER, FILENAME = "selftests", "selftest.json"
# The chance that a gate that keeps every alpha is said to exceed one of them.
FALSE_ALARM = 0.05


class Cell(Noun):
    """One rule over candidates of one known truth, all decided by the gate.

    Attributes:
        rule: The rule, or one slice of it.
        truth: What is true of them.
        change: Their true change, in the metric's own unit and for the better where it is above 0.
        spoiled: What was spoiled or mended, each for itself: single items or whole clusters. Empty where nothing was.
        wrong: The outcome that would be an error.
        runs: Candidates.
        passed: How many passed.
        failed: How many failed; the rest was inconclusive.
        interval: Of the share of errors, exact, 95 %.
        p_value: The chance of as many errors where their true share is the rule's alpha.
        discordance: The share of items on which the two sets of answers differ that the candidates were made from.
    """

    rule: Rule
    truth: str
    change: float
    spoiled: Literal["", "items", "clusters"]
    wrong: Literal["pass", "fail"]
    runs: int = Field(ge=1)
    passed: int = Field(ge=0)
    failed: int = Field(ge=0)
    interval: tuple[float, float]
    p_value: float
    discordance: float

    @property
    def errors(self) -> int:
        """How many were decided wrongly."""
        return self.passed if self.wrong == "pass" else self.failed

    @property
    def stopped(self) -> int:
        """How many did not pass."""
        return self.runs - self.passed


class Untried(Noun):
    """A rule, or a truth of it, that could not be tried, and why."""

    rule: Rule
    reason: str


class Damage(Noun):
    """The baseline with noise in its weights, measured, and decided by the rules that compare with the baseline where any do.

    Attributes:
        scale: Standard deviation of the noise, as a share of that of each tensor.
        subject: The model's digest.
        verdict: What the gate said by those rules.
        not_passed: The metrics of the rules that did not pass.
        worst: The metric that lost most against what its rule allows; empty where no rule compares.
        lost: How much it lost, and ``allowed`` how much its rule allows.
    """

    scale: float
    subject: Digest
    verdict: Verdict
    not_passed: tuple[str, ...]
    worst: str = ""
    lost: float = 0.0
    allowed: float = 0.0


class SelfTest(Noun):
    """Measured error rates of the gate for one policy, on the items and the baseline of one project.

    Attributes:
        tunegate: The version that made it.
        policy: Digest of the rules.
        baseline: The model whose answers the candidates were made from.
        asked: For every suite the digest of its items, its version and everything else that was asked alike.
        temperature: At which the two sets of answers were drawn.
        runs: Candidates a cell.
        seed: Of the candidates.
        cells: What was tried.
        untried: What could not be.
        damage: The baseline with more and more noise, up to the first that lost twice of what a rule allows.
    """

    schema_number: Literal[1] = 1
    tunegate: str
    policy: Digest
    baseline: Digest
    asked: dict[str, Digest]
    temperature: float
    runs: int
    seed: int
    cells: tuple[Cell, ...]
    untried: tuple[Untried, ...] = ()
    damage: tuple[Damage, ...] = ()

    @property
    def key(self) -> str:
        """What it is found by."""
        return key(self.policy, self.baseline, self.asked)

    @property
    def exceeded(self) -> tuple[Cell, ...]:
        """The cells with significantly more errors than alpha, all cells looked at together (Bonferroni)."""
        return tuple(cell for cell in self.cells if cell.p_value * len(self.cells) < FALSE_ALARM)

    @property
    def overlooked(self) -> bool:
        """Whether the gate allowed a model that had lost twice of what a rule allows."""
        return any(each.verdict == "allowed" and each.lost >= 2 * each.allowed > 0 for each in self.damage)


def key(policy: str, baseline: str, asked: dict[str, str]) -> str:
    """What a self-test is found by."""
    return digest_of({"policy": policy, "baseline": baseline, "asked": asked})


def asked_of(measurements: Iterable[Measurement]) -> dict[str, str]:
    """What was asked by every suite, and how."""
    return {each.suite: digest_of([each.version, each.items, each.conditions]) for each in measurements}


def path_of(runs: Path, wanted: str) -> Path:
    """Where the self-test of a key lies."""
    return runs / FOLDER / f"{wanted.removeprefix('sha256:')[:16]}.json"


def find(runs: Path, wanted: str) -> SelfTest | None:
    """The self-test of a key, or None where there is none that this version reads."""
    try:
        found = SelfTest.model_validate_json(path_of(runs, wanted).read_bytes())
    except (FileNotFoundError, ValidationError):
        # It decides nothing: a report without one says that there is none.
        return None
    return found if found.key == wanted else None


def keep(out: Path, runs: Path, decision: Decision, baseline: Iterable[Measurement]) -> dict[str, str]:
    """Copies the self-test of a run's own policy, baseline and items into its folder; returns the digest of the file.

    Args:
        out: The run's folder.
        runs: The folder of all runs.
        decision: What the run decided.
        baseline: What it measured of its baseline.
    """
    found = decision.baseline and find(runs, key(decision.policy, decision.baseline, asked_of(baseline)))
    if not found:
        return {}
    text = found.model_dump_json(indent=1).encode()
    write_atomic(out / FILENAME, text)
    return {FILENAME: digest_bytes(text)}
