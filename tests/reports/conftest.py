"""Realistic runs for the tests of the report."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def _load(file: str):
    name = f"report_{file}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, HERE / f"{file}.py")
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture(scope="session")
def audits():
    """The module of runs, imported by its path: tests are no package."""
    return _load("audits")


@pytest.fixture(scope="session")
def comparisons():
    """The module of comparisons, imported by its path."""
    return _load("comparisons")


@pytest.fixture(params=["allowed", "blocked", "waived", "blocked_at_data", "inconclusive", "incomplete"])
def run(request, audits):
    """Each kind of finished run in turn."""
    return audits.VARIANTS[request.param]()
