"""The tests of a file against a changed source of it, in a process where nothing else was imported."""

from __future__ import annotations

import importlib.abc
import importlib.util
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any


class Substituting(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from a changed source."""

    def __init__(self, module: str, path: Path, source: str) -> None:
        self.module, self.path, self.source = module, path, source

    def find_spec(self, name: str, path: object, target: object = None) -> Any:
        return importlib.util.spec_from_loader(name, self, origin=str(self.path)) if name == self.module else None

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = str(self.path)
        exec(compile(self.source, str(self.path), "exec"), module.__dict__)


def trial(root: Path, path: str, source: str, tests: Sequence[str], limit: float) -> int | None:
    """The exit code of the tests against a changed source; None where they ran past the limit."""
    return forked(lambda: run(root, path, source, tests), limit)


def forked(work: Callable[[], int], limit: float) -> int | None:
    """The exit code of some work in a process of its own; None where it ran past the limit."""
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        os._exit(work())
    until = time.monotonic() + limit
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def run(root: Path, path: str, source: str, tests: Sequence[str], plugins: Sequence[object] = ()) -> int:
    """The exit code of the tests against a changed source; this process is of no other use afterwards."""
    try:
        import hypothesis
        import pytest

        # Few and always the same examples: a mutant is killed by a difference, never by luck or by a slow machine.
        hypothesis.settings.register_profile("mutation", max_examples=10, deadline=None, derandomize=True, database=None)
        hypothesis.settings.load_profile("mutation")
        sink = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(sink, stream)
        parts = Path(path).with_suffix("").parts
        for name in [name for name in sys.modules if name.split(".")[0] == parts[0]]:
            del sys.modules[name]
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        os.chdir(root)
        sys.dont_write_bytecode = True
        sys.path.insert(0, str(root))
        sys.meta_path.insert(0, Substituting(".".join(parts), root / path, source))
        ignored = "ignore::pytest.PytestAssertRewriteWarning"
        quiet = ["-x", "-q", "-W", ignored, "-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib"]
        return int(pytest.main([*quiet, *tests], plugins=plugins))
    except BaseException:
        return 99
