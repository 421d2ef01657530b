"""A run file: read whole, every mistake at once, with its line and the nearest known key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.errors import ExitCode, RunFileError, UsageError
from harness.spec import RunFile, read_run_file
from harness.store import digest_bytes

GOOD = """\
version: 1
project: support
data: {train: rows.jsonl, validation: 0.2}
scan: {pii: {on_finding: block}, duplicates: {}}
train: {method: sft, adapter: {kind: lora, r: 8}, epochs: 2}
evaluate: {refusal: {}, task: {items: items.jsonl}}
gates:
  - {metric: task.accuracy, at_least: 0.8}
  - {metric: "refusal.harmful_refused@kind=harmful", max_drop: 0.03, alpha: 0.01}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rows.jsonl").write_text('{"prompt": "a", "completion": "b"}\n')
    (tmp_path / "items.jsonl").write_text('{"id": "1", "prompt": "a", "target": "b"}\n')
    return tmp_path


def read(folder: Path, text: str) -> RunFile:
    path = folder / "run.yaml"
    path.write_text(text)
    return read_run_file(path)[0]


def mistakes(folder: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(RunFileError) as caught:
        read(folder, text)
    assert caught.value.exit_code == ExitCode.USAGE
    return caught.value.mistakes


def test_a_good_file_is_read_with_every_default_and_paths_against_its_folder(folder: Path) -> None:
    run = read(folder, GOOD)
    assert run.base == "demo"
    assert run.train is not None
    assert run.train.adapter.r == 8
    assert run.evaluate["task"].items == folder / "items.jsonl"
    assert [rule.kind for rule in run.model_rules()] == ["at_least", "max_drop"]
    assert run.gates[-1].alpha == 0.01


def test_on_finding_block_is_a_rule_of_the_data_gate(folder: Path) -> None:
    rules = read(folder, GOOD).data_rules()
    assert [(rule.metric, rule.kind, rule.bound) for rule in rules] == [("pii.rows_with_findings", "at_most", 0.0)]


def test_a_scan_that_looks_for_items_looks_for_those_of_the_run_unless_told(folder: Path) -> None:
    text = GOOD.replace("duplicates: {}", "contamination: {}")
    found = read(folder, text).scan["contamination"].items
    assert sorted(found) == ["refusal", "task"]
    assert found["task"] == folder / "items.jsonl"
    told = read(folder, text.replace("contamination: {}", "contamination: {items: {mine: items.jsonl}}"))
    assert told.scan["contamination"].items == {"mine": folder / "items.jsonl"}


def test_a_gate_that_names_the_metric_replaces_the_implied_rule(folder: Path) -> None:
    run = read(folder, GOOD + "  - {metric: pii.rows_with_findings, at_most: 5}\n")
    assert [rule.bound for rule in run.data_rules()] == [5.0]


def test_an_unknown_key_is_refused_with_the_nearest_one_and_its_line(folder: Path) -> None:
    found = mistakes(folder, GOOD.replace("project: support", "projekt: support"))
    assert "line 2: projekt: unknown key 'projekt'; expected 'project'" in found


def test_an_unknown_key_deep_inside_is_refused_with_the_nearest_one(folder: Path) -> None:
    (found,) = mistakes(folder, GOOD.replace("r: 8", "rr: 8, alfa: 3").replace(", alfa: 3", ""))
    assert found == "line 5: train.adapter.rr: unknown key 'rr'; expected 'r'"


def test_every_mistake_of_a_file_is_reported_at_once(folder: Path) -> None:
    text = (
        GOOD.replace("epochs: 2", "epochs: -2").replace("refusal: {}", "refusl: {}").replace("rows.jsonl", "gone.jsonl")
    )
    found = "\n".join(mistakes(folder, text))
    assert "line 5: train.epochs" in found
    assert "line 6: evaluate.refusl: there is no model suite 'refusl'; expected 'refusal'" in found
    assert "line 3: data.train: 'gone.jsonl' does not exist" in found


def test_a_rule_on_a_suite_whose_settings_are_wrong_is_no_further_mistake(folder: Path) -> None:
    wrong = GOOD.replace("refusal: {}", "refusal: {limit: -1}")
    (found,) = mistakes(folder, wrong + "  - {metric: refusal.unclear, at_most: 1}\n")
    assert "evaluate.refusal.limit" in found


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("{metric: task.acuracy, at_least: 0.5}", "suite 'task' has no metric 'acuracy'; expected 'accuracy'"),
        ("{metric: tsk.accuracy, at_least: 0.5}", "no suite 'tsk' is under 'scan' or 'evaluate'; expected 'task'"),
        ("{metric: task.accuracy, at_leest: 0.5}", "unknown key 'at_leest'; expected 'at_least'"),
        ("{metric: task.accuracy}", "found 0 kinds of rule"),
        ("{metric: task.accuracy, at_least: 0.5, at_most: 0.9}", "found 2 kinds of rule"),
        ("{metric: task.accuracy, at_least: .nan}", "expected a finite number"),
        ("{metric: task.accuracy, at_least: 0.5, alpha: 0.9}", "less than 0.5"),
        ("{metric: pii.findings, max_drop: 1}", "'pii.findings' has no baseline"),
        ("5", "found 5; expected a rule such as"),
        ("releas", "there is no policy 'releas'; expected 'release', or a path such as './releas.yaml'"),
    ],
)
def test_a_rule_that_could_never_be_decided_is_refused(folder: Path, rule: str, said: str) -> None:
    assert said in mistakes(folder, GOOD + f"  - {rule}\n")[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: expected keys such as"),
        ("version: 1\nbad: [1\nx: 2", "line 3: not YAML"),
        ("version: 1\nversion: 1\n", "line 2: 'version' stands twice; expected it once"),
        (GOOD[: GOOD.index("gates")], "there are no rules"),
        (GOOD.replace("version: 1", "version: 2"), "version"),
        (GOOD.replace("train: {method: sft", "train: {methd: sft"), "'method' is missing"),
        (GOOD + "candidate: there\n", "both 'candidate' and 'train' are given"),
        (GOOD.replace("data: {train: rows.jsonl, validation: 0.2}\n", ""), "'scan' has nothing to read"),
        (GOOD.replace("items.jsonl", "gone.jsonl"), "'gone.jsonl' does not exist"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_in_one_sentence(folder: Path, text: str, said: str) -> None:
    assert any(said in mistake for mistake in mistakes(folder, text))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match="does not exist"):
        read_run_file(tmp_path / "gone.yaml")


def with_rule(rule: str) -> str:
    return GOOD[: GOOD.index("  - {metric: task.accuracy")] + f"  - {rule}\n"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("{metric: task.accuracy, no_flip: 0, items: [a, b]}", {"items": ("a", "b")}),
        ("{metric: task.accuracy, budget: 0.06, also: [refusal.harmful_refused]}", {"also": ("refusal.harmful_refused",)}),
        ("{metric: 'task.accuracy@lang=*', max_drop: 0.05}", {"metric": "task.accuracy@lang=*"}),
        ("{metric: pii.rows_with_findings, zero_tolerance: 0}", {"kind": "zero_tolerance"}),
    ],
)
def test_a_rule_has_what_its_kind_takes(folder: Path, rule: str, expected: dict[str, object]) -> None:
    read_rule = read(folder, with_rule(rule)).gates[-1 if "pii" not in rule else 0].model_dump()
    assert {name: read_rule[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("{metric: task.accuracy, max_drop: -0.03}", "max_drop: found -0.03; expected 0 or more"),
        ("{metric: task.accuracy, zero_tolerance: 2}", "zero_tolerance: found 2; expected a number from 0 to 1"),
        ("{metric: task.accuracy, max_drop: 0.03, items: [a]}", "unknown key 'items'"),
        ("{metric: task.accuracy, budget: 0.03, also: [refusal.harmful]}", "suite 'refusal' has no metric 'harmful'"),
        ("{metric: 'task.accuracy@lang', max_drop: 0.03}", "names no slice; expected 'suite.metric@tag=value'"),
        ("{metric: 'task.accuracy@lang>=de', max_drop: 0.03}", "expected severity>= one of"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused_where_it_stands(folder: Path, rule: str, words: str) -> None:
    assert words in "\n".join(mistakes(folder, with_rule(rule)))


def test_waivers_are_files_by_pattern_and_keys_that_are_there(folder: Path) -> None:
    (folder / "keys").mkdir()
    (folder / "keys" / "release.pub").write_text("key")
    (folder / "waivers").mkdir()
    for name in ("b.json", "a.json", "note.txt"):
        (folder / "waivers" / name).write_text("{}")
    run = read(folder, GOOD + "waivers: {files: ['waivers/*.json', 'waivers/a.json'], trust: [keys/release.pub]}\n")
    assert run.waivers is not None
    assert run.waivers.trust == (folder / "keys" / "release.pub",)
    assert run.waivers.found(folder) == (folder / "waivers/a.json", folder / "waivers/b.json")
    later = read(folder, GOOD + "waivers: {files: ['later/*.json'], trust: [keys/release.pub]}\n")
    assert later.waivers is not None and later.waivers.found(folder) == ()
    assert read(folder, GOOD).waivers is None


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("{files: [gone.json], trust: [rows.jsonl]}", "'gone.json' does not exist"),
        ("{files: ['*.json'], trust: [gone.pub]}", "'gone.pub' does not exist"),
        ("{files: ['*.json']}", "'trust' is missing"),
        ("{files: ['*.json'], trust: []}", "at least 1 item"),
        ("{files: [], trust: [rows.jsonl]}", "at least 1 item"),
        ("{file: ['*.json'], trust: [rows.jsonl]}", "unknown key 'file'; expected 'files'"),
    ],
)
def test_waivers_that_nobody_could_verify_are_refused(folder: Path, section: str, said: str) -> None:
    assert any(said in mistake for mistake in mistakes(folder, GOOD + f"waivers: {section}\n"))


def test_the_age_of_a_baseline_is_a_number_of_days(folder: Path) -> None:
    assert read(folder, GOOD).baseline_max_age_days == 180
    assert read(folder, GOOD + "baseline_max_age_days: 30\n").baseline_max_age_days == 30
    assert "baseline_max_age_days" in mistakes(folder, GOOD + "baseline_max_age_days: 0\n")[0]


POLICY = """\
version: 1
name: house
description: What every model of ours keeps.
rules:
  - {metric: refusal.benign_answered, max_drop: 0.05}
  - {metric: task.accuracy, at_least: 0.7}
"""


def with_policy(folder: Path, text: str, gates: str, name: str = "house.yaml") -> str:
    (folder / name).write_text(text)
    return GOOD[: GOOD.index("  - {metric: task.accuracy")] + gates


def test_the_rules_of_a_policy_hold_beside_those_of_the_run_file(folder: Path) -> None:
    gates = "  - ./house.yaml\n  - {metric: task.accuracy, at_least: 0.8}\n"
    run = read(folder, with_policy(folder, POLICY, gates))
    assert [(rule.metric, rule.bound) for rule in run.model_rules()] == [
        ("refusal.benign_answered", 0.05), ("task.accuracy", 0.7), ("task.accuracy", 0.8),
    ]  # fmt: skip
    assert [run.source(rule) for rule in run.gates] == ["run file", "house", "house", "run file"]
    assert [(each.name, each.digest, each.text) for each in run.policies] == [("house", digest_bytes(POLICY.encode()), POLICY)]


def test_a_rule_that_stands_in_a_policy_and_in_the_run_file_is_decided_once(folder: Path) -> None:
    gates = "  - ./house.yaml\n  - {metric: task.accuracy, at_least: 0.7}\n"
    run = read(folder, with_policy(folder, POLICY, gates))
    assert [rule.metric for rule in run.model_rules()] == ["refusal.benign_answered", "task.accuracy"]


def test_a_policy_never_makes_a_run_file_milder(folder: Path) -> None:
    mild = POLICY + "  - {metric: pii.rows_with_findings, at_most: 5}\n"
    run = read(folder, with_policy(folder, mild, "  - ./house.yaml\n"))
    assert [rule.bound for rule in run.data_rules()] == [0.0, 5.0]


def test_every_mistake_of_a_policy_is_reported_with_its_name_and_line(folder: Path) -> None:
    wrong = POLICY.replace("name: house", "nam: house").replace("max_drop: 0.05", "max_drop: -1").replace("task.acc", "tsk.acc")
    found = mistakes(folder, with_policy(folder, wrong, "  - ./house.yaml\n").replace("epochs: 2", "epochs: -2"))
    assert [each.partition(";")[0] for each in found] == [
        "line 5: train.epochs: found -2",
        "line 8: gates.0: policy './house.yaml' line 1: 'name' is missing",
        "line 8: gates.0: policy './house.yaml' line 2: nam: unknown key 'nam'",
        "line 8: gates.0: policy './house.yaml' line 5: rules.0.max_drop: found -1",
        "line 8: gates.0: policy './house.yaml' line 6: rules.1.metric: there is no suite 'tsk'",
    ]


def test_a_policy_about_a_suite_that_is_not_asked_for_says_to_add_it(folder: Path) -> None:
    more = POLICY + "  - {metric: safety.unsafe_rate, at_most: 0.1}\n  - {metric: safety.unclear, at_most: 0.1}\n"
    more += "  - {metric: secrets.rows_with_findings, at_most: 0}\n"
    found = mistakes(folder, with_policy(folder, more, "  - ./house.yaml\n"))
    assert found == (
        "line 8: gates.0: policy './house.yaml' line 7: 'safety.unsafe_rate at_most 0.1' needs the suite 'safety'; "
        "add 'safety: {}' under 'evaluate'",
        "line 8: gates.0: policy './house.yaml' line 9: 'secrets.rows_with_findings at_most 0' needs the suite 'secrets'; "
        "add 'secrets: {}' under 'scan'",
    )


@pytest.mark.parametrize(
    ("text", "gates", "said"),
    [
        (POLICY, "  - ./gone.yaml\n", "policy './gone.yaml' the file does not exist"),
        (POLICY, "  - ./house.yaml\n  - house.yaml\n", "policy 'house.yaml' is called 'house' like one above"),
        ("- 1\n", "  - ./house.yaml\n", "line 1: expected keys such as 'version: 1', 'name: my-policy' and 'rules:'"),
        (POLICY[: POLICY.index("rules")], "  - ./house.yaml\n", "rules: there are no rules; expected at least one"),
        (POLICY.replace("version: 1", "version: 2"), "  - ./house.yaml\n", "line 1: version: found 2"),
        (POLICY.replace("house\n", "../house\n"), "  - ./house.yaml\n", "line 2: name: found '../house'"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_where_it_is_named(folder: Path, text: str, gates: str, said: str) -> None:
    assert said in "\n".join(mistakes(folder, with_policy(folder, text, gates)))


def test_a_bare_name_is_a_shipped_policy_whatever_lies_beside_the_run_file(folder: Path) -> None:
    text = GOOD.replace("refusal: {}", "refusal: {}, safety: {}, retention: {}") + "  - smoke\n"
    for name in ("smoke", "smoke.yaml"):
        (folder / name).write_text(POLICY)
    run = read(folder, text)
    assert [(each.name, each.source) for each in run.policies] == [("smoke", "smoke")]
    assert [each.name for each in read(folder, text.replace("- smoke", "- smoke.yaml")).policies] == ["house"]


SERVED = """\
version: 1
project: support
candidate: {url: "https://x.org/v1", model: new, revision: "2"}
evaluate: {refusal: {}}
gates: [{metric: refusal.unclear, at_most: 0.2}]
"""


def test_a_served_model_has_to_be_accepted_by_name_and_has_a_baseline_that_is_served(folder: Path) -> None:
    found = mistakes(folder, SERVED)
    assert found[1].startswith("line 3: candidate: nobody can verify the weights of 'new' (declared revision '2')")
    assert "expected 'accept_unverifiable: [new]'" in found[1]
    assert found[0] == (
        "line 1: baseline: the candidate is served and this is not; expected a baseline that is asked the same way"
    )
    (folder / "old").mkdir()
    (folder / "old" / "served.yaml").write_text('{url: "https://x.org/v1", model: old, revision: "1"}')
    text = f"{SERVED}baseline: old\naccept_unverifiable: [new]\n"
    assert mistakes(folder, text)[0].startswith("line 6: baseline: nobody can verify the weights of 'old'")
    run = read(folder, text.replace("[new]", "[new, old]"))
    assert (run.accept_unverifiable, run.baseline) == (("new", "old"), "old")


def test_a_key_in_a_run_file_is_refused_and_not_repeated(folder: Path) -> None:
    found = mistakes(folder, SERVED.replace('"2"', '"2", key_from: sk-secret'))
    assert found[0] == (
        "line 3: candidate.key_from: expected the name of an environment variable, such as 'SUPPORT_API_KEY', and never a key"
    )


REWARD = """\
version: 1
project: scorer
data: {train: pairs.jsonl}
train: {method: reward}
"""


@pytest.fixture
def pairs(folder: Path) -> Path:
    (folder / "pairs.jsonl").write_text('{"prompt": "a", "chosen": "b", "rejected": "c"}\n')
    return folder


def test_a_model_that_gives_no_answers_needs_no_suites_and_no_rules(pairs: Path) -> None:
    run = read(pairs, REWARD)
    assert (run.evaluate, run.gates) == ({}, ())


def test_a_run_that_could_decide_nothing_says_what_trains_it(pairs: Path) -> None:
    from harness.cli.terminal import Progress
    from harness.job import Job

    job = Job(read(pairs, REWARD), REWARD, pairs, pairs / "out", pairs / "runs", Progress())
    with pytest.raises(UsageError, match="'method: reward' leaves a model that gives no answers to decide by"):
        job()
    assert not (pairs / "out").exists()


def test_a_model_that_gives_no_answers_cannot_be_asked(pairs: Path) -> None:
    text = REWARD + "evaluate: {refusal: {}}\ngates: [{metric: refusal.harmful_refused, max_drop: 0.1}]\n"
    found = mistakes(pairs, text)
    assert any("'method: reward' leaves a model that gives no answers; expected no 'evaluate'" in each for each in found)


def test_other_methods_are_asked_as_ever(pairs: Path) -> None:
    found = " ".join(mistakes(pairs, REWARD.replace("reward", "dpo")))
    assert "nothing is evaluated" in found
    assert "there are no rules" in found


def test_the_rewards_of_a_method_are_checked_with_their_line(pairs: Path) -> None:
    text = GOOD.replace("rows.jsonl", "pairs.jsonl").replace(
        "train: {method: sft, adapter: {kind: lora, r: 8}, epochs: 2}", "train: {method: grpo, rewards: [{metrc: numeric}]}"
    )
    found = mistakes(pairs, text)
    assert any("line 5" in each and "'metrc'" in each and "'metric'" in each for each in found)


def test_a_rule_names_the_rewards_that_it_accepts(folder: Path) -> None:
    text = GOOD.replace("at_least: 0.8}", "at_least: 0.8, accept_rewards: ['metric:numeric']}")
    assert read(folder, text).model_rules()[0].accept_rewards == ("metric:numeric",)
    assert any("accept_rewards" in each for each in mistakes(folder, text.replace("accept_rewards", "accept_reward")))


def test_a_suite_that_probes_for_findings_needs_a_scan_that_makes_them(folder: Path) -> None:
    text = GOOD.replace("evaluate: {", "evaluate: {privacy: {fakes: 200}, ")
    assert "privacy" in read(folder, text).evaluate
    (found,) = mistakes(folder, text.replace("pii: {on_finding: block}", "quality: {}"))
    assert "'privacy' probes for what a scan found in the training rows" in found
    assert "expected 'pii' or 'secrets' under 'scan'" in found


def test_a_suite_that_plants_rows_needs_a_training(folder: Path) -> None:
    text = GOOD.replace("evaluate: {", "evaluate: {canaries: {times: [1, 8], each: 2}, ")
    assert read(folder, text).evaluate["canaries"].times == (1, 8)
    given = re.sub(r"train: \{method.*", "candidate: model", text)
    assert given != text
    said = "'canaries' plants rows into a second training, and nothing is trained"
    assert any(said in each for each in mistakes(folder, given))
    (twice,) = mistakes(folder, text.replace("[1, 8]", "[8, 8]"))
    assert "'times' says something twice" in twice
