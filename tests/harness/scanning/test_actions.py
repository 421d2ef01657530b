"""What follows from a finding, kind by kind."""

import pytest
from pydantic import ValidationError

from harness import plugins
from harness.errors import UsageError
from harness.scanning.actions import Redacts, redacts
from harness.spec import read_run_file

BY_KIND = {"EMAIL_ADDRESS": "redact", "US_SSN": "drop", "default": "block"}


def test_one_word_is_for_every_kind_and_a_mapping_for_its_own() -> None:
    assert Redacts(on_finding="redact").action("ANY") == "redact"
    acts = Redacts(on_finding=BY_KIND, redact_with={"US_SSN": "mask"})
    assert [acts.action(kind) for kind in ("EMAIL_ADDRESS", "US_SSN", "IBAN_CODE")] == ["redact", "drop", "block"]
    assert (acts.how("US_SSN"), acts.how("EMAIL_ADDRESS")) == ("mask", "replace")
    assert acts.changes_data and acts.blocks_some
    assert not Redacts(on_finding={"US_SSN": "report"}).changes_data


@pytest.mark.parametrize("suite", ["pii", "secrets"])
def test_the_suites_that_find_values_can_be_told(suite: str) -> None:
    settings = plugins.load("data suite", suite).Settings(on_finding=BY_KIND, redact_with="fake")
    assert redacts(settings) == Redacts(on_finding=BY_KIND, redact_with="fake")
    assert not redacts(plugins.load("data suite", "bias").Settings()).changes_data
    with pytest.raises(ValidationError):
        plugins.load("data suite", suite).Settings(on_finding={"EMAIL_ADDRESS": "erase"})


def test_a_kind_that_nobody_looks_for_is_refused() -> None:
    with pytest.raises(UsageError, match=r"'scan\.pii\.on_finding' names 'EMAIL'; expected"):
        Redacts(on_finding={"EMAIL": "block"}).check("pii", ["EMAIL_ADDRESS"])
    Redacts(on_finding=BY_KIND).check("pii", ["EMAIL_ADDRESS", "US_SSN"])


@pytest.mark.parametrize(
    ("told", "metric"),
    [("block", "pii.rows_with_findings"), ("{US_SSN: block, default: report}", "pii.findings_that_block")],
)
def test_what_blocks_is_a_rule(tmp_path, told: str, metric: str) -> None:
    (tmp_path / "rows.jsonl").write_text('{"text": "a"}\n')
    (tmp_path / "run.yaml").write_text(
        f"version: 1\nproject: x\ndata: {{train: rows.jsonl}}\nscan: {{pii: {{on_finding: {told}}}}}\n"
        "gates: [{metric: pii.share_of_rows, at_most: 1}]\n"
    )
    assert [rule.metric for rule in read_run_file(tmp_path / "run.yaml")[0].gates] == [metric, "pii.share_of_rows"]
