"""The policies that ship: an equal model can keep each on the items that ship, and a planted regression breaks each rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from harness.cli import run
from harness.errors import RunFileError, UsageError
from harness.gate import decide
from harness.policy import read_policy, shipped, write_policies
from harness.slices import slice_of
from harness.store import digest_file
from harness.suite import metrics_of, read_items
from harness.types import Decision, Example, Measurement, Metric, Record, Rule, Sample

ROOT = Path(__file__).resolve().parents[2]
HERE = Path()
SETS = {"ours": ROOT / "suites" / "items", "demo": ROOT / "demo" / "items"}
# What a model that does everything right scores on an item, by the item's kind.
RIGHT: dict[str, dict[str, dict[str, float]]] = {
    "refusal": {"harmful": {"harmful_refused": 1}, "benign": {"benign_answered": 1}},
    "safety": {"harmful": {"unsafe_rate": 0}},
    "retention": {"retention": {"accuracy": 1}},
    "hallucination": {"unknown": {"abstained_when_unknown": 1}, "known": {"known_wrong": 0}, "grounded": {"grounded_right": 1}},
}
BETTER = {"harmful_refused": "higher", "benign_answered": "higher", "unsafe_rate": "lower", "accuracy": "higher",
          "abstained_when_unknown": "higher", "known_wrong": "lower", "grounded_right": "higher"}  # fmt: skip
CENSUS = ("pii.rows_with_identifiers", "secrets.rows_with_findings", "bias.associations", "duplicates.share")
ALL = [(name, rule) for name in shipped() for rule in read_policy(name, HERE).rules]

Worse = Callable[[str, str, Example], bool]


def answered(suite: str, items: Path, subject: str, worse: Worse) -> Measurement:
    samples = tuple(
        Sample(id=each.id, prompt="?", output="!", tags=each.tags, cluster=each.cluster,
               scores={name: 1 - right if worse(suite, name, each) else right
                       for name, right in RIGHT[suite][each.tags["kind"]].items()})
        for each in read_items(items / f"{suite}.jsonl")
    )  # fmt: skip
    metrics = metrics_of(suite, samples, BETTER)
    return Measurement(suite=suite, version="1", subject=subject, items="sha256:" + "1" * 64, expected=len(samples),
                       metrics=metrics, samples=samples)  # fmt: skip


def counted(metric: str, value: float, digests: Mapping[str, str]) -> Measurement:
    found = Metric(name=metric, value=value, n=500, better="lower")
    suite = metric.partition(".")[0]
    return Measurement(suite=suite, version="1", subject=digests["data"], items=digests["items"], metrics=(found,))


def by(rules: Sequence[Rule], items: Path, digests: Mapping[str, str], worse: Worse, found: str = "") -> Decision:
    """The decision over a candidate that is worse on some items, or whose data has what one census counts."""
    census = [counted(metric, float(metric == found), digests) for metric in CENSUS]
    mine = [answered(suite, items, digests["candidate"], worse) for suite in RIGHT]
    theirs = [answered(suite, items, digests["baseline"], lambda *_: False) for suite in RIGHT]
    named = {f"{name}_digest": digests[name] for name in ("candidate", "baseline", "data")}
    return decide("model", rules, [*census, *mine], theirs, **named)


@pytest.mark.parametrize("items", SETS)
@pytest.mark.parametrize("name", shipped())
def test_an_equal_model_can_keep_a_shipped_policy_on_items_that_ship(name: str, items: str, digests) -> None:
    found = by(read_policy(name, HERE).rules, SETS[items], digests, lambda *_: False)
    assert [check.reason for check in found.checks if check.outcome != "pass"] == []
    assert found.verdict == "allowed"


@pytest.mark.parametrize(("name", "rule"), ALL, ids=[f"{name} {rule.text()}" for name, rule in ALL])
def test_every_rule_of_a_shipped_policy_is_broken_by_a_planted_regression(name: str, rule: Rule, digests) -> None:
    wanted = slice_of(rule.metric)

    def worse(suite: str, score: str, item: Example) -> bool:
        """All items of the metric; of a rule on every hazard, those of one."""
        return (suite, score) == (rule.suite, wanted.name) and (not wanted.tag or item.tags["hazard"] == "hate")

    found = by([rule], SETS["ours"], digests, worse, found=rule.metric)
    assert found.verdict == "blocked"
    assert [check.metric for check in found.checks if check.outcome == "fail"] == [rule.metric.replace("*", "hate")]


def equal_but_for(share: int) -> Worse:
    """Loses every item of a number; the test's arms are otherwise equal."""
    return lambda _suite, _score, item: sum(item.id.encode()) % share == 0


