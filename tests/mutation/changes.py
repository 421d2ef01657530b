"""One thing changed at a time in a source: comparisons, conditions, numbers, outcomes, arithmetic."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

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
    """One change: its name in lists, the function that it is in, its line, and the whole changed source."""

    name: str
    owner: str
    line: int
    source: str


class Replacing(ast.NodeTransformer):
    """Puts another node in the place of one."""

    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


def mutants(path: str, source: str, only: Sequence[str] | None = None) -> list[Mutant]:
    """Every mutant of a source, or of some functions; equal names are counted, so that a name stays when lines are added."""
    tree = ast.parse(source)
    found, seen = [], {}
    for owner, node in _places(tree, "", only):
        for new in _changes(node):
            old_text, new_text = ast.unparse(node), ast.unparse(new)
            changed = ast.unparse(_with(tree, node, new))
            name = f"{path} | {owner or 'module'} | {old_text} -> {new_text}".replace("\n", " ")
            seen[name] = seen.get(name, 0) + 1
            number = f" #{seen[name]}" if seen[name] > 1 else ""
            found.append(Mutant(name + number, owner, node.lineno, changed))
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
