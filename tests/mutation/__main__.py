"""Changes one thing at a time in the code that decides, and asks whether any of its tests notices.

    python -m tests.mutation                      every file below, some minutes
    python -m tests.mutation harness/gate.py      some of them
    python -m tests.mutation a.py --tests t.py    another file, with its own tests
    python -m tests.mutation --list               the mutants, without running a test

Mutants: comparisons negated and moved by their boundary, ``and`` and ``or`` exchanged, ``not`` and minus dropped, conditions
negated, branches and outcomes exchanged, numbers one up and one down, arithmetic exchanged, ``min`` and ``max``, ``any`` and
``all`` exchanged. Every mutant runs in a process of its own, forked after the libraries are loaded, under a time limit.
A mutant that no test notices is a survivor; the exit code is 1 unless each of them stands in ``equivalent.txt``, with why.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.abc
import importlib.util
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).resolve().parent
REVIEWED = HERE / "equivalent.txt"
TARGETS: dict[str, tuple[str, ...]] = {
    "harness/stats/intervals.py": ("tests/harness/stats/test_intervals.py",),
    "harness/stats/paired.py": ("tests/harness/stats/test_paired.py",),
    "harness/stats/bounded.py": ("tests/harness/stats/test_bounded.py",),
    "harness/stats/judged.py": ("tests/harness/stats/test_judged.py",),
    "harness/stats/agreement.py": ("tests/harness/stats/test_agreement.py",),
    "harness/stats/power.py": ("tests/harness/stats/test_power.py",),
    "harness/stats/spending.py": ("tests/harness/stats/test_spending.py",),
    "harness/stats/betting.py": ("tests/harness/stats/test_betting.py",),
    "harness/stats/sequential.py": ("tests/harness/stats/test_sequential.py",),
    "harness/stats/several.py": ("tests/harness/stats/test_several.py",),
    "harness/rules/at_least.py": ("tests/harness/rules/test_at_least.py", "tests/harness/rules/test_judged.py"),
    "harness/rules/at_most.py": ("tests/harness/rules/test_at_most.py", "tests/harness/rules/test_judged.py"),
    "harness/rules/max_drop.py": ("tests/harness/rules/test_max_drop.py", "tests/harness/rules/test_judged.py"),
    "harness/rules/must_gain.py": ("tests/harness/rules/test_must_gain.py", "tests/harness/rules/test_judged.py"),
    "harness/rules/zero_tolerance.py": ("tests/harness/rules/test_zero_tolerance.py", "tests/harness/rules/test_judged.py"),
    "harness/rules/no_flip.py": ("tests/harness/rules/test_no_flip.py",),
    "harness/rules/budget.py": ("tests/harness/rules/test_budget.py", "tests/harness/rules/test_judged.py"),
    "harness/rule.py": (
        "tests/harness/rules/test_at_least.py", "tests/harness/rules/test_at_most.py", "tests/harness/rules/test_max_drop.py",
        "tests/harness/rules/test_must_gain.py", "tests/harness/rules/test_ratios.py", "tests/harness/rules/test_judged.py",
    ),
    "harness/slices.py": ("tests/harness/test_slices.py",),
    "harness/looking.py": ("tests/harness/test_looking.py",),
    "harness/asking.py": ("tests/harness/test_asking.py",),
    "harness/gate.py": ("tests/harness/test_gate.py", "tests/harness/test_gate_judged.py"),
    "harness/judge_error.py": ("tests/harness/test_judging.py", "tests/harness/test_gate_judged.py"),
    "harness/scores.py": ("tests/harness/test_scores.py", "tests/harness/test_gate_judged.py"),
    "harness/store.py": ("tests/harness/test_store.py",),
    "harness/promotion.py": ("tests/harness/test_promotion.py",),
    "harness/types.py": ("tests/harness/test_types.py",),
    "harness/waiver.py": ("tests/harness/test_waiver.py",),
    "harness/baseline.py": ("tests/harness/test_baseline.py",),
    "harness/attest/envelope.py": ("tests/harness/attest/test_envelope.py",),
    "harness/attest/waivers.py": ("tests/harness/attest/test_waivers.py",),
}
ONLY = {"harness/types.py": ("settle", "Check.waived")}
LOADED = ("pytest", "hypothesis", "numpy", "scipy.stats", "scipy.optimize", "statsmodels.api", "pydantic", "pyarrow.parquet")

MOVED = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
NEGATED = {
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
ARITHMETIC = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr, ast.BitXor: ast.BitOr,
}  # fmt: skip
CALLS = {"min": "max", "max": "min", "any": "all", "all": "any"}
OUTCOMES = {
    "pass": "fail", "fail": "pass", "inconclusive": "pass", "missing": "pass",
    "allowed": "blocked", "blocked": "allowed", "incomplete": "allowed", "integrity": "allowed",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change: its name in lists, its line, and the whole changed source."""

    name: str
    line: int
    source: str


class Replacing(ast.NodeTransformer):
    """Puts another node in the place of one."""

    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


def mutants(path: str, source: str) -> list[Mutant]:
    """Every mutant of a source; equal names are counted, so that a name stays when lines are added."""
    tree = ast.parse(source)
    found, seen = [], {}
    for owner, node in _places(tree, "", ONLY.get(path)):
        for new in _changes(node):
            old_text, new_text = ast.unparse(node), ast.unparse(new)
            changed = ast.unparse(_with(tree, node, new))
            name = f"{path} | {owner or 'module'} | {old_text} -> {new_text}".replace("\n", " ")
            seen[name] = seen.get(name, 0) + 1
            found.append(Mutant(name + (f" #{seen[name]}" if seen[name] > 1 else ""), node.lineno, changed))
    return found


