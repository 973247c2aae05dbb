"""Writing a text token by token, in constant time and memory a token where the model is one of waves.

The kernel is the real part of a damped rotation, so the field of a layer is one complex number a channel,
S(cell) = z·S(cell - 1) + deposit(cell), and a token hears Re(c·S). With it go the last three tokens' inputs
of a near field, the running sums of interference, and a window's keys and values. A standard Transformer
keeps the keys and values of every token.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Iterator, Sequence

import torch
from torch import Tensor, nn

from . import field, rng
from .config import NEAR_FIELD
from .errors import ConfigError, TokenizerError, WaveFieldError
from .layers import Layer, Run, StandardAttention, WaveAttention, WindowAttention, attend, full
from .model import WaveField


class _WaveMemory:
    """A wave layer's state, and its physics as they were when it was made."""

    def __init__(self, attention: WaveAttention) -> None:
        self.attention = attention
        waves = attention.waves()
        self.frequency, self.damping = waves.frequency, waves.damping
        self.listening = torch.complex(*waves.listening())
        self.waves = waves
        self.turns: dict[int, Tensor] = {}
        self.state: Tensor | None = None
        self.cell = 0
        self.before: Tensor | None = None

    def _turn(self, cells: int) -> Tensor:
        """z^cells; two distances occur, or one."""
        if cells not in self.turns:
            size = torch.exp(-self.damping * cells)
            angle = self.frequency * cells
            self.turns[cells] = torch.complex(size * torch.cos(angle), size * torch.sin(angle))
        return self.turns[cells]

    def read(self, x: Tensor, first: int) -> Tensor:
        """What tokens from `first` on, whose normed inputs are (1, N, D), hear and say."""
        a = self.attention
        near = a.near(x, self.before)
        if a.config.near_field:
            known = x if self.before is None else torch.cat([self.before, x], 1)
            room = x.new_zeros(1, max(0, NEAR_FIELD - 1 - known.shape[1]), x.shape[2])
            self.before = torch.cat([room, known], 1)[:, -(NEAR_FIELD - 1) :]
        if first == 0 and x.shape[1] > 1:
            return self._read_text(near, x)
        heard = [self._read_token(near[:, i : i + 1], first + i) for i in range(x.shape[1])]
        return a.spoken(torch.cat(heard, 1), x)

    def _read_text(self, near: Tensor, x: Tensor) -> Tensor:
        a, run = self.attention, Run()
        if a.keyed:
            _, key, value = a.keys(near)
            deposits = torch.einsum("bnr,bnhd->bnhrd", key, value)
        else:
            deposits = a.deposits(near)
        self.state, self.cell = field.final_state(deposits, self.waves, a.config)
        return a.spoken(a.heard(near, run), x)

    def _read_token(self, near: Tensor, index: int) -> Tensor:
        a = self.attention
        if a.keyed:
            query, key, value = a.keys(near)
            deposit = torch.einsum("br,bhd->bhrd", key[:, 0], value[:, 0])
        else:
            deposit = a.deposits(near)[:, 0]
        cells, tokens = a.config.field_size - 1, a.config.max_seq_len - 1
        cell, rest = divmod(index * cells, tokens)
        upper = rest / tokens
        shape = (1, -1, *[1] * (deposit.dim() - 2))
        deposit, listening = deposit.to(self.listening.dtype), self.listening.view(shape)
        state = deposit * (1.0 - upper)
        if self.state is not None:
            state = state + self._turn(cell - self.cell).view(shape) * self.state
        heard = (1.0 - upper) * (listening * state).real
        if upper:
            state = self._turn(1).view(shape) * state + upper * deposit
            heard = heard + upper * (listening * state).real
        self.state, self.cell = state, cell + (1 if upper else 0)
        heard = heard.to(near.dtype)
        if a.keyed:
            heard = torch.einsum("br,bhrd->bhd", query[:, 0], heard)
        return heard[:, None]

    def numbers(self) -> int:
        kept = 0 if self.state is None else 2 * self.state.numel()
        return kept + (0 if self.before is None else self.before.numel())


class _Cache:
    """Keys and values of the tokens that may still be heard."""

    def __init__(self, attention: StandardAttention | WindowAttention) -> None:
        self.attention = attention
        self.window = attention.config.window if isinstance(attention, WindowAttention) else 0
        self.keys: Tensor | None = None
        self.values: Tensor | None = None

    def read(self, x: Tensor, first: int) -> Tensor:
        q, k, v = self.attention.project(x, first)
        if self.keys is not None and self.values is not None:
            k, v = torch.cat([self.keys, k], 1), torch.cat([self.values, v], 1)
        heard = attend(q, k, v, first, self.window)
        if self.window:
            k, v = k[:, -self.window :], v[:, -self.window :]
        self.keys, self.values = k, v
        return self.attention.out_proj(heard.flatten(2))

    def numbers(self) -> int:
        return 0 if self.keys is None else 2 * self.keys.numel()


