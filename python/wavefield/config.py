"""The shape of a model, and the laws that a shape must keep."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from typing import Any, Mapping

from .errors import ConfigError

#: Values that the options with words take; the first is what a file means that does not say.
CHOICES = {
    "architecture": ("wave", "standard"),
    "norm": ("layer", "rms"),
    "feed_forward": ("gelu", "swiglu"),
    "positions": ("learned", "rotary"),
}
#: Tokens that a near field reaches over: the token and the three before it.
NEAR_FIELD = 4


@dataclass(frozen=True)
class ModelConfig:
    """A model's shape. The names are those of a file's metadata, and so are the defaults."""

    vocab_size: int
    """V: how many different tokens there are."""
    embedding_dim: int
    """D: numbers a token in the residual stream; a multiple of 4."""
    num_layers: int
    """L."""
    num_heads: int
    """H; divides D."""
    ffn_dim: int
    """F: width of the feed-forward part."""
    field_size: int = 0
    """G: cells of the field; 0 for a standard Transformer."""
    max_seq_len: int = 0
    """M: tokens that the field, or the table of learned positions, has room for."""
    interference_interval: int = 0
    """An interference module follows every so many layers; more than L means none."""
    position_scale: float = 1.0
    """c: what the sinusoidal positions are multiplied by."""
    architecture: str = "wave"
    """`wave`, or `standard` for the Transformer that it is compared with."""
    norm: str = "layer"
    """`layer` or `rms`."""
    feed_forward: str = "gelu"
    """`gelu` or `swiglu`."""
    near_field: int = 0
    """0, or 4: tokens that a wave layer mixes, channel by channel, before keys and values."""
    window: int = 0
    """Tokens that the last layer attends to instead of hearing waves; 0 for none."""
    keyed_layers: int = 0
    """So many of the last wave layers have keys."""
    key_dim: int = 0
    """r: numbers of a key."""
    positions: str = "learned"
    """Of a standard Transformer: `learned` or `rotary`."""

    def __post_init__(self) -> None:
        self._validate()

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ModelConfig:
        """Reads a configuration; a key that is not known, and a value of another kind, is refused by name."""
        fields = {field.name: field for field in dataclasses.fields(cls)}
        given: dict[str, Any] = {}
        for key, value in values.items():
            if key not in fields:
                raise ConfigError(
                    key,
                    "not a setting of a model; it may be spelled otherwise, or come from a newer program. "
                    f"Known are {', '.join(fields)}",
                )
            given[key] = _value(key, value)
        for key in (
            "vocab_size",
            "embedding_dim",
            "num_layers",
            "num_heads",
            "ffn_dim",
            "max_seq_len",
        ):
            if key not in given:
                raise ConfigError(
                    key, "expected a whole number, found nothing: the configuration lacks it"
                )
        return cls(**given)

    @classmethod
    def from_json(cls, text: str) -> ModelConfig:
        try:
            values = json.loads(text.lstrip("\ufeff"))
        except ValueError as error:
            raise ConfigError(
                "config", f"expected the model's shape as JSON, found {error}"
            ) from error
        if not isinstance(values, dict):
            raise ConfigError("config", "expected the model's shape as a JSON object")
        return cls.from_dict(values)

    def to_dict(self) -> dict[str, Any]:
        """As a file has it: options that are off are not named."""
        values: dict[str, Any] = {}
        if not self.is_wave:
            values["architecture"] = self.architecture
        plain = (
            "vocab_size embedding_dim num_layers num_heads ffn_dim field_size max_seq_len"
            " interference_interval position_scale"
        )
        values.update((name, getattr(self, name)) for name in plain.split())
        values["position_scale"] = float(self.position_scale)
        for name in OPTIONS:
            if getattr(self, name) != _DEFAULTS[name]:
                values[name] = getattr(self, name)
        return values

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), separators=(",", ":"))

    @property
    def is_wave(self) -> bool:
        return self.architecture == "wave"

    @property
    def head_dim(self) -> int:
        """d = D / H."""
        return self.embedding_dim // self.num_heads

    @property
    def context_dim(self) -> int:
        """C = D / 4: width of the interference context."""
        return self.embedding_dim // 4

    @property
    def num_interference(self) -> int:
        return self.num_layers // self.interference_interval if self.is_wave else 0

    def interference_after(self, layer: int) -> int | None:
        """The number of the interference module that follows a layer, if one does."""
        if self.is_wave and (layer + 1) % self.interference_interval == 0:
            return (layer + 1) // self.interference_interval - 1
        return None

    def mixing(self, layer: int) -> str:
        """How a layer's tokens hear each other: `wave`, `keyed`, `window` or `standard`."""
        if not self.is_wave:
            return "standard"
        waves = self.num_layers - (1 if self.window else 0)
        if layer >= waves:
            return "window"
        return "keyed" if layer >= waves - self.keyed_layers else "wave"

    @property
    def integer_stride(self) -> int | None:
        """Cells from one token to the next where that is a whole number."""
        cells, tokens = self.field_size - 1, self.max_seq_len - 1
        return cells // tokens if cells % tokens == 0 else None

    def options(self) -> list[str]:
        """The options that are on and that the public release cannot express, in words."""
        words = {
            "RMS norms": self.norm == "rms",
            "a SwiGLU": self.feed_forward == "swiglu",
            "a near field": self.near_field > 0,
            "a window": self.window > 0,
            "keyed layers": self.keyed_layers > 0,
            "rotary positions": self.positions == "rotary",
        }
        return [name for name, on in words.items() if on]

    def _validate(self) -> None:
        for name, least in (
            ("vocab_size", 1),
            ("embedding_dim", 4),
            ("num_layers", 1),
            ("num_heads", 1),
            ("ffn_dim", 1),
            ("max_seq_len", 2),
            ("field_size", 0),
            ("interference_interval", 0),
            ("near_field", 0),
            ("window", 0),
            ("keyed_layers", 0),
            ("key_dim", 0),
        ):
            value = getattr(self, name)
            if value < least:
                raise ConfigError(name, f"must be at least {least}, but is {value}")
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                expected = " or ".join(f'"{choice}"' for choice in choices)
                raise ConfigError(name, f'expected {expected}, found "{getattr(self, name)}"')
        if self.embedding_dim % self.num_heads:
            raise ConfigError(
                "num_heads",
                f"must divide embedding_dim ({self.embedding_dim}), but {self.num_heads} does not",
            )
        if self.embedding_dim % 4:
            raise ConfigError(
                "embedding_dim",
                "must be a multiple of 4 (the interference context is a quarter of it and positions "
                f"come in pairs), but is {self.embedding_dim}",
            )
        if self.near_field not in (0, NEAR_FIELD):
            raise ConfigError(
                "near_field", f"expected 0 or {NEAR_FIELD} tokens, found {self.near_field}"
            )
        if self.is_wave:
            self._validate_waves()
        else:
            self._validate_standard()

    def _validate_standard(self) -> None:
        for name in ("field_size", "near_field", "window", "keyed_layers", "key_dim"):
            if getattr(self, name):
                raise ConfigError(
                    name,
                    f"expected 0 for a standard Transformer, which has no field, found {getattr(self, name)}",
                )
        if self.positions == "rotary" and self.head_dim % 2:
            raise ConfigError(
                "positions",
                f"rotary positions turn pairs of channels, but a head has {self.head_dim}; choose "
                "num_heads so that embedding_dim / num_heads is even",
            )

    def _validate_waves(self) -> None:
        if self.field_size < 2:
            raise ConfigError("field_size", f"must be at least 2, but is {self.field_size}")
        if self.interference_interval < 1:
            raise ConfigError(
                "interference_interval", f"must be at least 1, but is {self.interference_interval}"
            )
        if not (math.isfinite(self.position_scale) and self.position_scale >= 0):
            raise ConfigError(
                "position_scale", f"must be a number from 0 up, but is {self.position_scale}"
            )
        if self.positions != "learned":
            raise ConfigError(
                "positions", 'a wave model has its field: leave it out, or take "standard"'
            )
        g, m = self.field_size, self.max_seq_len
        # Stride 1, or 2 and more: otherwise two neighbours share a cell, and the earlier hears the later.
        if g != m and g < 2 * m - 1:
            raise ConfigError(
                "field_size",
                f"{g} cells for {m} tokens is a stride of {(g - 1) / (m - 1):.3f} cells, at which a token "
                f"would hear the one after it; use {m} cells (stride 1) or at least {2 * m - 1} (stride 2)",
            )
        if self.window and self.head_dim % 2:
            raise ConfigError(
                "window", f"its positions turn pairs of channels, but a head has {self.head_dim}"
            )
        waves = self.num_layers - (1 if self.window else 0)
        if self.keyed_layers > waves:
            raise ConfigError(
                "keyed_layers",
                f"must be at most {waves}, the wave layers, but is {self.keyed_layers}",
            )
        if (self.keyed_layers > 0) != (self.key_dim > 0):
            raise ConfigError(
                "key_dim",
                f"keyed_layers and key_dim are both 0 or both more, but are {self.keyed_layers} and "
                f"{self.key_dim}",
            )


OPTIONS = ("norm", "feed_forward", "near_field", "window", "keyed_layers", "key_dim", "positions")
_DEFAULTS = {field.name: field.default for field in dataclasses.fields(ModelConfig)}


def _value(key: str, value: Any) -> Any:
    """A setting's value as its kind; other programs write whole numbers as 512.0."""
    if key in CHOICES:
        if not isinstance(value, str):
            expected = " or ".join(f'"{choice}"' for choice in CHOICES[key])
            raise ConfigError(key, f"expected {expected}, found {value!r}")
        return value
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if key == "position_scale":
        if not number:
            raise ConfigError(key, f"expected a number, found {value!r}")
        return float(value)
    if not number or value != int(value):
        raise ConfigError(key, f"expected a whole number, found {value!r}")
    return int(value)
