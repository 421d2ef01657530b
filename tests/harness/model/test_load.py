import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import ModelError
from harness.model import load
from harness.model.identity import fingerprint, is_adapter, subject_digest
from harness.store import digest_of, digest_path


def edit(path: Path, **values: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def only_bin(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def without_a_weight(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def cut_off(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "only bin": (only_bin, r"only as 'pytorch_model.bin', which can run code when read; expected model.safetensors"),
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), "has no weights"),
    "remote code": (lambda folder: edit(folder / "config.json", auto_map={"AutoModel": "x.Y"}), "asks for code of its own"),
    "not causal": (lambda folder: edit(folder / "config.json", architectures=["LlamaForSequenceClassification"]), "causal"),
    "another kind": (lambda folder: edit(folder / "config.json", model_type="t5", architectures=["T5Model"]), "causal"),
    "unknown kind": (lambda folder: edit(folder / "config.json", model_type="nonsense"), "cannot be loaded"),
    "a weight is missing": (without_a_weight, r"lacks 1 of its weights, such as 'model.layers.1.mlp.up_proj.weight'"),
    "cut off": (cut_off, "cannot be loaded"),
    "not json": (lambda folder: (folder / "config.json").write_text("{"), "is not JSON"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "message"), BROKEN.values(), ids=BROKEN)
def test_a_model_that_cannot_be_asked_is_refused_with_one_sentence(
    model_folder: Path, change: Callable[[Path], None], message: str
) -> None:
    change(model_folder)
    with pytest.raises(ModelError, match=message) as raised:
        load.load_model(model_folder, "cpu")
    assert "\n" not in str(raised.value)


def test_a_folder_without_a_tokenizer_is_refused(model_folder: Path) -> None:
    (model_folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match="has no tokenizer"):
        load.load_tokenizer(model_folder)


def test_a_tokenizer_with_code_of_its_own_is_refused(model_folder: Path) -> None:
    edit(model_folder / "tokenizer_config.json", auto_map={"AutoTokenizer": ["x.Y", None]})
    with pytest.raises(ModelError, match="asks for code of its own"):
        load.load_tokenizer(model_folder)


def test_a_tokenizer_with_more_pieces_than_the_model_is_refused(made: Path) -> None:
    tokenizer, model = load.load_tokenizer(made / "model"), load.load_model(made / "model", "cpu")
    tokenizer.add_tokens(["<|new|>"])
    with pytest.raises(ModelError, match=r"has \d+ pieces and the model \d+ rows"):
        load.check_fit(tokenizer, model, made / "model")


@pytest.mark.parametrize(
    ("values", "message"),
    [({"peft_type": "PROMPT_TUNING"}, "'PROMPT_TUNING' adapter"), ({"init_lora_weights": "pissa"}, "changes the base")],
)
def test_an_adapter_that_cannot_be_switched_off_is_refused(
    made: Path, adapter_folder: Path, values: dict[str, str], message: str
) -> None:
    edit(adapter_folder / "adapter_config.json", **values)
    with pytest.raises(ModelError, match=message):
        load.attach_adapter(load.load_model(made / "model", "cpu"), adapter_folder, "default")


def test_half_precision_weights_are_computed_in_single_precision(made: Path, tmp_path: Path) -> None:
    import torch

    load.load_model(made / "model", "cpu").to(torch.float16).save_pretrained(tmp_path / "half")
    shutil.copy(made / "model" / "tokenizer.json", tmp_path / "half")
    assert load.load_model(tmp_path / "half", "cpu").dtype == torch.float32


def test_a_model_is_found_by_a_folder_beside_the_run_file(made: Path) -> None:
    assert load.resolve_model("model", made) == made / "model"
    assert load.resolve_model(str(made / "model"), Path("elsewhere")) == made / "model"


def test_the_demo_model_is_found_by_its_name(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.resources.files", lambda package: made)
    assert load.resolve_model("demo", tmp_path) == made / "model"
    monkeypatch.setattr("importlib.resources.files", lambda package: tmp_path)
    with pytest.raises(ModelError, match="the demo model is not at"):
        load.resolve_model("demo", tmp_path)


def test_a_name_that_is_neither_a_folder_nor_an_id_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"there is no model folder 'modle' .* 'demo', a folder or a hub id"):
        load.resolve_model("modle", tmp_path)


def test_a_hub_that_cannot_be_reached_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def unreachable(*args: object, **kwargs: object) -> str:
        raise OSError("no route to host\nand a traceback")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    with pytest.raises(ModelError, match="cannot be had from the hub: no route to host") as raised:
        load.resolve_model("owner/name", tmp_path)
    assert "\n" not in str(raised.value)


def test_a_snapshot_of_links_becomes_a_folder_of_plain_files(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    snapshot = tmp_path / "snapshots" / "0123abcd"
    snapshot.mkdir(parents=True)
    for path in (made / "model").iterdir():
        (snapshot / path.name).symlink_to(path)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: str(snapshot))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = load.resolve_model("owner/name@main", tmp_path)
    assert digest_path(found) == digest_path(made / "model")
    assert load.resolve_model("owner/name", tmp_path) == found


def test_a_subject_is_its_bytes_and_those_of_its_base(made: Path, model_folder: Path) -> None:
    assert (is_adapter(made / "adapter"), is_adapter(made / "model")) == (True, False)
    assert (
        subject_digest(made / "model", made / "adapter")
        == digest_path(made / "model")
        == subject_digest(model_folder, None)
    )
    both = digest_of({"adapter": digest_path(made / "adapter"), "base": digest_path(model_folder)})
    assert subject_digest(made / "adapter", made / "model") == both


def test_a_fingerprint_needs_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no model folder"):
        fingerprint(tmp_path / "nothing")
