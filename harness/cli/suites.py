"""List the suites, or show what one of them measures, why it can block and how it can be fooled."""

from __future__ import annotations

import inspect
import json

import click

from harness import plugins
from harness.cli.terminal import JSON
from harness.errors import PluginError

KINDS = ("data suite", "model suite")


@click.command("suites")
@click.argument("name", required=False)
@JSON
def command(name: str | None, as_json: bool) -> int:
    """List all suites with their metrics, or show the page of the suite NAME."""
    if name is None:
        listed = [_facts(kind, each) for kind in KINDS for each in plugins.names(kind)]
        click.echo(json.dumps(listed, indent=1) if as_json else "\n".join(_line(each) for each in listed))
        return 0
    pages = [kind for kind in KINDS if name in plugins.names(kind)]
    if not pages:
        known = [each for kind in KINDS for each in plugins.names(kind)]
        raise PluginError(f"there is no suite '{name}'", plugins.suggestion(name, known))
    for kind in pages:
        click.echo(json.dumps(_facts(kind, name), indent=1) if as_json else _page(kind, name))
    return 0


def _facts(kind: str, name: str) -> dict[str, object]:
    module = plugins.load(kind, name)
    summary = (inspect.getdoc(module) or "").splitlines()[0]
    return {"kind": kind, "name": name, "version": module.VERSION, "metrics": dict(module.METRICS), "summary": summary}


def _line(facts: dict[str, object]) -> str:
    return f"{facts['kind']!s:<13}{facts['name']!s:<16}{facts['summary']}"


def _page(kind: str, name: str) -> str:
    module = plugins.load(kind, name)
    metrics = "\n".join(f"  {name}.{metric:<28}{better} is better" for metric, better in module.METRICS.items())
    fields = "\n".join(
        f"  {field:<20}{'required' if about.is_required() else f'default {about.default!s}'}"
        for field, about in module.Settings.model_fields.items()
    )
    head = f"{name} ({kind}, version {module.VERSION})\n\n{inspect.getdoc(module)}"
    return f"{head}\n\nMetrics\n{metrics}\n\nSettings\n{fields}\n"
