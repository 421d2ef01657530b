"""``tunegate keys`` makes a pair once and says where each half belongs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.attest.keys import read_private_key, read_public_key


def test_a_pair_is_made_once(said: Callable[..., Any], tmp_path: Path) -> None:
    found = said("keys", "--out", tmp_path / "keys" / "release")
    public = read_public_key(tmp_path / "keys" / "release.pub")
    assert found.code == 0
    assert public.id in found.out and "not encrypted" in found.out
    assert read_private_key(tmp_path / "keys" / "release.pem").public.id == public.id
    again = said("keys", "--out", tmp_path / "keys" / "release")
    assert again.code == 2 and "is already there" in again.err


def test_a_passphrase_in_the_environment_encrypts_it(
    said: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNEGATE_KEY_PASSPHRASE", "open sesame")
    found = said("keys", "--out", tmp_path / "release", "--json")
    assert json.loads(found.out)["encrypted"] is True
    assert "open sesame" not in found.out + found.err
    assert read_private_key(tmp_path / "release.pem", "open sesame")
