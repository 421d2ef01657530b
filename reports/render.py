"""One run as one HTML file: no script, nothing loaded from anywhere, the same bytes for the same run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

from harness import plugins
from harness.audit import Audit
from harness.channels.wording.numbers import count, plural, seconds
from harness.channels.wording.verdicts import OUTCOMES, accent, granted, short, title
from reports.untrusted import breakable, sentence, shown

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Section:
    """A section that has something to say about this run."""

    name: str
    title: str
    template: str
    found: Mapping[str, Any]


def render(audit: Audit) -> bytes:
    """Renders the report of one run."""
    modules = {name: plugins.load("section", name) for name in plugins.names("section")}
    page = environment(tuple(modules.values())).get_template("page.html.j2")
    html = page.render(
        heading=title(audit),
        accent=accent(audit.decision),
        project=audit.record.project,
        candidate=audit.decision.candidate,
        tunegate=audit.record.tunegate,
        sections=_sections(modules, audit),
    )
    return html.encode()


def _sections(modules: Mapping[str, ModuleType], audit: Audit) -> list[Section]:
    ordered = sorted(modules.items(), key=lambda pair: (pair[1].ORDER, pair[0]))
    built = [(name, module, module.build(audit)) for name, module in ordered]
    return [Section(name, module.TITLE, f"{name}.html.j2", found) for name, module, found in built if found is not None]


def environment(modules: tuple[ModuleType, ...] = ()) -> Environment:
    """Makes the template engine: everything escaped, an unknown name an error, hidden characters made visible.

    Args:
        modules: Sections; one from outside brings its template in its own folder.
    """
    beside = {Path(module.__file__).parent: None for module in modules if module.__file__}
    made = Environment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in (TEMPLATES, *beside)]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(
        count=count, plural=plural, seconds=seconds, short=short, sentence=sentence, granted=granted, breakable=breakable
    )
    made.globals.update(OUTCOMES=OUTCOMES)
    return made
