"""Many mutants against tests that were collected once: what kills a mutant is asked of the tests that reach it, quickest first.

The tests run once as they stand, and it is noted which functions of the file each of them reaches. Then every mutant has a
process of its own, forked from there, in which the code of its function is exchanged. Whom no test kills like this, and whoever
is not within a function, is left to a process that starts afresh: here a result can still be in a cache that the unchanged
code filled.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

from tests.mutation.alone import forked, run
from tests.mutation.changes import Mutant


def killed(root: Path, path: str, source: str, tests: Sequence[str], mutants: Sequence[Mutant]) -> set[str]:
    """The names of the mutants that a test kills in this way; of the others nothing is known."""
    back, there = os.pipe()
    child = os.fork()
    if not child:
        os.close(back)
        run(root, path, source, tests, plugins=[_Trials(str(root / path), mutants, there)])
        os._exit(0)
    os.close(there)
    with os.fdopen(back, encoding="utf-8") as said:
        names = {json.loads(line) for line in said}
    os.waitpid(child, 0)
    return names


class _Trials:
    """Takes the place of pytest's own loop over the tests."""

    def __init__(self, file: str, mutants: Sequence[Mutant], out: int) -> None:
        self.file, self.mutants, self.out = file, mutants, out

    def pytest_runtestloop(self, session: Any) -> bool:
        timed = sorted((self._timed(item) for item in session.items), key=lambda each: each.seconds)
        # Tests that another run in the same process breaks would kill everyone.
        steady = [each for each in timed if forked(partial(_fails, [each]), 600) == 0]
        live = dict(_functions(self.file))
        dead = [mutant.name for mutant in self.mutants if self._dies(mutant, live, steady)]
        if forked(partial(_fails, steady), 30 + 20 * sum(each.seconds for each in steady)) == 0:
            os.write(self.out, "".join(json.dumps(name) + "\n" for name in dead).encode())
        return True

    def _timed(self, item: Any) -> _Timed:
        names: set[str] = set()

        def note(frame: FrameType, event: str, argument: object) -> None:
            if frame.f_code.co_filename == self.file:
                names.add(frame.f_code.co_qualname)

        started = time.process_time()
        sys.setprofile(note)
        try:
            _passes(item)
        finally:
            sys.setprofile(None)
        return _Timed(item, time.process_time() - started, names)

    def _dies(self, mutant: Mutant, live: Mapping[str, FunctionType], steady: Sequence[_Timed]) -> bool:
        method, function = (".".join(mutant.owner.split(".")[:parts]) for parts in (2, 1))
        own = live.get(method) or live.get(function)
        code = own and _code(compile(mutant.source, self.file, "exec"), own.__qualname__)
        chosen = [each for each in steady if own and own.__qualname__ in each.reached]
        if not own or not code or not chosen:
            return False
        return forked(partial(_changed, own, code, chosen), 300 + 20 * sum(each.seconds for each in chosen)) != 0


@dataclass(frozen=True)
class _Timed:
    """A test, the seconds of the processor that it takes, and the functions of the file that it reaches."""

    item: Any
    seconds: float
    reached: set[str]


def _changed(function: FunctionType, code: CodeType, tests: Sequence[_Timed]) -> int:
    function.__code__ = code
    return _fails(tests)


def _fails(tests: Sequence[_Timed]) -> int:
    for each in tests:
        # In seconds of this process, however busy the machine: the signal ends a process that goes round for ever.
        signal.setitimer(signal.ITIMER_VIRTUAL, 2 + 5 * each.seconds)
        if not _passes(each.item):
            return 1
    return 0


def _passes(item: Any) -> bool:
    from _pytest.runner import runtestprotocol

    return not any(report.failed for report in runtestprotocol(item, log=False, nextitem=None))


def _functions(file: str) -> Iterator[tuple[str, FunctionType]]:
    """The functions and methods of a file, by qualified name, whose code one object alone has."""
    found: dict[str, list[FunctionType]] = {}
    for each in gc.get_objects():
        if isinstance(each, FunctionType) and each.__code__.co_filename == file and "<" not in each.__qualname__:
            found.setdefault(each.__code__.co_qualname, []).append(each)
    yield from ((name, functions[0]) for name, functions in found.items() if len(functions) == 1)


def _code(code: CodeType, name: str) -> CodeType | None:
    inner = [each for each in code.co_consts if isinstance(each, CodeType)]
    own = [each for each in inner if each.co_qualname == name]
    return own[0] if len(own) == 1 else next((found for each in inner if (found := _code(each, name))), None)