@pytest.mark.parametrize(("name", "verdict"), [("smoke", "allowed"), ("release", "inconclusive"), ("regulated", "blocked")])
def test_a_stricter_policy_says_more_about_the_same_small_loss(name: str, verdict: str, digests) -> None:
    loss = equal_but_for(40)
    assert by(read_policy(name, HERE).rules, SETS["ours"], digests, loss).verdict == verdict


@pytest.mark.parametrize("share", [3, 15, 40, 10**6])
def test_what_regulated_allows_release_allows_and_what_that_allows_smoke_allows(share: int, digests) -> None:
    verdicts = [by(read_policy(name, HERE).rules, SETS["ours"], digests, equal_but_for(share)).allowed
                for name in ("regulated", "release", "smoke")]  # fmt: skip
    assert verdicts == sorted(verdicts)


def test_a_shipped_policy_is_called_as_its_file_and_says_what_it_is_for() -> None:
    assert shipped() == ("regulated", "release", "smoke")
    for name in shipped():
        found = read_policy(name, HERE)
        assert (found.name, found.source) == (name, name)
        assert found.description.endswith(".")
        assert found.text.count("# wants") == len([rule for rule in found.rules if rule.metric not in CENSUS])


def test_a_policy_is_kept_with_its_text_and_known_by_its_digest(tmp_path: Path) -> None:
    found = [read_policy(name, HERE) for name in ("smoke", "release")]
    files = write_policies(tmp_path, found)
    assert files == {f"policies/{each.name}.yaml": each.digest for each in found}
    assert {name: digest_file(tmp_path / name) for name in files} == files
    assert (tmp_path / "policies" / "smoke.yaml").read_text() == found[0].text


def test_another_text_is_another_policy_even_where_its_rules_are_the_same(tmp_path: Path) -> None:
    text = read_policy("smoke", HERE).text
    (tmp_path / "a.yaml").write_text(text + "# changed\n")
    found = read_policy("a.yaml", tmp_path)
    assert found.rules == read_policy("smoke", HERE).rules
    assert found.digest != read_policy("smoke", HERE).digest


def test_a_run_keeps_its_policies_with_its_evidence(tmp_path: Path, capsys) -> None:
    (tmp_path / "rows.jsonl").write_text('{"prompt": "a", "completion": "b"}\n')
    text = "version: 1\nname: clean\ndescription: d\nrules: [{metric: duplicates.rows, at_most: 0}]\n"
    (tmp_path / "clean.yaml").write_text(text)
    (tmp_path / "run.yaml").write_text(
        "version: 1\nproject: p\ndata: {train: rows.jsonl}\nscan: {duplicates: {}}\ngates: [clean.yaml]\n"
    )
    out = tmp_path / "out"
    for _ in range(2):
        assert run(["run", str(tmp_path / "run.yaml"), "--runs", str(tmp_path / "runs"), "--out", str(out), "--quiet"]) == 0
    record = Record.model_validate_json((out / "record.json").read_bytes())
    digest = digest_file(tmp_path / "clean.yaml")
    assert record.files["policies/clean.yaml"] == digest
    assert (out / "policies" / "clean.yaml").read_text() == text
    assert [(each["name"], each["digest"], each["source"]) for each in record.settings["policies"]] == [
        ("clean", digest, "clean.yaml")
    ]
    decision = Decision.model_validate_json((out / "decision.json").read_bytes())
    assert [(each.name, each.digest) for each in decision.policies] == [("clean", digest)]


def test_a_policy_that_is_not_there_is_refused_as_a_policy(tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match=r"policy '.*gone.yaml' has 1 mistake:\n  the file does not exist"):
        read_policy("gone.yaml", tmp_path)
    with pytest.raises(UsageError, match=r"there is no policy 'smoek'; expected 'smoke', or a path such as './smoek.yaml'"):
        read_policy("smoek", tmp_path)


def test_the_wheel_carries_the_shipped_policies() -> None:
    import tomllib

    data = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    assert {path.stem for pattern in data["harness"] for path in (ROOT / "harness").glob(pattern)} == set(shipped())
