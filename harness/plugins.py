"""Finding plug-ins: a plug-in is one file, and its name is the file's name.

Files of a kind's folder are plug-ins, sub-folders are what they share. Packages from outside add their own through entry
points of the group ``tunegate.<folder>``, for example ``tunegate.suites.model``.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import pkgutil
from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

from harness.errors import PluginError

KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "data suite": ("suites.data", ("VERSION", "METRICS", "Settings", "Scanner")),
    "model suite": ("suites.model", ("VERSION", "METRICS", "Settings", "measure")),
    "judge": ("suites.judges", ("VERSION", "judge")),
    "metric": ("suites.metrics", ("VERSION", "score")),
    "trainer": ("trainers", ("VERSION", "Settings", "train")),
    "rule": ("harness.rules", ("NEEDS_BASELINE", "check")),
    "section": ("reports.sections", ("ORDER", "TITLE", "build")),
    "channel": ("harness.channels", ("FILENAME", "render")),
    "registry": ("harness.registries", ("open_registry",)),
}


def names(kind: str) -> tuple[str, ...]:
    """Lists the plug-ins of a kind, ours and those of installed packages, in alphabetical order."""
    package = importlib.import_module(KINDS[kind][0])
    own = {module.name for module in pkgutil.iter_modules(package.__path__) if not module.ispkg}
    return tuple(sorted(own | set(_outside(KINDS[kind][0]))))


def load(kind: str, name: str) -> ModuleType:
    """Imports one plug-in and checks that it has what its kind asks for.

    Raises:
        PluginError: There is no plug-in of that name, or it lacks something.
    """
    package, required = KINDS[kind]
    if name not in names(kind):
        raise PluginError(f"there is no {kind} '{name}'", suggestion(name, names(kind)))
    outside = _outside(package)
    module = outside[name].load() if name in outside else importlib.import_module(f"{package}.{name}")
    missing = [attribute for attribute in required if not hasattr(module, attribute)]
    if missing:
        raise PluginError(f"the {kind} '{name}' lacks {', '.join(missing)}", f"a module with {', '.join(required)}")
    return module


@functools.cache
def _outside(package: str) -> dict[str, EntryPoint]:
    """The plug-ins of installed packages; which are installed does not change while a process runs."""
    return {point.name: point for point in entry_points(group=f"tunegate.{package}")}


def suggestion(found: str, known: Iterable[str]) -> str:
    """Says which known name was probably meant, or lists them all."""
    known = sorted(known)
    near = difflib.get_close_matches(found, known, n=1, cutoff=0.6)
    return f"'{near[0]}'" if near else "one of " + ", ".join(f"'{name}'" for name in known)