def _memory(mixer: nn.Module) -> _WaveMemory | _Cache:
    if isinstance(mixer, WaveAttention):
        return _WaveMemory(mixer)
    assert isinstance(mixer, (StandardAttention, WindowAttention))
    return _Cache(mixer)


class Decoder:
    """Reads tokens and says what may follow."""

    def __init__(self, model: WaveField, at_limit: str = "reread") -> None:
        """`at_limit` says what comes at the end of the context: `reread` reads its last half anew, `run_on`
        lets the wave run on past the field (waves without a window alone)."""
        if at_limit not in ("reread", "run_on"):
            raise ConfigError("at_limit", f'expected "reread" or "run_on", found {at_limit!r}')
        self.model = model
        # There are no positions to run on to where they are learned.
        self.runs_on = at_limit == "run_on" and model.config.is_wave
        self.logits = torch.zeros(model.config.vocab_size)
        self.restart()

    def restart(self) -> None:
        """Forgets the text, and takes up the model's waves as they are now."""
        self.count = 0
        self._context: list[int] = []
        self._sums: dict[int, Tensor] = {}
        with torch.no_grad():
            self._memory: list[_WaveMemory | _Cache] = [
                _memory(layer.mixer) for layer in self.model.stack
            ]

    @torch.no_grad()
    def read(self, ids: Sequence[int]) -> Tensor:
        """Reads tokens and gives the logits of the next, (V)."""
        total, limit = self.count + len(ids), self.model.config.max_seq_len
        if total > limit and not self.runs_on:
            # As if they had come one by one, and the last half been read again at each time.
            half = limit // 2
            kept = half + 1 + (total - limit - 1) % (limit - half)
            ids = (self._context + list(ids))[total - kept :]
            self.restart()
        if len(ids):
            self._advance(list(ids))
        return self.logits

    def _advance(self, ids: list[int]) -> None:
        model, first, run = self.model, self.count, Run()
        x = model.embed(torch.tensor([ids], device=model.device), first)
        for i, layer in enumerate(model.stack):
            x = self._layer(layer, self._memory[i], x, first, run)
            module = model.config.interference_after(i)
            if module is not None:
                part = model.interference(module)
                means, self._sums[module] = part.means(x, self._sums.get(module), first)
                x = part.take_on(x, means, run)
        self.logits = full(model.unembed(x[:, -1:]))[0, 0].cpu()
        self.count += len(ids)
        if self.count <= model.config.max_seq_len:
            self._context.extend(ids)
        else:
            self._context.clear()

    @staticmethod
    def _layer(
        layer: Layer, memory: _WaveMemory | _Cache, x: Tensor, first: int, run: Run
    ) -> Tensor:
        return layer.feed_forward(x + memory.read(layer.norm1(x), first), run)

    def state_numbers(self) -> int:
        """Real numbers kept of the text apart from the text itself."""
        return sum(memory.numbers() for memory in self._memory) + sum(
            total.numel() for total in self._sums.values()
        )


