"""Every plug-in loads, has what its kind asks for, and says what it is."""

from __future__ import annotations

import inspect

import pytest

from harness import plugins
from harness.errors import PluginError

ALL = [(kind, name) for kind in plugins.KINDS for name in plugins.names(kind)]


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_a_plug_in_is_what_its_kind_asks_for_and_says_what_it_is(kind: str, name: str) -> None:
    assert inspect.getdoc(plugins.load(kind, name))


@pytest.mark.parametrize(("kind", "name"), [pair for pair in ALL if pair[0].endswith("suite")])
def test_a_suite_says_what_it_measures_why_it_can_block_and_how_it_can_be_fooled(kind: str, name: str) -> None:
    page = inspect.getdoc(plugins.load(kind, name)) or ""
    for heading in ("What it measures", "Why it can block", "How it can be fooled"):
        assert heading.lower() in page.lower()


@pytest.mark.parametrize(("kind", "name"), [pair for pair in ALL if pair[0].endswith("suite")])
def test_a_suite_says_of_every_metric_which_way_is_better(kind: str, name: str) -> None:
    metrics = plugins.load(kind, name).METRICS
    assert metrics
    assert set(metrics.values()) <= {"higher", "lower"}


@pytest.mark.parametrize("kind", sorted(plugins.KINDS))
def test_there_is_at_least_one_plug_in_of_every_kind(kind: str) -> None:
    assert plugins.names(kind)


def test_an_unknown_plug_in_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(PluginError, match="there is no rule 'at_leest'; expected 'at_least'"):
        plugins.load("rule", "at_leest")
