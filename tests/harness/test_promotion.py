"""Promotion: an allowed decision and the very bytes that it was about, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from harness.errors import ExitCode, IntegrityError, TunegateError
from harness.promotion import Expired, Refused, promote
from harness.registries.local import LocalRegistry, open_registry
from harness.store import digest_bytes, write_atomic
from harness.types import Check, Decision, Promotion, Rule, Waived, settle


@pytest.fixture
def registry(tmp_path: Path) -> LocalRegistry:
    return open_registry(tmp_path / "registry.db")


def asked(
    registry: LocalRegistry, decision: Decision, subject: str, when: str = "2026-01-02T03:04:05+00:00"
) -> Promotion:
    return promote(
        registry,
        decision,
        project="support",
        subject_digest_now=subject,
        alias="champion",
        path=Path("runs/a/candidate"),
        by="ann",
        when=when,
    )


def test_an_allowed_candidate_is_registered_with_its_decision(
    registry: LocalRegistry, decision: Callable[..., Decision], digests: Mapping[str, str], tmp_path: Path
) -> None:
    found = asked(registry, decision(), digests["candidate"])
    write_atomic(tmp_path / "decision.json", decision().model_dump_json(indent=1).encode())
    assert found == Promotion(
        project="support",
        version=1,
        alias="champion",
        subject=digests["candidate"],
        decision=digest_bytes((tmp_path / "decision.json").read_bytes()),
        path="runs/a/candidate",
        promoted_at="2026-01-02T03:04:05+00:00",
        by="ann",
    )
    assert asked(registry, decision(), digests["candidate"]) == found == registry.resolve("support", "champion")


@pytest.mark.parametrize(
    ("outcome", "problem", "code"),
    [
        ("fail", None, ExitCode.BLOCKED),
        ("inconclusive", None, ExitCode.INCONCLUSIVE),
        ("missing", None, ExitCode.INCOMPLETE),
        (None, None, ExitCode.INCOMPLETE),
        ("pass", "incomplete", ExitCode.INCOMPLETE),
        ("pass", "integrity", ExitCode.INTEGRITY),
    ],
)
def test_a_denied_candidate_is_refused_with_the_exit_code_of_its_decision(
    registry: LocalRegistry,
    decision: Callable[..., Decision],
    digests: Mapping[str, str],
    outcome: str | None,
    problem: str | None,
    code: ExitCode,
) -> None:
    denied = decision(outcome, problem)
    with pytest.raises(Refused, match=f"the model gate's verdict is '{denied.verdict}'; expected 'allowed'") as refused:
        asked(registry, denied, digests["candidate"])
    assert refused.value.exit_code == code
    assert isinstance(refused.value, TunegateError)
    assert not registry.path.exists()


def test_the_data_gate_alone_promotes_nothing_and_is_no_success(
    registry: LocalRegistry, decision: Callable[..., Decision], digests: Mapping[str, str]
) -> None:
    with pytest.raises(Refused, match="the data gate's verdict") as refused:
        asked(registry, decision(stage="data"), digests["candidate"])
    assert refused.value.exit_code == ExitCode.INCOMPLETE
    with pytest.raises(Refused) as denied:
        asked(registry, decision("fail", stage="data"), digests["candidate"])
    assert denied.value.exit_code == ExitCode.BLOCKED
    assert not registry.path.exists()


def test_other_bytes_than_those_evaluated_are_refused(
    registry: LocalRegistry, decision: Callable[..., Decision], digests: Mapping[str, str]
) -> None:
    with pytest.raises(IntegrityError, match="which is what was evaluated") as refused:
        asked(registry, decision(), digests["baseline"])
    assert refused.value.exit_code == ExitCode.INTEGRITY
    assert not registry.path.exists()


def test_a_decision_about_no_candidate_is_refused(
    registry: LocalRegistry, decision: Callable[..., Decision], digests: Mapping[str, str]
) -> None:
    nobody = Decision.model_validate(decision().model_dump() | {"candidate": None})
    for subject in (digests["candidate"], None):
        with pytest.raises(IntegrityError):
            asked(registry, nobody, subject)


def excused(decision: Decision, *found: tuple[str, str | None]) -> Decision:
    """The decision over checks of these outcomes, each waived until a day or not at all."""
    waiver = {"owner": "ann", "reason": "why", "issued": "2026-01-01", "key": "k", "digest": "sha256:" + "f" * 64}
    checks = [
        Check(rule=Rule(kind="at_least", metric=f"task.m{at}", bound=0.5), metric="m", outcome=outcome, reason="r",
              waiver=Waived.model_validate(waiver | {"until": until}) if until else None)
        for at, (outcome, until) in enumerate(found)
    ]  # fmt: skip
    return Decision.model_validate(decision.model_dump() | {"checks": checks, "verdict": settle(checks)})


@pytest.mark.parametrize("when", ["2026-01-31T23:59:59+00:00", "2026-02-01T01:30:00+02:00", "2026-01-02T03:04:05+00:00"])
def test_a_waived_candidate_is_registered_up_to_the_last_day_of_its_waiver(
    registry: LocalRegistry, decision: Callable[..., Decision], digests: Mapping[str, str], when: str
) -> None:
    allowed = excused(decision(), ("fail", "2026-01-31"), ("pass", None))
    assert asked(registry, allowed, digests["candidate"], when).version == 1


@pytest.mark.parametrize("when", ["2026-02-01T00:00:00+00:00", "2026-01-31T23:30:00-02:00", "2027-01-01T00:00:00+00:00"])
@pytest.mark.parametrize(
    ("found", "code"),
    [
        ([("fail", "2026-01-31"), ("pass", None)], ExitCode.BLOCKED),
        ([("inconclusive", "2026-01-31"), ("pass", None)], ExitCode.INCONCLUSIVE),
        ([("fail", "2027-12-31"), ("inconclusive", "2026-01-31")], ExitCode.INCONCLUSIVE),
        ([("fail", "2026-01-31"), ("inconclusive", "2026-01-31")], ExitCode.BLOCKED),
    ],
)
def test_an_expired_waiver_allows_no_new_promotion(
    registry: LocalRegistry,
    decision: Callable[..., Decision],
    digests: Mapping[str, str],
    found: list[tuple[str, str | None]],
    code: ExitCode,
    when: str,
) -> None:
    with pytest.raises(Expired, match="on 2026-01-31; expected waivers that count today") as refused:
        asked(registry, excused(decision(), *found), digests["candidate"], when)
    assert refused.value.exit_code == code
    assert "2027-12-31" not in str(refused.value)
    assert not registry.path.exists()


def test_an_expired_waiver_of_a_rule_that_passed_does_not_matter(
    registry: LocalRegistry, decision: Callable[..., Decision], digests: Mapping[str, str]
) -> None:
    allowed = excused(decision(), ("pass", "2025-12-31"))
    assert asked(registry, allowed, digests["candidate"]).version == 1
