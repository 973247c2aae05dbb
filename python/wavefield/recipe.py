"""`train.toml`: everything that a run needs to know, with the keys and defaults of the command line."""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping

from .config import ModelConfig
from .data import read_text
from .errors import ConfigError, DataError
from .optimizer import COURSES
from .tokenizer import Tokenizer

RECIPE_FILE = "train.toml"


@dataclass(frozen=True)
class TrainSettings:
    """`[train]`. With the model's shape and the text they determine a run, but for rounding."""

    batch_size: int = 16
    """Sequences a step, over all processes."""
    seq_len: int = 128
    steps: int = 3000
    warmup_steps: int = 100
    peak_lr: float = 2e-3
    min_lr: float = 1e-5
    physics_lr: float = 1.0
    """What the learning rate is multiplied by for ω, a, φ, couplings and near fields."""
    schedule: str = "cosine"
    weight_decay: float = 0.01
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    clip_norm: float = 1.0
    dropout: float = 0.0
    seed: int = 1
    shards: int = 1
    """Pieces that a batch is cut into; the processes share them."""

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainSettings:
        fields = {field.name: field for field in dataclasses.fields(cls)}
        given: dict[str, Any] = {}
        for key, value in values.items():
            if key not in fields:
                raise ConfigError(f"train.{key}", f"not a setting; known are {', '.join(fields)}")
            given[key] = _number(f"train.{key}", value, type(fields[key].default))
        settings = cls(**given)
        settings._check()
        return settings

    def to_dict(self) -> dict[str, Any]:
        """As a file of the run's state has it."""
        values = dataclasses.asdict(self)
        if self.physics_lr == 1.0:
            del values["physics_lr"]
        return values

    def _check(self) -> None:
        for name, least, most in (
            ("batch_size", 1, 1 << 16),
            ("seq_len", 1, 1 << 20),
            ("steps", 1, 1 << 40),
            ("warmup_steps", 0, 1 << 40),
            ("peak_lr", 0, 10),
            ("min_lr", 0, 10),
            ("physics_lr", 0, 100),
            ("weight_decay", 0, 10),
            ("beta1", 0, 0.999_999),
            ("beta2", 0, 0.999_999_9),
            ("eps", 1e-30, 1),
            ("clip_norm", 1e-9, 1e9),
            ("dropout", 0, 0.95),
            ("seed", 0, (1 << 64) - 1),
        ):
            value = getattr(self, name)
            if not least <= value <= most:
                raise ConfigError(
                    f"train.{name}", f"must be from {least} to {most}, but is {value}"
                )
        if self.schedule not in COURSES:
            raise ConfigError(
                "train.schedule", f"expected one of {', '.join(COURSES)}, found {self.schedule!r}"
            )
        if self.shards < 1 or self.shards & (self.shards - 1) or self.shards > self.batch_size:
            raise ConfigError(
                "train.shards",
                f"must be a power of two and at most the batch's {self.batch_size} sequences, but is {self.shards}",
            )


@dataclass(frozen=True)
class Recipe:
    """A recipe that was read."""

    folder: Path
    """Where it lies: `data` counts from here, and the model is written here."""
    data: Path
    tokenizer: dict[str, Any]
    model: dict[str, Any]
    train: TrainSettings
    encoding: str | None
    validation_share: float
    evaluate_every: int
    initial_seed: int

    @classmethod
    def read(cls, path: Path) -> Recipe:
        """Reads a recipe, or the `train.toml` of a folder."""
        if path.is_dir():
            path = path / RECIPE_FILE
        try:
            values = tomllib.loads(path.read_text().lstrip("\ufeff"))
        except OSError as error:
            raise ConfigError(str(path), f"cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise ConfigError(str(path), f"expected a recipe in TOML: {error}") from error
        known = {
            "data": str, "encoding": str, "validation_share": float, "evaluate_every": int, "initial_seed": int,
            "tokenizer": dict, "model": dict, "train": dict,
        }  # fmt: skip
        for key, value in values.items():
            if key not in known:
                raise ConfigError(key, f"not a setting of a recipe; known are {', '.join(known)}")
            values[key] = _number(key, value, known[key])
        for key in ("data", "tokenizer", "model", "train"):
            if key not in values:
                raise ConfigError(key, f"expected it in {path}, found nothing")
        recipe = cls(
            folder=path.parent,
            data=path.parent / values["data"],
            tokenizer=values["tokenizer"],
            model=values["model"],
            train=TrainSettings.from_dict(values["train"]),
            encoding=values.get("encoding"),
            validation_share=values.get("validation_share", 0.1),
            evaluate_every=values.get("evaluate_every", 250),
            initial_seed=values.get("initial_seed", 0),
        )
        if recipe.evaluate_every < 1:
            raise ConfigError(
                "evaluate_every", f"must be at least 1, but is {recipe.evaluate_every}"
            )
        recipe._check_tokenizer()
        recipe.config(256)
        return recipe

    def _check_tokenizer(self) -> None:
        kind = self.tokenizer.get("kind")
        expected = {"character": {"kind"}, "bpe": {"kind", "vocab_size"}}
        if kind not in expected:
            raise ConfigError("tokenizer.kind", f'expected "character" or "bpe", found {kind!r}')
        for key in set(self.tokenizer) ^ expected[kind]:
            raise ConfigError(
                f"tokenizer.{key}", f'a vocabulary of kind "{kind}" has {sorted(expected[kind])}'
            )

    def config(self, vocab_size: int) -> ModelConfig:
        """The model's shape; the vocabulary is what the text decides. As in the command line a recipe that
        does not say so has a position scale of 0."""
        if "vocab_size" in self.model:
            raise ConfigError(
                "model.vocab_size", "the text and the tokenizer decide it; leave it out"
            )
        return ModelConfig.from_dict(
            {"position_scale": 0.0, **self.model, "vocab_size": vocab_size}
        )

    def text(self) -> str:
        """The text, if a model can learn something from it."""
        text = read_text(self.data, self.encoding)
        if len(set(text)) < 2:
            raise DataError(
                f"{self.data} has only one kind of character, so there is nothing to learn"
            )
        return text

    def make_tokenizer(self, text: str) -> Tokenizer:
        if self.tokenizer["kind"] == "character":
            return Tokenizer.train_character(text)
        return Tokenizer.train_bpe(
            text, _number("tokenizer.vocab_size", self.tokenizer["vocab_size"], int)
        )


def _number(key: str, value: Any, kind: type) -> Any:
    words = {int: "a whole number", float: "a number", str: "a text", dict: "a table"}[kind]
    fine = isinstance(value, (int, float) if kind is float else kind) and not isinstance(
        value, bool
    )
    if not fine:
        raise ConfigError(key, f"expected {words}, found {value!r}")
    return kind(value) if kind is not dict else value
