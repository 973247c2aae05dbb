"""Models as files: safetensors under the public release's names, as the page and the command line have them.

The release computes a query third of `qkv_proj` and an interference norm and never uses either. Models here
have neither: reading drops them, writing fills them in. Everything else travels in the metadata.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Mapping

import torch
from torch import Tensor

from . import safetensors
from .config import ModelConfig
from .errors import CheckpointError, ConfigError, WaveFieldError
from .model import WaveField
from .parameters import Spec, parameter_table
from .tokenizer import Tokenizer

MODEL_FILE = "model.safetensors"
INDEX_FILE = "model.safetensors.index.json"
TOKENIZER_FILE = "tokenizer.json"
CONFIG_FILE = "config.json"
FIRST_MOMENT = "optimizer.first_moment."
SECOND_MOMENT = "optimizer.second_moment."
#: Entries of the metadata that are made anew for each file.
_OWN = {
    "format", "model", "config", "tokenizer", "position_scale_note", "release_note",
    "trainer.step", "trainer.config",
}  # fmt: skip
#: What the release's own settings say besides; none changes what a model computes when it is read.
_OF_THE_RELEASE = {"dropout", "use_checkpoint", "device"}
#: What PyTorch puts between parts of a name where a part of the model was wrapped.
_WRAPPERS = {
    "_orig_mod",
    "_fsdp_wrapped_module",
    "_checkpoint_wrapped_module",
    "_forward_module",
    "module",
}


@dataclass
class RunState:
    """What a training needs to go on, beside the model and the text."""

    step: int
    config: dict[str, Any]
    """The settings, as the recipe's `[train]` has them."""
    moments: tuple[dict[str, Tensor], dict[str, Tensor]]
    """AdamW's first and second, by the parameters' names."""


@dataclass
class Checkpoint:
    model: WaveField
    extra: dict[str, str] = field(default_factory=dict)
    """Other entries of the metadata."""
    run: RunState | None = None


def read(path: str | PathLike[str]) -> Checkpoint:
    """Reads a folder or a file."""
    path = Path(path)
    folder, files = _files(path)
    metadata: dict[str, str] = {}
    tensors: dict[str, Tensor] = {}
    for file in files:
        part = safetensors.read(file)
        for name, tensor in part.tensors.items():
            if name in tensors:
                raise CheckpointError(name, "expected in one of the model's files, found in two")
            tensors[name] = tensor
        metadata = {**part.metadata, **metadata}
    beside = folder / CONFIG_FILE
    if "config" not in metadata and beside.exists():
        metadata["config"] = beside.read_text()
    tensors = _unwrapped(tensors)
    model = WaveField(_config(metadata, tensors), seed=None)
    specs = model.specs()
    _take_all(model, specs, tensors)
    run = _read_run(specs, metadata, tensors)
    if tensors:
        names = ", ".join(f"`{name}`" for name in sorted(tensors)[:4])
        raise CheckpointError(
            min(tensors),
            f"expected only a model's own tensors, found {len(tensors)} more ({names}); what they do to the "
            "model is not known here, so it would not be the same without them",
        )
    model.tokenizer = _tokenizer(metadata, folder, model.config)
    model.metadata = {key: value for key, value in metadata.items() if key not in _OWN}
    model.eval()
    return Checkpoint(model, model.metadata, run)


