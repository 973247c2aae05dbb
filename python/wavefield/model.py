"""Wave Field models, and the standard Transformer that they are compared with."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any, Iterable, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import ModelConfig
from .errors import WaveFieldError
from .field import METHODS, wide
from .layers import EMBEDDING, Interference, Layer, Run, make_norm
from .parameters import Spec, parameter_table
from .tokenizer import Tokenizer

if TYPE_CHECKING:
    from .trainer import Evaluation

#: A target that no loss is taken of.
IGNORED = -100


def positions(first: int, count: int, dim: int, scale: float, device: torch.device) -> Tensor:
    """(count, dim): c·P, P_i[2j] = sin(i·r_j), P_i[2j+1] = cos(i·r_j), r_j = 10000^(-2j/D); float32 of wide
    numbers."""
    dtype = wide(device)
    rate = 10_000.0 ** (-torch.arange(0, dim, 2, device=device, dtype=dtype) / dim)
    angle = torch.arange(first, first + count, device=device, dtype=dtype)[:, None] * rate
    # A file's scale is a float32.
    scale = torch.tensor(scale, dtype=torch.float32).item()
    return (scale * torch.stack([torch.sin(angle), torch.cos(angle)], -1)).flatten(1).float()


class _Layers(nn.Module):
    """Gives the standard Transformer's tensors their names."""

    def __init__(self, layers: Iterable[Layer]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)


class WaveField(nn.Module):
    """A language model: token ids (B, N) to logits (B, N, V). No logit depends on a later token.

    `model.tokenizer` is its vocabulary, where the file had one; `model.metadata` has what else its file
    said; `model.run` how the next forward is done (`model.run.method` is `"blocks"` or `"fft"`).
    """

    def __init__(
        self, config: ModelConfig, seed: int | None = 0, tokenizer: Tokenizer | None = None
    ) -> None:
        """A new model; its initial values are those of the engine for the same seed. With `None` its values
        are whatever they are, to be overwritten."""
        super().__init__()
        self.config = config
        self.tokenizer = tokenizer
        self.metadata: dict[str, str] = {}
        self.run = Run()
        self.token_embedding = nn.Embedding(config.vocab_size, config.embedding_dim)
        if not config.is_wave and config.positions == "learned":
            self.positional_embedding = nn.Embedding(config.max_seq_len, config.embedding_dim)
        layers = [Layer(config, i) for i in range(config.num_layers)]
        if config.is_wave:
            self.layers = nn.ModuleList(layers)
            self.interference_modules = nn.ModuleList(
                Interference(config, j) for j in range(config.num_interference)
            )
        else:
            self.transformer = _Layers(layers)
        self.norm = make_norm(config)
        if seed is not None:
            self.initialise(seed)

    def specs(self) -> list[Spec]:
        return parameter_table(self.config)

    @torch.no_grad()
    def initialise(self, seed: int) -> None:
        """Sets all parameters to their initial values."""
        own = dict(self.named_parameters())
        for spec in self.specs():
            own[spec.name].copy_(spec.value(seed).view_as(own[spec.name]))

    @property
    def device(self) -> torch.device:
        return self.token_embedding.weight.device

    @property
    def stack(self) -> list[Layer]:
        """The layers, whatever the architecture."""
        layers = self.layers if self.config.is_wave else self.transformer.layers
        return cast("list[Layer]", list(layers))

    def interference(self, index: int) -> Interference:
        return cast(Interference, self.interference_modules[index])

    def parameter_count(self) -> int:
        return sum(spec.count for spec in self.specs())

    def embed(self, ids: Tensor, first: int = 0) -> Tensor:
        """Tokens and positions, (B, N, D); the first of them is token `first` of the text."""
        x = self.token_embedding(ids)
        count, config = ids.shape[1], self.config
        if config.is_wave:
            place = positions(first, count, config.embedding_dim, config.position_scale, ids.device)
            return x + place.to(x.dtype)
        if config.positions == "learned":
            return x + self.positional_embedding.weight[first : first + count]
        return x

    def unembed(self, x: Tensor) -> Tensor:
        return F.linear(self.norm(x), self.token_embedding.weight)

    def forward(self, ids: Tensor) -> Tensor:
        if ids.shape[1] > self.config.max_seq_len:
            raise WaveFieldError(
                f"the text has {ids.shape[1]} tokens, but the context is {self.config.max_seq_len}; "
                "cut it into windows"
            )
        if self.run.method not in METHODS:
            raise WaveFieldError(
                f"expected a way of the field, one of {METHODS}, found {self.run.method!r}"
            )
        x = self.run.drop(self.embed(ids), EMBEDDING)
        for i, layer in enumerate(self.stack):
            x = layer(x, self.run)
            module = self.config.interference_after(i)
            if module is not None:
                x = self.interference(module)(x, self.run)
        return self.unembed(x)

    @classmethod
    def from_pretrained(
        cls, path: str | PathLike[str], device: str | torch.device = "cpu"
    ) -> WaveField:
        """Opens a model's folder, or its file, as the page and the command line write it."""
        from .checkpoint import read

        return read(path).model.to(device)

    def save_pretrained(self, folder: str | PathLike[str]) -> None:
        """Writes `model.safetensors`, and `tokenizer.json` where the model has its vocabulary: a folder that
        the command line opens; the page opens the file."""
        from .checkpoint import save

        save(self, folder)

    def generate(self, prompt: str = "", max_tokens: int = 400, **settings: Any) -> str:
        """Continues a text, and gives what was added to it: see `Generation` for the settings (temperature,
        top_k, top_p, repetition_penalty, seed, stop, at_limit)."""
        from .generation import Generation

        return "".join(Generation(self, prompt, max_tokens=max_tokens, **settings))

    def evaluate(self, text: str, seq_len: int = 0) -> Evaluation:
        """How well the model predicts a text: every token but the first once, in windows of `seq_len` tokens
        that follow each other (the context less one where it is 0)."""
        from .data import Dataset
        from .team import Team
        from .trainer import evaluate

        if self.tokenizer is None:
            raise WaveFieldError("expected the model's vocabulary, found none; set model.tokenizer")
        data = Dataset.from_text(self.tokenizer, text, 1.0)
        data.check_held_back()
        was_training = self.training
        found = evaluate(
            self, data, seq_len or self.config.max_seq_len - 1, Team(0, 1, self.device)
        )
        self.train(was_training)
        return found


def loss_sum(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The sum of the cross-entropies over targets that count, nats; how many were the likeliest token; how
    many count."""
    counts = targets != IGNORED
    loss = F.cross_entropy(
        logits.float().flatten(0, 1) if logits.dtype != torch.float64 else logits.flatten(0, 1),
        targets.flatten(),
        ignore_index=IGNORED,
        reduction="sum",
    )
    hits = ((logits.detach().argmax(-1) == targets) & counts).sum()
    return loss, hits, counts.sum()
