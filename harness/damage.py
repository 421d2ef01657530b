"""A copy of a model, or of an adapter, with noise in its weights: a candidate that is really worse."""

from __future__ import annotations

import shutil
import zlib
from pathlib import Path

from harness.errors import ModelError


def damaged(model: Path, out: Path, scale: float, seed: int) -> None:
    """Copies a model's folder and adds noise to every tensor of its weights.

    Args:
        model: A Hugging Face folder, or an adapter's.
        out: The copy; must not exist.
        scale: Standard deviation of the noise, as a share of that of each tensor.
        seed: Of the noise: the same seed and scale make the same bytes.

    Raises:
        ModelError: There are no weights.
    """
    files = sorted(model.glob("*.safetensors"))
    if not files:
        raise ModelError(f"'{model}' has no weights", "a '.safetensors' file")
    # What is read-only in the store is a copy to be written here.
    shutil.copytree(model, out, copy_function=shutil.copyfile)
    for path in files:
        _shake(out / path.name, scale, seed)


def _shake(path: Path, scale: float, seed: int) -> None:
    import torch
    from safetensors import safe_open
    from safetensors.torch import save_file

    with safe_open(path, framework="pt") as file:
        about, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and tensor.numel() > 1:
            # A processor's generator reads 32 bits of its seed and no more.
            random = torch.Generator().manual_seed(zlib.crc32(f"{seed}/{name}".encode()))
            noise = torch.randn(tensor.shape, generator=random, dtype=torch.float32)
            tensors[name] = (tensor.float() + scale * tensor.float().std() * noise).to(tensor.dtype).contiguous()
    path.unlink()
    save_file(tensors, path, metadata=about)
