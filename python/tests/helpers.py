"""What several tests need: the golden cases, small models, a text."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from wavefield import ModelConfig, Tokenizer, WaveField, safetensors

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent
ENGINE_FIXTURES = REPOSITORY / "tests" / "fixtures"


@dataclass
class Case:
    """A golden case: a small model and its answers, computed in float64 by an independent program."""

    name: str
    config: ModelConfig
    optimiser: dict[str, float]
    tensors: dict[str, Tensor]

    def own(self, prefix: str, name: str, shape: torch.Size) -> Tensor:
        """A tensor of the release's form without the queries that a wave layer never uses."""
        value = self.tensors[prefix + name]
        rows = shape[0] if len(shape) and value.dim() else 1
        return value[value.shape[0] - rows :].view(shape) if value.dim() else value.view(shape)

    def model(self, dtype: torch.dtype = torch.float32) -> WaveField:
        model = WaveField(self.config, seed=None)
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                parameter.copy_(self.own("param.", name, parameter.shape))
        return model.to(dtype)


def cases() -> list[Case]:
    paths = {
        path.name: path
        for folder in (HERE / "fixtures", ENGINE_FIXTURES)
        for path in folder.glob("*.safetensors")
    }
    found = []
    for path in sorted(paths.values()):
        container = safetensors.read(path)
        if "optimiser" in container.metadata:
            config = json.loads(container.metadata["config"])
            config["architecture"] = container.metadata["model"]
            optimiser = json.loads(container.metadata["optimiser"])
            found.append(
                Case(path.stem, ModelConfig.from_dict(config), optimiser, container.tensors)
            )
    return found


def case(name: str) -> Case:
    return next(case for case in cases() if case.name == name)


def relative(found: Tensor, expected: Tensor) -> float:
    """‖found - expected‖ / ‖expected‖; where the answer is zero, ‖found‖ itself."""
    found, expected = found.detach().double(), expected.double()
    norm = float(expected.norm())
    difference = float((found - expected).norm())
    return difference / norm if norm > 0 else difference


def text(length: int = 4000) -> str:
    """The beginning of the playground's Shakespeare."""
    return (REPOSITORY / "www" / "data" / "tinyshakespeare.txt").read_text()[:length]


def small(vocab_size: int, **options: object) -> ModelConfig:
    shape = dict(
        vocab_size=vocab_size, embedding_dim=16, num_layers=3, num_heads=4, ffn_dim=24, field_size=33,
        max_seq_len=33, interference_interval=2, position_scale=0.03,
    )  # fmt: skip
    return ModelConfig.from_dict({**shape, **options})


def small_model(**options: object) -> WaveField:
    tokenizer = Tokenizer.train_character(text())
    return WaveField(small(tokenizer.vocab_size, **options), seed=3, tokenizer=tokenizer)


#: One of each kind of model, with everything that can be in it.
KINDS: dict[str, dict[str, object]] = {
    "wave": {},
    "wave between cells": {"field_size": 100},
    "modern": {"norm": "rms", "feed_forward": "swiglu", "near_field": 4},
    "keyed": {"near_field": 4, "keyed_layers": 2, "key_dim": 6, "field_size": 82},
    "window": {"norm": "rms", "window": 5, "near_field": 4, "keyed_layers": 1, "key_dim": 3},
    "standard": {"architecture": "standard", "field_size": 0},
    "rotary": {
        "architecture": "standard",
        "field_size": 0,
        "positions": "rotary",
        "feed_forward": "swiglu",
    },
}
