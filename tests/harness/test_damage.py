"""A copy of a model with noise in its weights."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from harness.damage import damaged
from harness.errors import ModelError
from harness.store import digest_path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    random = torch.Generator().manual_seed(1)
    tensors = {
        "wide": torch.randn(200, 100, generator=random) * 5, "half": torch.randn(100, 50, generator=random).to(torch.bfloat16),
        "count": torch.arange(6), "scale": torch.tensor(2.0),
    }  # fmt: skip
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text("{}")
    return folder


def test_noise_has_the_size_that_was_asked_for_in_every_tensor(model: Path, tmp_path: Path) -> None:
    damaged(model, tmp_path / "out", 0.1, 7)
    before, after = (load_file(folder / "model.safetensors") for folder in (model, tmp_path / "out"))
    for name in ("wide", "half"):
        noise = (after[name].float() - before[name].float()).std() / before[name].float().std()
        assert noise == pytest.approx(0.1, rel=0.05)
        assert after[name].dtype == before[name].dtype
    assert torch.equal(after["count"], before["count"])
    assert after["scale"] == before["scale"]
    assert (tmp_path / "out" / "config.json").read_text() == "{}"


def test_the_same_seed_makes_the_same_bytes_and_the_model_stays_as_it_was(model: Path, tmp_path: Path) -> None:
    before = digest_path(model)
    for name, seed in (("one", 7), ("two", 7), ("three", 8)):
        damaged(model, tmp_path / name, 0.1, seed)
    one, two, three = (digest_path(tmp_path / name) for name in ("one", "two", "three"))
    assert one == two != three
    assert digest_path(model) == before


def test_a_read_only_model_can_be_damaged(model: Path, tmp_path: Path) -> None:
    for path in model.iterdir():
        path.chmod(0o444)
    damaged(model, tmp_path / "out", 0.1, 7)
    assert digest_path(tmp_path / "out") != digest_path(model)


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="has no weights"):
        damaged(tmp_path / "empty", tmp_path / "out", 0.1, 7)


def test_a_damaged_model_still_answers(tmp_path: Path) -> None:
    path = Path(__file__).parent / "model" / "conftest.py"
    spec = importlib.util.spec_from_file_location("tiny_model_for_damage", path)
    tiny = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tiny)
    tiny.make_model(tmp_path / "model")
    damaged(tmp_path / "model", tmp_path / "out", 0.5, 7)
    from harness.model.load import load_model

    assert load_model(tmp_path / "out", "cpu").num_parameters() > 0
