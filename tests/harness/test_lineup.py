"""The arms of a comparison: finished runs are verified and read, models are asked once and named by their bytes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.audit import write_arm
from harness.cli.terminal import Progress
from harness.errors import IntegrityError, ModelError, TunegateError, UsageError
from harness.gate import decide
from harness.lineup import Lineup, is_run
from harness.policy import read_policy
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
    assert found.step(1) == step


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


@pytest.fixture
def arms_file(tmp_path: Path, asking: Path) -> str:
    (tmp_path / "arms.yaml").write_text(
        "version: 1\narms:\n  - {name: plain, model: demo}\n  - {name: told/kindly, model: demo, system: Be kind.}\n"
    )
    return str(tmp_path / "arms.yaml")


def test_an_arms_file_stands_for_its_arms_and_a_mark_for_one_of_them(tmp_path, asking, arms_file) -> None:
    found = lineup(tmp_path, "demo", arms_file, f"{arms_file}#told/kindly", rules=asking)
    assert found.names == ["demo", "plain", f"{arms_file}#told/kindly", f"{arms_file}#told/kindly #2"]
    assert [found.step(at) for at in range(4)] == [None] * 4
    assert lineup(tmp_path, arms_file, rules=asking).names == ["plain", "told/kindly"]


def test_an_arm_of_a_file_is_asked_with_its_prompt_and_a_plain_one_is_the_model_itself(tmp_path, asking, arms_file) -> None:
    found = lineup(tmp_path, "demo", arms_file, rules=asking)
    model, plain, told = (found.arm(at) for at in range(3))
    assert (plain.subject, plain.measurements, plain.declared) == (model.subject, model.measurements, {})
    assert told.subject != model.subject
    assert list(told.declared) == ["system prompt"]
    asked = [arm.measurements[0] for arm in (plain, told)]
    assert asked[0].items == asked[1].items
    assert asked[1].samples[0].prompt != asked[0].samples[0].prompt
    assert "Be kind." in asked[1].samples[0].prompt


@pytest.mark.parametrize(("text", "error"), [
    ("version: 1\narms: [{name: a, modl: demo}]\n", "'modl'"), ("version: 1\narms: [{name: b, model: demo}]\n", "no arm 'a'"),
])  # fmt: skip
def test_a_mistake_in_an_arms_file_is_found_before_anything_is_asked(tmp_path, asking, arms_file, text, error) -> None:
    Path(arms_file).write_text(text)
    with pytest.raises(TunegateError) as caught:
        lineup(tmp_path, "demo", f"{arms_file}#a", rules=asking)
    assert caught.value.exit_code == 2
    assert error in str(caught.value)
    assert not (tmp_path / "runs").exists()


def test_an_arms_file_needs_a_run_file_too(tmp_path, arms_file) -> None:
    with pytest.raises(UsageError, match=r"'.*#plain' is no finished run; expected --rules RUNFILE"):
        lineup(tmp_path, arms_file)


def test_policies_hold_besides_the_run_file_and_in_place_of_a_runs_own_rules(tmp_path, asking, finished) -> None:
    policy = read_policy("smoke", tmp_path)
    both = Lineup(["demo", "demo"], asking, tmp_path / "runs", Progress(quiet=True), policies=[policy]).policy(1)
    assert both.rules[0].bound == 0.9
    assert set(policy.rules) <= set(both.rules)
    assert both.source == f"the rules of '{asking}' and the policy 'smoke'"
    assert {"pii", "secrets"} <= both.data_suites
    folder = finished("a", [1.0] * 60)
    alone = Lineup([folder, folder], None, tmp_path / "runs", Progress(quiet=True), policies=[policy]).policy(1)
    assert (alone.rules, alone.source) == (policy.rules, "the policy 'smoke'")


def test_the_rules_of_a_run_are_taken_as_its_run_file_has_them(tmp_path, finished) -> None:
    folder = finished("a", [1.0] * 60)
    record = json.loads((Path(folder) / "record.json").read_text())
    star = Rule(kind="at_least", metric="task.accuracy@lang=*", bound=0.3)
    record["settings"]["gates"] = [star.model_dump(mode="json")]
    (Path(folder) / "record.json").write_text(json.dumps(record))
    assert lineup(tmp_path, folder, folder).policy(1).rules == (star, Rule(kind="at_most", metric="pii.rows", bound=0))
