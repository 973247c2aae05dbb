"""The table of a model's parameters: name, shape, initial value, and who moves it how, each once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from . import rng
from .config import NEAR_FIELD, ModelConfig

#: In the engine's flat vector tensors start at multiples of so many numbers; an initial value is drawn
#: by its place there.
ALIGNMENT = 64


@dataclass(frozen=True)
class Spec:
    """One learned tensor. `initial` is `("constant", x)`, `("normal", deviation)`, `("linspace", from,
    to)`, `("identity", deviation)` for the identity and noise, or `("last",)`: 1 in the last column.
    """

    name: str
    shape: tuple[int, ...]
    initial: tuple[str | float, ...]
    offset: int
    physics: bool = False
    """One of ω, a, φ, C and the near field, which have a learning-rate factor of their own."""
    decayed: bool = True

    @property
    def count(self) -> int:
        return math.prod(self.shape)

    def value(self, seed: int) -> Tensor:
        """What it starts from, float32."""
        kind, *numbers = self.initial
        n = self.count
        if kind == "constant":
            value = torch.full((n,), float(numbers[0]))
        elif kind == "linspace":
            first, last = (torch.tensor(float(x)) for x in numbers)
            value = first + (last - first) * torch.arange(n).float() / float(max(n - 1, 1))
        elif kind == "last":
            value = torch.zeros(self.shape)
            value[:, -1] = 1.0
        else:
            value = rng.normal(seed, rng.INITIAL, self.offset, n) * torch.tensor(float(numbers[0]))
            if kind == "identity":
                value = value.view(self.shape) + torch.eye(self.shape[0])
        return value.reshape(self.shape)


def parameter_table(config: ModelConfig) -> list[Spec]:
    """All parameters of a model, in the engine's order."""
    specs: list[Spec] = []
    d, f, h, c = config.embedding_dim, config.ffn_dim, config.num_heads, config.context_dim
    weight = ("normal", 0.02)

    def add(
        name: str, *shape: int, initial: tuple[str | float, ...] = weight, **kind: bool
    ) -> None:
        end = specs[-1].offset + specs[-1].count if specs else 0
        offset = -(-end // ALIGNMENT) * ALIGNMENT
        specs.append(Spec(name, shape, initial, offset, **kind))

    def linear(name: str, out: int, width: int) -> None:
        add(f"{name}.weight", out, width)
        add(f"{name}.bias", out, initial=("constant", 0.0))

    def norm(name: str) -> None:
        add(f"{name}.weight", d, initial=("constant", 1.0))
        if config.norm == "layer":
            add(f"{name}.bias", d, initial=("constant", 0.0))

    def attention(name: str, mixing: str) -> None:
        if mixing == "standard":
            add(f"{name}.in_proj_weight", 3 * d, d)
            add(f"{name}.in_proj_bias", 3 * d, initial=("constant", 0.0))
            return linear(f"{name}.out_proj", d, d)
        if mixing == "window":
            linear(f"{name}.qkv_proj", 3 * d, d)
            return linear(f"{name}.out_proj", d, d)
        keyed = mixing == "keyed"
        if keyed:
            linear(f"{name}.query_proj", config.key_dim, d)
            linear(f"{name}.key_proj", config.key_dim, d)
            linear(f"{name}.value_proj", d, d)
        else:
            linear(f"{name}.qkv_proj", 2 * d, d)
        linear(f"{name}.gate_proj", d, d)
        linear(f"{name}.out_proj", d, d)
        for part, first, last in (
            ("wave_frequency", 0.0 if keyed else 0.3, 4.0),
            ("wave_damping", -6.0 if keyed else -3.0, 0.5),
            ("wave_phase", 0.0, math.pi),
        ):
            add(f"{name}.{part}", h, initial=("linspace", first, last), physics=True)
        add(f"{name}.field_coupling", h, h, initial=("identity", 0.01), physics=True)

    add("token_embedding.weight", config.vocab_size, d)
    if not config.is_wave and config.positions == "learned":
        add("positional_embedding.weight", config.max_seq_len, d)
    for i in range(config.num_layers):
        layer = f"layers.{i}" if config.is_wave else f"transformer.layers.{i}"
        norm(f"{layer}.norm1")
        attention(f"{layer}.{'attention' if config.is_wave else 'self_attn'}", config.mixing(i))
        norm(f"{layer}.norm2")
        if config.feed_forward == "swiglu":
            add(f"{layer}.ffn.gate.weight", f, d)
            add(f"{layer}.ffn.up.weight", f, d)
            add(f"{layer}.ffn.down.weight", d, f)
        else:
            inner, outer = ("ffn.0", "ffn.3") if config.is_wave else ("linear1", "linear2")
            linear(f"{layer}.{inner}", f, d)
            linear(f"{layer}.{outer}", d, f)
    for j in range(config.num_interference):
        module = f"interference_modules.{j}"
        linear(f"{module}.compress", c, d)
        linear(f"{module}.expand", d, c)
        linear(f"{module}.local_phase_proj", d, d)
        linear(f"{module}.global_phase_proj", d, d)
        linear(f"{module}.interference_gate", d, 2 * d)
        start = -2.0 if j % 2 == 0 else 0.5
        add(f"{module}.interference_temperature", initial=("constant", start))
    norm("norm")
    if config.near_field:
        for i in range(config.num_layers):
            if config.mixing(i) in ("wave", "keyed"):
                name = f"layers.{i}.attention.near_field"
                add(name, d, NEAR_FIELD, initial=("last",), physics=True, decayed=False)
    return specs
