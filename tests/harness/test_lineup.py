"""The arms of a comparison: finished runs are verified and read, models are asked once and named by their bytes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.audit import write_arm
from harness.cli.terminal import Progress
from harness.errors import IntegrityError, ModelError, UsageError
from harness.gate import decide
from harness.lineup import Lineup, is_run
from harness.store import digest_bytes, digest_of, digest_path
from harness.types import Problem, Record, Rule

RULES = (Rule(kind="at_least", metric="task.accuracy", bound=0.3), Rule(kind="max_drop", metric="task.accuracy", bound=0.2))


@pytest.fixture
def finished(tmp_path: Path, measured):
    """Writes the folder of a finished run as the job writes it."""

    def build(name: str, scores, before=(1.0,) * 60, problems=(), scanned=()) -> str:
        folder, subject = tmp_path / name, digest_of(name)
        candidate, baseline = measured(scores, subject), measured(before, digest_of("base"))
        files = write_arm(folder, "candidate", candidate) | write_arm(folder, "baseline", baseline)
        for each in scanned:
            files |= write_arm(folder, "scan", each)
        decision = decide(
            "model", RULES, [*scanned, candidate], [baseline], candidate_digest=subject, baseline_digest=digest_of("base"),
            data_digest=scanned[0].subject if scanned else None, problems=problems,
        )  # fmt: skip
        text = decision.model_dump_json().encode()
        (folder / "decision.json").write_bytes(text)
        record = Record(
            project="p", tunegate="0", run_file=subject, run_file_text="", settings={"scan": {"pii": {}}}, entries=(),
            candidate=subject, baseline=digest_of("base"), files=files | {"decision.json": digest_bytes(text)},
            unreached=(Rule(kind="at_most", metric="pii.rows", bound=0),),
        )  # fmt: skip
        (folder / "record.json").write_text(record.model_dump_json())
        return str(folder)

    return build


def lineup(tmp_path: Path, *sources: str, rules: Path | None = None, own: bool = False) -> Lineup:
    return Lineup(sources, rules, tmp_path / "runs", Progress(quiet=True), own)


def test_a_finished_runs_candidate_is_the_arm_and_its_rules_are_the_policy(tmp_path, finished, measured) -> None:
    found = lineup(tmp_path, finished("base-run", [1.0] * 60), finished("step-20", [1.0] * 50 + [0.0] * 10))
    arm, policy = found.arm(1), found.policy(1)
    assert (arm.name, arm.kind, arm.step, arm.subject) == ("step-20", "run", 20, digest_of("step-20"))
    assert arm.measurements == (measured([1.0] * 50 + [0.0] * 10, digest_of("step-20")),)
    assert policy.rules[:2] == RULES
    assert policy.data_suites == {"pii"}
    assert "the rules of the run '" in policy.source
    assert not (tmp_path / "runs").exists()


def test_a_run_that_was_changed_is_refused(tmp_path, finished) -> None:
    folder = finished("a", [1.0] * 60)
    (Path(folder) / "measurements" / "candidate.task.json").write_text("{}")
    with pytest.raises(IntegrityError, match="was changed"):
        lineup(tmp_path, folder, folder).arm(1)


def test_the_baseline_of_a_run_is_what_it_measured_itself(tmp_path, finished, measured) -> None:
    folder = finished("a", [1.0] * 60, before=[0.0] * 60)
    found = lineup(tmp_path, folder, own=True).own_baseline(0)
    assert (found.subject, found.measurements) == (digest_of("base"), (measured([0.0] * 60, digest_of("base")),))


def test_problems_of_a_run_stay_but_for_those_that_the_gate_finds_again(tmp_path, finished) -> None:
    problems = (
        Problem(stage="evaluate.safety", kind="incomplete", message="no memory"),
        Problem(stage="gate", kind="integrity", message="other items than its own baseline"),
    )
    folder = finished("a", [1.0] * 60, problems=problems)
    assert lineup(tmp_path, folder, folder).arm(1).problems == problems[:1]


def test_a_model_needs_a_run_file_that_says_what_to_ask(tmp_path, finished) -> None:
    with pytest.raises(UsageError, match="'demo' is no finished run; expected --rules RUNFILE"):
        lineup(tmp_path, "demo", finished("a", [1.0] * 60))
    with pytest.raises(UsageError, match="'demo' is no finished run; expected finished runs only"):
        lineup(tmp_path, "demo", own=True)


@pytest.fixture
def asking(tmp_path: Path) -> Path:
    """A run file that asks five items of the demo's model."""
    item = {"messages": [{"role": "user", "content": "Ticket to route: The lamp is broken."}], "target": "x"}
    lines = [json.dumps({"id": f"t{at}", "scorer": "exact_match", **item}) for at in range(5)]
    (tmp_path / "items.jsonl").write_text("\n".join(lines))
    path = tmp_path / "gates.yaml"
    path.write_text(
        "version: 1\nproject: p\nbase: demo\ncandidate: demo\nevaluate: {task: {items: items.jsonl, max_new_tokens: 2}}\n"
        "gates: [{metric: task.accuracy, max_drop: 0.9}]\n"
    )
    return path