def save(model: WaveField, folder: str | PathLike[str]) -> None:
    """See `WaveField.save_pretrained`."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / MODEL_FILE, model.config, _values(model), model.tokenizer, model.metadata)
    if model.tokenizer is not None:
        (folder / TOKENIZER_FILE).write_text(model.tokenizer.to_json(), newline="")


def write(
    path: Path,
    config: ModelConfig,
    values: Mapping[str, Tensor],
    tokenizer: Tokenizer | None,
    extra: Mapping[str, str],
    run: RunState | None = None,
) -> None:
    """Writes a model's values, by the parameters' names, as one file in float32."""
    metadata = {key: value for key, value in extra.items() if key not in _OWN}
    metadata.update(format="pt", model=config.architecture, config=config.to_json())
    if tokenizer is not None:
        metadata["tokenizer"] = tokenizer.to_json()
    if config.is_wave and config.position_scale != 1.0:
        scale = f"{config.position_scale:.8g}"
        metadata["position_scale_note"] = (
            f"{scale}: to compute the same with the public release, multiply its position cache by this "
            "number after loading"
        )
    if config.options():
        metadata["release_note"] = (
            f"this model has {', '.join(config.options())}, which the public release cannot express: it does "
            "not load there"
        )
    tensors: dict[str, Tensor] = {}
    specs = parameter_table(config)
    for spec in specs:
        value = values[spec.name].detach().cpu().float().reshape(spec.shape)
        unused = _unused_rows(config, spec)
        if unused:
            value = torch.cat([value.new_zeros(unused, *spec.shape[1:]), value])
        tensors[spec.name] = value
    for name, number in _unused_norms(config):
        tensors[name] = torch.full((config.embedding_dim,), number)
    if run is not None:
        metadata["trainer.step"] = str(run.step)
        metadata["trainer.config"] = json.dumps(run.config, separators=(",", ":"))
        for prefix, moment in zip((FIRST_MOMENT, SECOND_MOMENT), run.moments):
            for spec in specs:
                tensors[prefix + spec.name] = (
                    moment[spec.name].detach().cpu().float().reshape(spec.shape)
                )
    safetensors.write(path, metadata, tensors)


def _values(model: WaveField) -> dict[str, Tensor]:
    return dict(model.named_parameters())


def _unused_rows(config: ModelConfig, spec: Spec) -> int:
    """Rows at the front that the release has and never uses: the queries of a wave layer."""
    rows = config.embedding_dim
    return rows if ".qkv_proj." in spec.name and spec.shape[0] == 2 * rows else 0


def _unused_norms(config: ModelConfig) -> list[tuple[str, float]]:
    return [
        (f"interference_modules.{j}.norm.{part}", number)
        for j in range(config.num_interference)
        for part, number in (("weight", 1.0), ("bias", 0.0))
    ]


def _files(path: Path) -> tuple[Path, list[Path]]:
    """The folder, and the safetensors files that make up the model."""
    if path.is_file():
        return path.parent, [path]
    if not path.is_dir():
        raise CheckpointError(str(path), "expected a model's folder or file, found nothing there")
    model, index = path / MODEL_FILE, path / INDEX_FILE
    if model.exists() or not index.exists():
        return path, [model]
    try:
        names = sorted(set(json.loads(index.read_text())["weight_map"].values()))
    except (ValueError, KeyError, AttributeError, TypeError):
        raise CheckpointError(
            str(index), 'expected "weight_map" with the file of each tensor'
        ) from None
    for name in names:
        if Path(name).name != name:
            raise CheckpointError(str(index), f"expected files of this folder, found {name!r}")
    return path, [path / name for name in names]


def _unwrapped(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Names as in a model that nobody wrapped."""
    found: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        bare = ".".join(part for part in name.split(".") if part not in _WRAPPERS)
        if bare in found:
            raise CheckpointError(
                bare, "expected once, found with and without the prefix of a wrapper"
            )
        found[bare] = tensor
    return found


def _config(metadata: Mapping[str, str], tensors: Mapping[str, Tensor]) -> ModelConfig:
    kind = metadata.get("model")
    if kind is None:
        standard = any(name.startswith("transformer.layers.") for name in tensors)
        kind = "standard" if standard else "wave"
    if kind not in ("wave", "standard"):
        raise CheckpointError(
            "model", f'expected the kind "wave" or "standard", found {kind[:40]!r}'
        )
    if "config" not in metadata:
        raise CheckpointError(
            "config",
            "expected the model's shape as JSON in the file's metadata, found none; field size and context "
            "length cannot be told from the tensors, so save the file again with metadata",
        )
    try:
        values = json.loads(metadata["config"].lstrip("\ufeff"))
        if not isinstance(values, dict):
            raise ValueError("it is no object")
        values = {key: value for key, value in values.items() if key not in _OF_THE_RELEASE}
        # The release's configuration does not say; the file's kind does.
        return ModelConfig.from_dict({**values, "architecture": kind})
    except ConfigError as error:
        raise CheckpointError("config", str(error)) from error
    except ValueError as error:
        raise CheckpointError(
            "config", f"expected the model's shape as JSON, found {error}"
        ) from error


