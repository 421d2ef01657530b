"""The report stage writes what was asked for, whole, and nothing else."""

from __future__ import annotations

import pytest

from harness.channels import junit, markdown
from harness.stages.report import write_reports
from reports.render import render


def test_everything_that_was_asked_for_is_written(audits, tmp_path):
    run = audits.allowed()
    paths = write_reports(tmp_path, run, html=True, junit=True, markdown=True)
    assert [path.name for path in paths] == ["report.html", "junit.xml", "summary.md"]
    assert [path.read_bytes() for path in paths] == [render(run), junit.render(run), markdown.render(run)]
    assert {path.name for path in tmp_path.iterdir()} == {"report.html", "junit.xml", "summary.md"}


@pytest.mark.parametrize("wanted", ["html", "junit", "markdown"])
def test_only_what_was_asked_for_is_written(audits, tmp_path, wanted):
    asked = {name: name == wanted for name in ("html", "junit", "markdown")}
    assert len(write_reports(tmp_path, audits.blocked(), **asked)) == len(list(tmp_path.iterdir())) == 1


def test_a_failing_report_leaves_nothing_behind(audits, tmp_path, monkeypatch):
    monkeypatch.setattr(markdown, "render", lambda audit: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_reports(tmp_path, audits.allowed(), html=True, junit=True, markdown=True)
    assert list(tmp_path.iterdir()) == []