def test_a_model_that_is_not_there_is_refused_before_anything_is_asked(tmp_path, asking) -> None:
    with pytest.raises(ModelError, match="there is no model folder 'gone'"):
        lineup(tmp_path, "demo", "gone", rules=asking)
    assert not (tmp_path / "runs").exists()


def test_a_model_is_asked_the_suites_of_the_run_file_once(tmp_path, asking, demo_copy) -> None:
    first = lineup(tmp_path, "demo", str(demo_copy("step-7")), rules=asking)
    arm, before = first.arm(1), first.arm(0)
    assert [each.suite for each in arm.measurements] == ["task"]
    assert (arm.kind, arm.step, arm.subject) == ("model", 7, digest_path(demo_copy("step-7")))
    assert arm.measurements[0].samples == before.measurements[0].samples
    again = lineup(tmp_path, "demo", str(demo_copy("step-7")), rules=asking).arm(1)
    assert again.measurements == arm.measurements
    assert first.policy(1).source == f"the rules of '{asking}'"


@pytest.fixture
def demo_copy(tmp_path: Path):
    import shutil

    from harness.model.load import resolve_model

    def build(name: str) -> Path:
        folder = tmp_path / "checkpoints" / name
        if not folder.exists():
            shutil.copytree(resolve_model("demo", tmp_path), folder)
        return folder

    return build


def test_a_model_that_cannot_be_asked_is_a_problem_of_its_arm_alone(tmp_path, asking, demo_copy) -> None:
    (demo_copy("broken") / "config.json").write_text(json.dumps({"model_type": "bert"}))
    found = lineup(tmp_path, "demo", str(demo_copy("broken")), rules=asking).arm(1)
    assert found.measurements == ()
    assert [(problem.stage, problem.kind) for problem in found.problems] == [("evaluate.task", "incomplete")]


@pytest.mark.parametrize(("name", "content", "step"), [
    ("trainer_state.json", {"global_step": 40}, 40), ("tunegate.json", {"facts": {"steps": 30}}, 30), ("other.json", {}, 7),
])  # fmt: skip
def test_the_step_is_what_the_trainer_wrote_before_what_the_name_says(tmp_path, asking, demo_copy, name, content, step):
    (demo_copy("step-7") / name).write_text(json.dumps(content))
    found = lineup(tmp_path, "demo", str(demo_copy("step-7")), rules=asking)
    assert found.step(found.sources[1]) == step


def test_a_kept_checkpoint_that_is_not_what_its_training_wrote_is_refused(tmp_path, asking, demo_copy) -> None:
    folder = demo_copy("step-000007")
    listed = [{"step": 7, "path": "checkpoints/step-000007", "digest": digest_path(folder)}]
    (tmp_path / "training.json").write_text(json.dumps({"checkpoints": listed}))
    lineup(tmp_path, "demo", str(folder), rules=asking)
    (folder / "README.md").write_text("changed")
    with pytest.raises(IntegrityError, match="step-000007' was changed"):
        lineup(tmp_path, "demo", str(folder), rules=asking)


def test_only_a_folder_with_a_record_is_a_run(tmp_path, finished) -> None:
    assert is_run(finished("a", [1.0] * 60))
    assert not is_run(str(tmp_path))
    assert not is_run("demo")
