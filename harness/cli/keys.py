"""Make a pair of keys to sign waivers with."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from harness.attest.keys import PASSPHRASE, make_keys
from harness.cli.terminal import JSON


@click.command("keys")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), default=Path("keys/release"), show_default=True,
    help="Where to write, without a suffix: OUT.pem and OUT.pub.",
)  # fmt: skip
@JSON
def command(out: Path, as_json: bool) -> int:
    """Write the private key OUT.pem, which only you may read, and the public key OUT.pub, which run files trust.

    The private key is encrypted when TUNEGATE_KEY_PASSPHRASE is set. Keep it where those who train cannot read it.
    """
    locked = os.environ.get(PASSPHRASE)
    key = make_keys(out, locked)
    made = {"private": f"{out}.pem", "public": f"{out}.pub", "id": key.id, "encrypted": bool(locked)}
    if as_json:
        click.echo(json.dumps(made, indent=1))
        return 0
    click.echo(f"{made['private']}  signs; {'encrypted' if locked else 'not encrypted'}, readable to you only")
    click.echo(f"{made['public']}  verifies; name it under 'waivers: {{trust: [...]}}' of a run file")
    click.echo(f"id {key.id}")
    return 0
