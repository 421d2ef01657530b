"""Which tokens several texts share: the plan after which each shared token is read once.

Texts that are scored mostly begin alike: all items of a task after the same examples, the choices of an item after the
same question. Sorted, they make a tree. What many rows begin with is a *trunk*, read once and kept; the rest of texts
that stay together for long enough is a *tree*, one row in which a token sees only what stands before it in its own text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from harness.model.prompts import Span

#: A row of several texts costs attention between branches that is thrown away; beyond this many tokens that is dear.
BRANCH_TOKENS = 512
#: Texts become one row where this times what they share is at least the longest of what they do not share.
SHARED_TIMES = 4
#: How many tokens a trunk has to save: it is a forward pass of its own.
TRUNK_SAVES = 64


@dataclass
class Tree:
    """Texts of one row, in sorted order, and how many tokens they have behind the trunk (at most)."""

    spans: list[Span]
    size: int

    @property
    def scored(self) -> int:
        """Positions that are scored (at most)."""
        return sum(len(span.ids) - span.start for span in self.spans)

    @property
    def depth(self) -> int:
        """Tokens of the longest text, the trunk included."""
        return max(len(span.ids) - 1 for span in self.spans)


class Group(NamedTuple):
    """Rows behind one trunk; without a trunk, each row begins at its first token."""

    trunk: tuple[int, ...]
    trees: list[Tree]


class Layout(NamedTuple):
    """A tree as one row, in the order in which its branches are walked.

    Attributes:
        tokens: What is read.
        positions: Where each token stands in its own text.
        ends: For each token the first place behind everything that follows it in some text: token ``i`` sees token ``j``
            exactly if ``j <= i < ends[j]``.
        scored: For each span the places whose logits predict its scored tokens.
    """

    tokens: list[int]
    positions: list[int]
    ends: list[int]
    scored: list[list[int]]


@dataclass
class _Node:
    """A place where texts part: how deep it is, and the rows that begin there as far as they are settled."""

    depth: int
    trees: list[Tree] = field(default_factory=list)


def plan(spans: Sequence[Span]) -> tuple[list[Group], list[Span]]:
    """Returns what is read together, and the texts that share too little with any other."""
    groups: list[Group] = []
    stack = [_Node(0)]
    before: tuple[int, ...] = ()
    for inputs, span in sorted(((span.ids[:-1], span) for span in spans), key=lambda pair: pair[0]):
        _fold(stack, shared(before, inputs), groups)
        _node(stack, len(inputs)).trees.append(Tree([span], 0))
        before = inputs
    _fold(stack, 0, groups)
    whole = [tree for tree in stack[0].trees if len(tree.spans) > 1]
    alone = [tree.spans[0] for tree in stack[0].trees if len(tree.spans) == 1]
    return groups + ([Group((), whole)] if whole else []), alone


def shared(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    """How many tokens two texts have in common at their beginning."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _node(stack: list[_Node], depth: int) -> _Node:
    if stack[-1].depth < depth:
        stack.append(_Node(depth))
    return stack[-1]


def _fold(stack: list[_Node], depth: int, groups: list[Group]) -> None:
    """Settles every place that is deeper than what the next text shares with the last one."""
    while stack[-1].depth > depth:
        node = stack.pop()
        above = max(stack[-1].depth, depth)
        _node(stack, above).trees.extend(_settled(node, above, groups))


def _settled(node: _Node, above: int, groups: list[Group]) -> list[Tree]:
    """Joins the rows that part here, or puts a trunk under them, or leaves each with the tokens down to ``above``."""
    trees, segment = node.trees, node.depth - above
    if len(trees) > 1 and _joins(trees, segment):
        trees = [Tree([span for tree in trees for span in tree.spans], sum(tree.size for tree in trees))]
    elif len(trees) > 1:
        # The last token before what is scored belongs to the row: its logits are needed there.
        cut = min(node.depth, min(span.start - 1 for tree in trees for span in tree.spans))
        if (cut - above) * (len(trees) - 1) - above >= TRUNK_SAVES:
            rows = [Tree(tree.spans, tree.size + node.depth - cut) for tree in trees]
            groups.append(Group(trees[0].spans[0].ids[:cut], rows))
            return []
    return [Tree(tree.spans, tree.size + segment) for tree in trees]


def _joins(trees: Sequence[Tree], segment: int) -> bool:
    sizes = [tree.size for tree in trees]
    return sum(sizes) <= BRANCH_TOKENS and segment * SHARED_TIMES >= max(sizes)


def layout(tree: Tree, trunk: int) -> Layout:
    """Lays a tree out as one row behind a trunk of so many tokens."""
    found = Layout([], [], [], [])
    path: list[int] = []
    before: tuple[int, ...] = ()
    for span in tree.spans:
        inputs = span.ids[trunk:-1]
        kept, begin = shared(before, inputs), len(found.tokens)
        _close(found, path[kept:])
        found.tokens.extend(inputs[kept:])
        found.positions.extend(range(trunk + kept, trunk + len(inputs)))
        path = [*path[:kept], *range(begin, len(found.tokens))]
        found.ends.extend([0] * (len(found.tokens) - begin))
        found.scored.append(path[span.start - 1 - trunk :])
        before = inputs
    _close(found, path)
    return found


def _close(found: Layout, places: Sequence[int]) -> None:
    for place in places:
        found.ends[place] = len(found.tokens)
