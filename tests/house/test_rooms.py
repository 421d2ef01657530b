"""The house rules that a machine can check: who imports whom, how large rooms are, what they are called."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("harness", "trainers", "suites", "reports", "demo")
FORBIDDEN = {"utils", "util", "helpers", "helper", "common", "base", "core", "manager", "misc"}
HEAVY = {
    "torch",
    "transformers",
    "peft",
    "trl",
    "presidio_analyzer",
    "spacy",
    "lm_eval",
    "evaluate",
    "datasets",
    "accelerate",
}


def _files() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(tree: ast.AST, top_only: bool = False) -> Iterator[str]:
    nodes = ast.iter_child_nodes(tree) if top_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in line {node.lineno}"
            yield node.module or ""


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", _files(), ids=_module)
def test_a_package_imports_the_harness_and_itself_but_no_sibling(path: Path) -> None:
    own = path.relative_to(ROOT).parts[0]
    siblings = {name.split(".")[0] for name in _imports(_tree(path))} & set(PACKAGES)
    assert siblings <= {own, "harness"}


def test_imports_make_no_cycle() -> None:
    modules = {_module(path): path for path in _files()}
    edges = {
        name: {each for each in _names(path) if each in modules and each != name} for name, path in modules.items()
    }
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join([*trail[trail.index(name) :], name])
        if name not in done:
            for target in sorted(edges[name]):
                visit(target, (*trail, name))
            done.add(name)

    for name in sorted(modules):
        visit(name, ())


def _names(path: Path) -> set[str]:
    tree, found = _tree(path), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= inner | {node.module}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("path", _files(), ids=_module)
def test_a_room_is_small_and_honestly_named(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= 400, f"{lines} lines; is it one thing?"
    assert not FORBIDDEN & {part.removesuffix(".py") for part in path.relative_to(ROOT).parts}


@pytest.mark.parametrize("path", _files(), ids=_module)
def test_heavy_libraries_load_only_inside_a_function_or_a_room_of_their_own(path: Path) -> None:
    rooms = ("harness/model/", "trainers/loop/", "demo/", "suites/model/lm_eval_tasks/", "suites/data/presidio_engine/")
    if path.relative_to(ROOT).as_posix().startswith(rooms):
        return
    assert not HEAVY & {name.split(".")[0] for name in _imports(_tree(path), top_only=True)}


@pytest.mark.parametrize(
    "module",
    [
        "harness.cli",
        "harness.cli.run",
        "harness.cli.gate",
        "harness.cli.compare",
        "harness.cli.keys",
        "harness.cli.waive",
        "harness.cli.explain",
        "harness.cli.report",
        "harness.cli.show",
        "harness.cli.suites",
    ],
)
def test_a_light_verb_starts_without_a_heavy_library(module: str) -> None:
    code = f"import sys, {module}; print(' '.join(sorted(set(sys.modules) & {HEAVY!r})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == ""


def test_every_module_says_what_it_is() -> None:
    silent = [_module(path) for path in _files() if not ast.get_docstring(_tree(path))]
    assert silent == []
