"""Two keys: one that a test trusts, and a stranger's."""

from __future__ import annotations

import pytest

from harness.attest.keys import PrivateKey, make_keys, read_private_key


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> PrivateKey:
    folder = tmp_path_factory.mktemp("keys")
    make_keys(folder / "release")
    return read_private_key(folder / "release.pem")


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> PrivateKey:
    folder = tmp_path_factory.mktemp("strange")
    make_keys(folder / "other")
    return read_private_key(folder / "other.pem")
