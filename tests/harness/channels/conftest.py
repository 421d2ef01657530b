"""Realistic runs for the tests of the channels, the same as those of the report."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2] / "reports"


def _load():
    name = "report_audits"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, HERE / "audits.py")
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture(scope="session")
def audits():
    """The module of runs, imported by its path: tests are no package."""
    return _load()


@pytest.fixture(params=["allowed", "blocked", "waived", "blocked_at_data", "inconclusive", "incomplete"])
def run(request, audits):
    """Each kind of finished run in turn."""
    return audits.VARIANTS[request.param]()