@torch.no_grad()
def _take_all(model: WaveField, specs: list[Spec], tensors: dict[str, Tensor]) -> None:
    own = dict(model.named_parameters())
    for spec in specs:
        unused = _unused_rows(model.config, spec)
        shape = (spec.shape[0] + unused, *spec.shape[1:]) if unused else spec.shape
        value = _take(tensors, spec.name, shape)
        own[spec.name].copy_(
            value[unused:].view_as(own[spec.name]) if unused else value.view_as(own[spec.name])
        )
    for name, _ in _unused_norms(model.config):
        if name in tensors:
            _take(tensors, name, (model.config.embedding_dim,))


def _take(tensors: dict[str, Tensor], name: str, shape: tuple[int, ...]) -> Tensor:
    """A tensor's values as float32; it is taken out of `tensors`, and so are the scales of one in 8 bits."""
    tensor = tensors.pop(name, None)
    if tensor is None:
        raise CheckpointError(
            name, f"expected a tensor of shape {list(shape)}, found none of this name"
        )
    if tuple(tensor.shape) != shape:
        raise CheckpointError(
            name,
            f"expected the shape {list(shape)}, which follows from the configuration, found "
            f"{list(tensor.shape)}: they are not of one model",
        )
    if tensor.dtype == torch.int8:
        beside = f"{name}.scale"
        scale = tensors.pop(beside, None)
        if (
            scale is None
            or tensor.dim() != 2
            or tuple(scale.shape) != shape[:1]
            or not scale.is_floating_point()
        ):
            raise CheckpointError(
                beside,
                f"expected a scale for each row of `{name}`, whose values have 8 bits, found none",
            )
        if (scale < 0).any():
            raise CheckpointError(
                beside, "expected scales from 0 on, found one below; save the model again"
            )
        tensor = tensor.float() * scale.float()[:, None]
    if not tensor.is_floating_point():
        raise CheckpointError(
            name,
            f"expected values of type F32 (F64, F16, BF16, and I8 with scales do), found {tensor.dtype}",
        )
    tensor = tensor.float()
    if not torch.isfinite(tensor).all():
        raise CheckpointError(name, "expected numbers, found infinite ones or none")
    return tensor


def _read_run(
    specs: list[Spec], metadata: Mapping[str, str], tensors: dict[str, Tensor]
) -> RunState | None:
    step, settings = metadata.get("trainer.step"), metadata.get("trainer.config")
    if step is None and settings is None:
        return None
    broken = "the state of the run is broken, so start a new one from the model"
    try:
        number, config = int(step or ""), json.loads(settings or "")
        if number < 0 or not isinstance(config, dict):
            raise ValueError
    except ValueError:
        raise CheckpointError(
            "trainer", f"expected the steps done and the run's settings; {broken}"
        ) from None
    moments = tuple(
        {spec.name: _take(tensors, prefix + spec.name, spec.shape) for spec in specs}
        for prefix in (FIRST_MOMENT, SECOND_MOMENT)
    )
    if any((moment < 0).any() for moment in moments[1].values()):
        raise CheckpointError(
            "optimizer.second_moment", f"expected squares, found numbers below 0; {broken}"
        )
    return RunState(number, config, (moments[0], moments[1]))


def _tokenizer(metadata: Mapping[str, str], folder: Path, config: ModelConfig) -> Tokenizer | None:
    text, path = metadata.get("tokenizer"), folder / TOKENIZER_FILE
    if text is None and path.exists():
        text = path.read_text()
    if text is None:
        return None
    try:
        tokenizer = Tokenizer.from_json(text)
    except WaveFieldError as error:
        raise CheckpointError("tokenizer", str(error)) from error
    if tokenizer.vocab_size != config.vocab_size:
        raise CheckpointError(
            "tokenizer",
            f"expected a vocabulary of {config.vocab_size} tokens, which is what the model has, found one of "
            f"{tokenizer.vocab_size}; it belongs to another model",
        )
    return tokenizer
