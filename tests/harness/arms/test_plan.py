"""An arms file: read whole, every mistake at once, with its line and the nearest known key."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.arms.plan import ArmPlan, read_arms
from harness.errors import ExitCode, RunFileError, UsageError

GOOD = """\
version: 1
arms:
  - {name: base, model: demo}
  - {name: told, model: demo, system: Be kind.}
  - {name: shown, model: demo, examples: {file: shots.jsonl, shots: 2, seed: 1}}
  - {name: searched, model: demo, retrieval: {documents: notes, top: 2}}
"""


def read(folder: Path, text: str, *only: str) -> tuple[ArmPlan, ...]:
    (folder / "arms.yaml").write_text(text)
    return read_arms(folder / "arms.yaml", only)


def mistakes(folder: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(RunFileError, match="arms file") as caught:
        read(folder, text)
    assert caught.value.exit_code == ExitCode.USAGE
    return caught.value.mistakes


def test_a_good_file_is_read_with_defaults_and_paths_against_its_folder(folder: Path) -> None:
    base, told, shown, searched = read(folder, GOOD)
    assert (base.model, base.system, base.examples, base.retrieval) == ("demo", None, None, None)
    assert told.system is not None
    assert told.system.read() == "Be kind."
    assert shown.examples is not None
    assert (shown.examples.file, shown.examples.shots) == (folder / "shots.jsonl", 2)
    assert searched.retrieval is not None
    assert (searched.retrieval.documents, searched.retrieval.words) == ((folder / "notes",), 120)


def test_a_system_prompt_can_be_a_file(folder: Path) -> None:
    (folder / "system.txt").write_text("Be brief.\n")
    (arm,) = read(folder, "version: 1\narms:\n  - {name: a, model: demo, system: {file: system.txt}}\n")
    assert arm.system is not None
    assert arm.system.read() == "Be brief."


def test_a_model_folder_is_looked_for_beside_the_file(folder: Path, made: Path) -> None:
    (folder / "tuned").symlink_to(made / "model")
    (arm,) = read(folder, "version: 1\narms:\n  - {name: a, model: tuned}\n")
    assert arm.model == str(folder / "tuned")


def test_only_the_arms_that_are_wanted_are_looked_at_in_the_order_they_are_wanted(folder: Path) -> None:
    text = GOOD + "  - {name: tuned, model: not/there/yet}\n"
    assert [arm.name for arm in read(folder, text, "shown", "base")] == ["shown", "base"]
    assert "there is no model folder 'not/there/yet'" in mistakes(folder, text)[0]


def test_an_arm_that_is_wanted_and_not_there_is_named_with_the_nearest_one(folder: Path) -> None:
    with pytest.raises(UsageError, match="there is no arm 'shwn'; expected 'shown'"):
        read(folder, GOOD, "shwn")


def test_every_mistake_of_a_file_is_reported_at_once_with_its_line(folder: Path) -> None:
    text = """\
version: 1
arms:
  - {name: a, model: demo, sytem: Be kind.}
  - {name: a, model: demo, retrieval: {documents: gone}}
  - {model: demo, examples: {file: shots.jsonl, shots: 9}}
  - name: d
    model: demo
    retrieval:
      documents: notes
      topp: 3
      template: "{passages}"
"""
    found = "\n".join(mistakes(folder, text))
    assert "line 3: arms.0.sytem: unknown key 'sytem'; expected 'system'" in found
    assert "line 4: arms.1.name: 'a' is the name of an arm above; expected another" in found
    assert "line 4: arms.1.retrieval.documents.0: 'gone' does not exist" in found
    assert "line 5: arms.2: 'name' is missing" in found
    assert "'shots' is 9 and" in found
    assert "has 4 examples; expected no more" in found
    assert "line 10: arms.3.retrieval.topp: unknown key 'topp'; expected 'top'" in found
    assert "line 11: arms.3.retrieval.template: '{question}' stands in the template 0 times" in found


@pytest.mark.parametrize(
    ("arm", "said"),
    [
        ("{name: a}", "'model' is missing"),
        ("{name: a, model: tuned}", "there is no model folder 'tuned'"),
        ("{name: a, model: demo, system: ''}", "is empty; expected the text of a system prompt"),
        ("{name: a, model: demo, system: {text: b, file: shots.jsonl}}", "expected exactly one of 'text' and 'file'"),
        ("{name: a, model: demo, examples: {file: gone.jsonl}}", "'gone.jsonl' does not exist"),
        ("{name: a, model: demo, examples: {file: broken.jsonl}}", "line 1 is no example"),
        ("{name: a, model: demo, examples: {file: shots.jsonl, shots: 0}}", "greater than or equal to 1"),
        ("{name: a, model: demo, retrieval: {documents: []}}", "no documents are named"),
        ("{name: a, model: demo, retrieval: {documents: empty}}", "has no documents; expected files that end in .jsonl"),
        ("{name: a, model: demo, retrieval: {documents: arms.yaml}}", "is no file of documents; expected a folder"),
        ("{name: a, model: demo, retrieval: {documents: notes, words: 0}}", "greater than or equal to 1"),
        ("just words", "found 'just words'; expected keys and values"),
    ],
)
def test_an_arm_that_makes_no_sense_is_refused_in_one_sentence(folder: Path, arm: str, said: str) -> None:
    (folder / "empty").mkdir()
    (folder / "broken.jsonl").write_text("[]\n")
    (found,) = mistakes(folder, f"version: 1\narms:\n  - {arm}\n")
    assert found.startswith("line 3: arms.0")
    assert said in found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "found None; expected keys and values"),
        ("version: 2\narms: [{name: a, model: demo}]", "line 1: version"),
        ("version: 1\narms: []", "at least 1 item"),
        ("version: 1\narm: []", "unknown key 'arm'; expected 'arms'"),
        ("version: 1\narms: [", "not YAML"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused(folder: Path, text: str, said: str) -> None:
    assert any(said in mistake for mistake in mistakes(folder, text))


def test_an_adapter_needs_the_model_it_was_trained_on(folder: Path, made: Path) -> None:
    (folder / "adapter").symlink_to(made / "adapter")
    (found,) = mistakes(folder, "version: 1\narms: [{name: a, model: adapter}]")
    assert "is an adapter; expected 'base'" in found
    assert read(folder, "version: 1\narms: [{name: a, model: adapter, base: demo}]")[0].base == "demo"


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match=r"arms file .*\n.*the file does not exist"):
        read_arms(tmp_path / "gone.yaml")
