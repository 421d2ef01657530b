"""Every way in which tunegate stops, and the exit code that each one means.

::

    TunegateError                 exit 4   a stage could not do its work: the run is incomplete
    ├── UsageError                exit 2   the command line or the run file is wrong
    │   ├── RunFileError          exit 2   one or more mistakes of a run file, all shown at once
    │   └── PluginError           exit 2   no plug-in of that name, or one that is not what its kind asks for
    ├── DataError                 exit 4   a row, an item or a file of data cannot be read
    ├── ModelError                exit 4   a model folder cannot be loaded, or answered with something unusable
    │   └── PromptError           exit 4   prompts that the model cannot read: too long, or empty
    ├── TrainingError             exit 4   training could not start, or diverged
    ├── MeasurementError          exit 4   a suite did not measure what it had to
    └── IntegrityError            exit 5   bytes, digests or the two arms of a comparison do not agree

Messages say what was found, what was expected and what to do, in lower case with names in quotes.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, Self


class ExitCode(IntEnum):
    """What the process says to its caller; the same for every output format."""

    ALLOWED = 0
    BLOCKED = 1
    USAGE = 2
    INCONCLUSIVE = 3
    INCOMPLETE = 4
    INTEGRITY = 5
    INTERRUPTED = 130


class TunegateError(Exception):
    """Anything that stops tunegate for a reason a person can mend."""

    exit_code = ExitCode.INCOMPLETE

    def __init__(self, found: str, expected: str = "", remedy: str = "") -> None:
        """Joins the three parts of a helpful message.

        Args:
            found: What was found.
            expected: What was expected instead.
            remedy: What to do about it.
        """
        self.found, self.expected, self.remedy = found, expected, remedy
        super().__init__("; ".join(part for part in (found, expected and f"expected {expected}", remedy) if part))

    def within(self, what: str, remedy: str = "") -> Self:
        """Returns the same error with what it is about in front, and another remedy where one is given."""
        told = type(self).__new__(type(self))
        told.__dict__ |= self.__dict__
        TunegateError.__init__(told, f"{what}: {self.found}" if what else self.found, self.expected, remedy or self.remedy)
        return told


class UsageError(TunegateError):
    """The command line asks for something that does not exist or does not fit together."""

    exit_code = ExitCode.USAGE


class RunFileError(UsageError):
    """One or more mistakes of a run file, or of another file that is read like one."""

    def __init__(self, path: str, mistakes: Sequence[str], what: str = "run file") -> None:
        """Shows all mistakes of the file at once.

        Args:
            path: The file.
            mistakes: One sentence each, with its line number where there is one.
            what: What kind of file it is.
        """
        self.path, self.mistakes = path, tuple(mistakes)
        count = f"{len(mistakes)} mistake" + ("s" if len(mistakes) != 1 else "")
        super().__init__(f"{what} '{path}' has {count}:\n" + "\n".join(f"  {mistake}" for mistake in mistakes))


class PluginError(UsageError):
    """No plug-in of that name, or a file that is not the kind of plug-in it was asked to be."""


class DataError(TunegateError):
    """A row, an item or a file of data cannot be read."""


class ModelError(TunegateError):
    """A model folder cannot be loaded, or the model answered with something unusable."""


class PromptError(ModelError):
    """Prompts that the model cannot read; nothing of them was asked.

    Attributes:
        requests: The requests with such prompts; whoever knows their items names them.
    """

    def __init__(self, found: str, expected: str, remedy: str, requests: Sequence[Any]) -> None:
        """Keeps the requests beside the message."""
        super().__init__(found, expected, remedy)
        self.requests = tuple(requests)


class TrainingError(TunegateError):
    """Training could not start, or its numbers left the finite range."""


class MeasurementError(TunegateError):
    """A suite did not measure what it had to."""


class IntegrityError(TunegateError):
    """Bytes, digests or the two arms of a comparison do not agree."""

    exit_code = ExitCode.INTEGRITY