def _with(tree: ast.Module, node: ast.AST, new: ast.AST) -> ast.AST:
    # The replaced node is found by identity, so the tree is changed, copied and changed back.
    changed = copy.deepcopy(Replacing(node, new).visit(tree))
    Replacing(new, node).visit(tree)
    return ast.fix_missing_locations(changed)


def _places(node: ast.AST, owner: str, only: Sequence[str] | None) -> Iterator[tuple[str, ast.AST]]:
    """The nodes that are code: no annotations, decorators, docstrings or imports."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "type_params"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(child, (ast.Import, ast.ImportFrom)):
                continue
            if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                continue
            inner = owner
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                inner = f"{owner}.{child.name}".strip(".")
            if hasattr(child, "lineno") and (only is None or inner in only):
                yield inner, child
            if not isinstance(child, ast.JoinedStr):
                yield from _places(child, inner, only)


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Compare):
        for index, op in enumerate(node.ops):
            for table in (NEGATED, MOVED):
                if type(op) in table:
                    ops = [*node.ops[:index], table[type(op)](), *node.ops[index + 1 :]]
                    yield ast.Compare(node.left, ops, node.comparators, lineno=node.lineno)
    elif isinstance(node, ast.BoolOp):
        other = ast.And() if isinstance(node.op, ast.Or) else ast.Or()
        yield ast.BoolOp(other, node.values, lineno=node.lineno)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
        yield node.operand
    elif isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in ARITHMETIC:
        changed = copy.copy(node)
        changed.op = ARITHMETIC[type(node.op)]()
        yield changed
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
        yield ast.Call(ast.Name(CALLS[node.func.id], ast.Load()), node.args, node.keywords, lineno=node.lineno)
    elif isinstance(node, ast.IfExp):
        yield ast.IfExp(node.test, node.orelse, node.body, lineno=node.lineno)
    elif isinstance(node, ast.If) and not isinstance(node.test, (ast.Compare, ast.UnaryOp)):
        yield ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse, lineno=node.lineno)
    elif isinstance(node, ast.Constant):
        yield from _other_constants(node)


def _other_constants(node: ast.Constant) -> Iterator[ast.AST]:
    value: Any = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value, lineno=node.lineno)
    elif isinstance(value, (int, float)):
        yield ast.Constant(value + 1, lineno=node.lineno)
        yield ast.Constant(value - 1, lineno=node.lineno)
    elif isinstance(value, str) and value in OUTCOMES:
        yield ast.Constant(OUTCOMES[value], lineno=node.lineno)


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
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        os._exit(_run(root, path, source, tests))
    until = time.monotonic() + limit
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _run(root: Path, path: str, source: str, tests: Sequence[str]) -> int:
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
        return int(pytest.main([*quiet, *tests]))
    except BaseException:
        return 99


def examine(root: Path, path: str, tests: Sequence[str]) -> tuple[int, list[Mutant]]:
    """Runs every mutant of a file; returns how many there are and which survived.

    Raises:
        SystemExit: The tests do not pass as they stand, so that nothing could be learnt from a mutant.
    """
    source = (root / path).read_text(encoding="utf-8")
    started = time.monotonic()
    if (code := trial(root, path, ast.unparse(ast.parse(source)), tests, 600)) != 0:
        raise SystemExit(f"the tests of '{path}' exit with {code} before anything is changed; expected 0")
    limit = 30 + 10 * (time.monotonic() - started)
    everyone = mutants(path, source)
    survivors = [each for each in everyone if trial(root, path, each.source, tests, limit) == 0]
    return len(everyone), survivors


def reviewed(file: Path) -> dict[str, str]:
    """The survivors that a person has found to change nothing, and why: ``name  =  reason`` lines."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    pairs = [line.split("  =  ", 1) for line in lines if line.strip() and not line.startswith("#")]
    return {name: reason for name, reason in pairs if reason.strip()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Examines the files and says who survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", help="files below the root [default: all that are known]")
    parser.add_argument("--tests", action="append", default=[], help="test files, where the file is not a known one")
    parser.add_argument("--root", type=Path, default=HERE.parents[1])
    parser.add_argument("--equivalent", type=Path, default=REVIEWED)
    parser.add_argument("--list", action="store_true", help="name the mutants and run nothing")
    given = parser.parse_args(arguments)
    root, known, failed, total, killed = given.root.resolve(), reviewed(given.equivalent), False, 0, 0
    files = given.files or list(TARGETS)
    for path in files if given.list else ():
        print("\n".join(each.name for each in mutants(path, (root / path).read_text(encoding="utf-8"))))
    if given.list:
        return 0
    sys.path.insert(0, str(root))
    for name in LOADED if set(files) & set(TARGETS) else LOADED[:2]:
        importlib.import_module(name)
    for path in files:
        count, survivors = examine(root, path, given.tests or TARGETS[path])
        fresh = [each for each in survivors if each.name not in known]
        total, killed, failed = total + count, killed + count - len(survivors), failed or bool(fresh)
        print(f"{path}: {count} mutants, {count - len(survivors)} killed, "
              f"{len(survivors) - len(fresh)} equivalent, {len(fresh)} survived", flush=True)  # fmt: skip
        for each in fresh:
            print(f"  line {each.line}: {each.name}", flush=True)
    print(f"all: {total} mutants, {killed} killed")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
