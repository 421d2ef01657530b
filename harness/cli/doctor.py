"""Check this machine: packages, threads, disk, the shipped model, and what cannot be done here."""

from __future__ import annotations

import json
import os
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from harness import plugins
from harness.cli.terminal import JSON, RUNS
from harness.model.load import resolve_model
from harness.store import digest_file

NEEDED = ("torch", "transformers", "peft", "accelerate", "lm-eval", "evaluate", "presidio-analyzer", "jinja2", "click")


@click.command("doctor")
@RUNS
@JSON
def command(runs: Path, as_json: bool) -> int:
    """Check packages, disk, plug-ins and the shipped model; exits 4 where something needed is absent or damaged."""
    checks = [*_packages(), *_plugins(), _demo(), _disk(runs)]
    if as_json:
        click.echo(json.dumps([{"what": what, "ok": ok, "found": found} for what, ok, found in checks], indent=1))
    else:
        for what, ok, found in checks:
            click.echo(f"{click.style('ok', fg='green') if ok else click.style('no', fg='red')}  {what:<24}{found}")
    return 0 if all(ok for _, ok, _ in checks) else 4


def _packages() -> list[tuple[str, bool, str]]:
    found = []
    for name in NEEDED:
        try:
            found.append((name, True, version(name)))
        except PackageNotFoundError:
            found.append((name, False, "absent; install it with 'pip install tunegate'"))
    return found


def _plugins() -> list[tuple[str, bool, str]]:
    found = []
    for kind in plugins.KINDS:
        try:
            names = [name for name in plugins.names(kind) if plugins.load(kind, name)]
            found.append((kind, bool(names), ", ".join(names)))
        except (ImportError, plugins.PluginError) as error:
            found.append((kind, False, str(error)))
    return found


def _demo() -> tuple[str, bool, str]:
    folder = resolve_model("demo", Path())
    sums = folder / "SHA256SUMS"
    if not sums.is_file():
        return "demo model", False, f"'{sums}' is absent; install tunegate again"
    for line in sums.read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        if digest_file(folder / name) != f"sha256:{digest}":
            return "demo model", False, f"'{folder / name}' was changed; install tunegate again"
    return "demo model", True, str(folder)


def _disk(runs: Path) -> tuple[str, bool, str]:
    free = shutil.disk_usage(runs if runs.exists() else Path()).free
    return "disk and cores", free > 2**30, f"{free / 2**30:.0f} GiB free, {os.cpu_count()} cores"
