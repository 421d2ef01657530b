"""The digest of the code that a stage runs: every file of ours that it reaches by imports.

A stage's key has to change when any line that could change its output does, and should not when other code does. So the
imports are followed, as text, from the stage's own module and its plug-in through our packages, and those files are hashed.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.store import digest_file, digest_of

PACKAGES = ("harness", "trainers", "suites", "reports", "demo")


def code_digest(modules: Iterable[str]) -> str:
    """Returns one digest over the files that these modules reach by imports, themselves included."""
    reached: dict[str, str] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        path = _source(name)
        if name in reached or path is None:
            continue
        reached[name] = digest_file(path)
        if name.split(".")[0] in PACKAGES:
            waiting.extend(_imports(path))
    return digest_of(reached)


@functools.cache
def _source(module: str) -> Path | None:
    spec = importlib.util.find_spec(module)
    return Path(spec.origin) if spec and spec.origin and spec.origin.endswith(".py") else None


@functools.cache
def _imports(path: Path) -> tuple[str, ...]:
    return tuple(sorted(set(_imported(ast.parse(path.read_text(encoding="utf-8"))))))


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] in PACKAGES)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in PACKAGES:
            yield node.module
            # ``from package import module`` reaches the module as well as the package.
            yield from (
                f"{node.module}.{alias.name}" for alias in node.names if _is_module(f"{node.module}.{alias.name}")
            )


@functools.cache
def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