@dataclass
class Sampler:
    """From logits to the next token: repetition penalty, temperature, top-k, top-p, one draw. The random
    number of the n-th token is a function of the seed and n alone, the same as the engine's."""

    temperature: float = 1.0
    """0 always takes the likeliest token."""
    top_k: int = 0
    """Only so many of the likeliest tokens stay in the draw; 0 is all."""
    top_p: float = 1.0
    """Only the likeliest whose probabilities add up to this; the one that crosses the mark stays."""
    repetition_penalty: float = 1.0
    """Above 1, tokens of the recent text are less likely to come again."""
    seed: int = 0
    drawn: int = 0
    """Tokens drawn so far."""

    def __post_init__(self) -> None:
        for name, fine, expected in (
            (
                "temperature",
                self.temperature >= 0 and math.isfinite(self.temperature),
                "a number from 0 up",
            ),
            ("top_k", self.top_k >= 0, "0 or more"),
            ("top_p", 0 <= self.top_p <= 1, "between 0 and 1"),
            (
                "repetition_penalty",
                self.repetition_penalty > 0 and math.isfinite(self.repetition_penalty),
                "a number above 0",
            ),
        ):
            if not fine:
                raise ConfigError(name, f"must be {expected}, but is {getattr(self, name)}")

    def next(self, logits: Tensor, history: Sequence[int] = ()) -> int:
        """Draws the next token from (V) logits. No number counts as never; among equals the lower id."""
        logits = logits.float().nan_to_num(
            nan=-math.inf, posinf=torch.finfo(torch.float32).max, neginf=-math.inf
        )
        if (logits == -math.inf).all():
            logits = torch.zeros_like(logits)
        if self.repetition_penalty != 1.0 and history:
            seen = torch.tensor(sorted(set(history)))
            old = logits[seen]
            new = torch.where(old > 0, old / self.repetition_penalty, old * self.repetition_penalty)
            logits = logits.index_copy(0, seen, new)
        number = self.drawn
        self.drawn += 1
        if self.temperature == 0.0:
            return int((logits == logits.max()).nonzero()[0])
        # A file and the page have these as float32.
        temperature, top_p = torch.tensor(
            [self.temperature, self.top_p], dtype=torch.float32
        ).tolist()
        wide = logits.double()
        weights = torch.exp((wide - wide.max()) / temperature)
        if (
            self.top_k == 0
            and self.top_p >= 1.0
            or self.top_k >= len(weights)
            and self.top_p >= 1.0
        ):
            order, kept = torch.arange(len(weights)), weights
        else:
            kept, order = torch.sort(weights, descending=True, stable=True)
            kept = kept[: self.top_k or None]
            if self.top_p < 1.0:
                mark = top_p * float(kept.sum())
                passed = (kept.cumsum(0) >= mark).nonzero()
                kept = kept[: int(passed[0]) + 1 if len(passed) else None]
        target = rng.uniform(self.seed, rng.SAMPLE, number) * float(kept.sum())
        beyond = ((kept.cumsum(0) > target) & (kept > 0)).nonzero()
        # Where rounding left the sum short of the target it is the last that could be drawn.
        place = int(beyond[0]) if len(beyond) else int((kept > 0).nonzero()[-1])
        return int(order[place])


class Generation:
    """A run of text: iterating gives it piece by piece, never half a character, and no part of a stop string.

    An empty prompt reads as a line break, as at the start of a line.
    """

    def __init__(
        self,
        model: WaveField,
        prompt: str = "",
        *,
        max_tokens: int = 400,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        repetition_penalty: float = 1.0,
        seed: int = 0,
        stop: Sequence[str] = (),
        at_limit: str = "reread",
    ) -> None:
        if model.tokenizer is None:
            raise TokenizerError(
                "expected the model's vocabulary, found none: its file carries none and no tokenizer.json "
                "stands beside it; set model.tokenizer"
            )
        self.model, self.tokenizer = model, model.tokenizer
        self.sampler = Sampler(temperature, top_k, top_p, repetition_penalty, seed)
        self.max_tokens, self.stop = max_tokens, [text for text in stop if text]
        self.history = self.tokenizer.encode(prompt) or self._line_break()
        self.decoder = Decoder(model, at_limit)
        self.ids: list[int] = []
        """What was drawn so far."""

    def _line_break(self) -> list[int]:
        try:
            return self.tokenizer.encode("\n") or [0]
        except TokenizerError:
            return [0]

    def _recent(self, count: int) -> list[int]:
        """The last so many tokens, written or of the prompt."""
        missing = count - len(self.ids)
        before = self.history[-missing:] if missing > 0 else []
        return before + self.ids[-count:]

    def __iter__(self) -> Iterator[str]:
        stream, held = self.tokenizer.streamer(), ""
        unread = self.history
        limit = self.model.config.max_seq_len
        while len(self.ids) < self.max_tokens:
            logits = self.decoder.read(unread)
            if not torch.isfinite(logits).any():
                raise WaveFieldError(
                    "expected numbers for the next token, found none that is finite"
                )
            id = self.sampler.next(logits, self._recent(limit))
            self.ids.append(id)
            unread = [id]
            held += stream.push(id)
            if len(self.ids) == self.max_tokens:
                held += stream.finish()
            ends = [held.find(stop) for stop in self.stop if stop in held]
            if ends:
                if min(ends):
                    yield held[: min(ends)]
                return
            # What may still become a stop string is not shown yet.
            keep = max((_overlap(held, stop) for stop in self.stop), default=0)
            if len(held) > keep:
                yield held[: len(held) - keep]
                held = held[len(held) - keep :]
        if held:
            yield held


def _overlap(text: str, stop: str) -> int:
    """The longest end of `text` that a stop string begins with, short of all of it."""
    lengths = range(min(len(stop) - 1, len(text)), 0, -1)
    return next((n for n in lengths if text.endswith(stop[:n])), 0)
