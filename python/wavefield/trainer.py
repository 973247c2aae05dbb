"""A run in progress: steps, measurements, and the state that it goes on from."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass
from typing import ContextManager

import torch
from torch import Tensor, nn

from . import field, rng
from .checkpoint import RunState
from .config import ModelConfig
from .data import Dataset
from .errors import ConfigError, WaveFieldError
from .model import WaveField, loss_sum
from .optimizer import (
    learning_rate,
    make_optimizer,
    scale_gradients,
    set_learning_rate,
    squared_norm,
)
from .recipe import TrainSettings
from .team import Team, need_torch, shared_modules, shared_out_like, whole


@dataclass
class StepReport:
    step: int
    """From 1."""
    loss: float
    """Mean cross-entropy of the batch before the step, nats a token."""
    gradient_norm: float
    """L2, before clipping."""
    learning_rate: float


@dataclass
class Evaluation:
    """How well a model predicts a text."""

    loss: float
    """Mean cross-entropy, nats a token."""
    perplexity: float
    accuracy: float
    """Share of tokens that the model held for the likeliest."""
    tokens: int

    def to_dict(self) -> dict[str, float]:
        return asdict(self)


class Diverged(WaveFieldError):
    """A step came to no number; the run is as it was before it."""

    def __init__(self, step: int, what: str, settings: TrainSettings) -> None:
        super().__init__(
            f"at step {step} {what} came to no number, so the step was not made; try a lower learning rate "
            f"(it goes up to {settings.peak_lr} now)"
        )


@dataclass(frozen=True)
class Way:
    """How a run is computed, which changes its result by rounding alone (but for bf16)."""

    precision: str = "f32"
    """`f32`, or `bf16` for matrix products in 16 bits."""
    shard: bool = False
    """Whether parameters are shared out over the processes."""
    micro_batch: int = 0
    """Sequences that a process takes at once, at most; the gradients of several add up. 0 is all."""
    method: str = "auto"
    """How the field is computed."""

    def check(self, device: torch.device) -> None:
        if self.precision not in ("f32", "bf16"):
            raise ConfigError("precision", f'expected "f32" or "bf16", found {self.precision!r}')
        if self.precision == "bf16":
            need_torch((2, 0), "precision bf16")
            if device.type == "cuda" and not torch.cuda.is_bf16_supported():
                raise ConfigError("precision", "this graphics card has no bf16; take f32")
        if self.method not in ("auto", *field.METHODS):
            raise ConfigError("field", f"expected auto, blocks or fft, found {self.method!r}")
        if self.micro_batch < 0:
            raise ConfigError("micro_batch", f"must be 0 or more, but is {self.micro_batch}")


class Trainer:
    def __init__(
        self,
        model: WaveField,
        settings: TrainSettings,
        dataset: Dataset,
        team: Team | None = None,
        way: Way = Way(),
        run: RunState | None = None,
    ) -> None:
        """Starts a run, or goes on with one from its saved state."""
        self.team = team or Team(0, 1, torch.device("cpu"))
        self.settings, self.dataset, self.way = settings, dataset, way
        way.check(self.team.device)
        config = model.config
        if settings.seq_len > config.max_seq_len:
            raise ConfigError(
                "train.seq_len",
                f"must be from 1 to the model's context ({config.max_seq_len}), but is {settings.seq_len}",
            )
        dataset.check(settings.seq_len)
        if settings.batch_size < self.team.size:
            raise ConfigError(
                "train.batch_size",
                f"must be at least the number of processes ({self.team.size}), but is {settings.batch_size}",
            )
        self.pieces = self._pieces()
        self.model = model.to(self.team.device)
        self.model.train()
        self.model.run.method = self.team.told(
            choose_method(config, self.rows, settings.seq_len, self.team.device, way.method)
        )
        self.wrapped: nn.Module = self.team.wrap(model, shared_modules(model), way.shard)
        self.specs = model.specs()
        self.parameters = dict(model.named_parameters())
        self.optimizer = make_optimizer(model, self.specs, settings)
        self.step_number = 0
        if run is not None:
            self._take_up(run)

    def _pieces(self) -> int:
        """So many parts of its rows each process goes through one after another."""
        s, size = self.settings, self.team.size
        most = -(-s.batch_size // s.shards)
        if self.way.micro_batch:
            most = min(most, self.way.micro_batch)
        # None may be empty on the process that has the fewest rows.
        return min(-(-(-(-s.batch_size // size)) // most), s.batch_size // size)

    @property
    def rows(self) -> int:
        """Sequences at once, at most."""
        return -(-(-(-self.settings.batch_size // self.team.size)) // self.pieces)

    def _take_up(self, run: RunState) -> None:
        self.step_number = run.step
        for name, parameter in self.parameters.items():
            first, second = (shared_out_like(moment[name], parameter) for moment in run.moments)
            self.optimizer.state[parameter] = {
                "step": torch.tensor(float(run.step)),
                "exp_avg": first,
                "exp_avg_sq": second,
            }

    def _precision(self) -> ContextManager[None]:
        on = self.way.precision == "bf16"
        return torch.autocast(self.team.device.type, dtype=torch.bfloat16, enabled=on)

    def step(self) -> StepReport:
        """One step on the next batch."""
        s, team, step = self.settings, self.team, self.step_number + 1
        mine = team.rows(s.batch_size)
        ids, targets = (
            x.to(team.device)
            for x in self.dataset.batch(s.seed, step, s.batch_size, s.seq_len, mine)
        )
        run = self.model.run
        run.dropout, run.dropout_key = s.dropout, rng.dropout_key(s.seed, step)
        self.optimizer.zero_grad(set_to_none=True)
        total = torch.zeros((), dtype=torch.float64, device=team.device)
        for piece in range(self.pieces):
            first, last = (len(mine) * i // self.pieces for i in (piece, piece + 1))
            run.first_row = mine.start + first
            with team.gathers(self.wrapped, piece == self.pieces - 1):
                with self._precision():
                    logits = self.wrapped(ids[first:last])
                loss, _, _ = loss_sum(logits, targets[first:last])
                # Gradients are averaged over the processes, the loss is a mean over the whole batch.
                (loss * (team.size / (s.batch_size * s.seq_len))).backward()
            total += loss.detach()
        run.dropout = 0.0
        squares = squared_norm(self.parameters.values()).double()
        numbers = team.total(torch.stack([total, squares]))
        mean = float(numbers[0]) / (s.batch_size * s.seq_len)
        # Every process has all gradients, unless they are shared out.
        norm = math.sqrt(float(numbers[1] if self.way.shard else squares))
        for what, number in (("the loss", mean), ("the gradient", norm)):
            if not math.isfinite(number):
                self.optimizer.zero_grad(set_to_none=True)
                raise Diverged(step, what, s)
        rate = learning_rate(s, step)
        set_learning_rate(self.optimizer, rate)
        scale_gradients(self.parameters.values(), norm, s.clip_norm)
        self.optimizer.step()
        self.step_number = step
        return StepReport(step, mean, norm, rate)

    def evaluate(self, most_windows: int | None = None) -> Evaluation:
        """Measures the model on the text that was held back, in float32: all of it, or so many windows, evenly
        spread."""
        return evaluate(
            self.wrapped, self.dataset, self.settings.seq_len, self.team, self.rows, most_windows
        )

    def values(self) -> dict[str, Tensor]:
        """All parameters on the CPU; every process must ask."""
        return {name: whole(p.detach()).cpu() for name, p in self.parameters.items()}

    def state(self) -> RunState:
        """What a run goes on from, beside its model; every process must ask."""
        moments: tuple[dict[str, Tensor], dict[str, Tensor]] = ({}, {})
        for name, parameter in self.parameters.items():
            state = self.optimizer.state.get(parameter)
            for moment, key in zip(moments, ("exp_avg", "exp_avg_sq")):
                value = state[key] if state else torch.zeros_like(parameter)
                moment[name] = whole(value.detach()).cpu()
        return RunState(self.step_number, self.settings.to_dict(), moments)


@torch.no_grad()
def evaluate(
    model: nn.Module,
    dataset: Dataset,
    seq_len: int,
    team: Team,
    rows: int = 8,
    most_windows: int | None = None,
) -> Evaluation:
    """Every token but the first is predicted once, in windows that follow each other. The processes share them;
    each takes part in as many batches as any, since a sharded model needs all."""
    windows = dataset.windows(seq_len)
    count = min(max(most_windows or windows, 1), windows)
    numbers = [i * windows // count for i in range(count)]
    batches = [numbers[i : i + rows] for i in range(0, count, rows)]
    sums = torch.zeros(3, dtype=torch.float64)
    model.eval()
    for turn in range(-(-len(batches) // team.size)):
        place = turn * team.size + team.rank
        mine = batches[place] if place < len(batches) else []
        ids, targets = (x.to(team.device) for x in dataset.validation_batch(mine, rows, seq_len))
        found = loss_sum(model(ids), targets)
        sums += torch.stack([x.double().cpu() for x in found])
    model.train()
    loss, hits, tokens = team.total(sums.float() if team.device.type == "mps" else sums).tolist()
    mean = loss / tokens
    if not math.isfinite(mean):
        raise WaveFieldError(
            "the loss on the text that is held back came to no number: the model's own numbers have grown beyond "
            "what can be computed with; train again with a lower learning rate"
        )
    return Evaluation(mean, math.exp(min(mean, 709.0)), hits / tokens, int(tokens))


def choose_method(
    config: ModelConfig, batch: int, count: int, device: torch.device, wish: str = "auto"
) -> str:
    """The way of computing the field: the one that is asked for, or the quicker of the two here, forward and
    backward. They differ by rounding alone."""
    if wish != "auto":
        return wish
    if not config.is_wave:
        return "blocks"
    return min(field.METHODS, key=lambda method: time_method(config, batch, count, device, method))


def time_method(
    config: ModelConfig, batch: int, count: int, device: torch.device, method: str, times: int = 5
) -> float:
    """Seconds that a layer's field takes, forward and backward: the fastest of several times."""
    deposits = torch.randn(
        batch, count, config.num_heads, config.head_dim, device=device, requires_grad=True
    )
    frequency, damping, phase = (
        torch.linspace(first, last, config.num_heads, device=device).requires_grad_(True)
        for first, last in ((0.3, 4.0), (-3.0, 0.5), (0.0, 3.1))
    )
    way = field.by_fft if method == "fft" else field.by_blocks
    # What other programs take of the machine does not count, where that can be told.
    alone = device.type == "cpu" and torch.get_num_threads() == 1
    clock = time.process_time if alone else time.perf_counter
    best = math.inf
    for _ in range(times):
        started = clock()
        waves = field.Waves.of(frequency, damping, phase, config.field_size)
        y = way(deposits, waves, config)
        torch.autograd.grad(y.sum(), [deposits, frequency, damping, phase])
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        best = min(best, clock() - started)
    return best
