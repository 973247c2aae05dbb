"""Trains a model as a recipe says; goes on with a run that was stopped.

    python -m wavefield.train FOLDER/train.toml
    torchrun --nproc-per-node 8 --nnodes 4 -m wavefield.train FOLDER/train.toml

Into the recipe's folder, or another, it writes what the command line does: `model.safetensors`, the best model so
far, with `tokenizer.json`; `validation.csv`; and `run.safetensors`, the run itself.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import sys
import time
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from . import checkpoint
from .checkpoint import MODEL_FILE, TOKENIZER_FILE
from .data import Dataset
from .errors import CheckpointError, WaveFieldError
from .field import METHODS
from .model import WaveField
from .recipe import Recipe, TrainSettings
from .team import Team
from .tokenizer import Tokenizer
from .trainer import Diverged, Evaluation, Trainer, Way, evaluate

STATE_FILE = "run.safetensors"
LOG_FILE = "validation.csv"
#: The entry of a run's metadata that says how its field was computed.
FIELD = "pytorch.field"
LOG_HEADER = "step,training_loss,loss,perplexity,accuracy\n"
#: Windows of the held-back text that measurements during a run compare; its end measures all.
COMPARED_WINDOWS = 128
#: Seconds between two lines of progress where there is no terminal.
LINE_EVERY = 30.0
#: The page and the command line refuse larger models.
MOST_PARAMETERS = 1 << 26


class Progress:
    """One line that is written over on a terminal, a line now and then elsewhere."""

    def __init__(self, steps: int, done: int, silent: bool) -> None:
        self.steps, self.silent = steps, silent
        self.draws = sys.stderr.isatty()
        self.mark = (time.monotonic(), done)
        self.rate = 0.0
        self.shown = time.monotonic()

    def step(self, done: int, loss: float) -> None:
        now = time.monotonic()
        since = now - self.mark[0]
        if since >= 1.0:
            rate = (done - self.mark[1]) / since
            self.rate = rate if self.rate == 0 else 0.8 * self.rate + 0.2 * rate
            self.mark = (now, done)
        if self.silent or now - self.shown < (0.2 if self.draws else LINE_EVERY) or self.rate == 0:
            return
        self.shown = now
        line = (
            f"{done}/{self.steps} steps  loss {loss:.4f}  {self.rate:.2f} steps/s, "
            f"{duration((self.steps - done) / self.rate)} left"
        )
        print(
            f"\r\033[K{line}" if self.draws else line,
            end="" if self.draws else "\n",
            file=sys.stderr,
            flush=True,
        )

    def say(self, line: str) -> None:
        if not self.silent:
            print(f"\r\033[K{line}" if self.draws else line, file=sys.stderr, flush=True)

    def clear(self) -> None:
        if self.draws and not self.silent:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return (
        f"{hours} h {minutes:02} min"
        if hours
        else f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
    )


class Session:
    """A run, its files, and the best model that it has seen."""

    def __init__(
        self, recipe: Recipe, folder: Path, team: Team, way: Way, restart: bool = False
    ) -> None:
        self.recipe, self.folder, self.team = recipe, folder, team
        text = recipe.text()
        team.check_same("the text", hashlib.sha256(text.encode()).hexdigest())
        # Made once: another Python may have other classes of characters.
        made = recipe.make_tokenizer(text).to_json() if team.leads else None
        self.tokenizer = Tokenizer.from_json(team.told(made))
        self.config = recipe.config(self.tokenizer.vocab_size)
        self.dataset = Dataset.from_text(self.tokenizer, text, recipe.validation_share)
        self.best: Evaluation | None = None
        self.stopped = False
        if team.leads:
            folder.mkdir(parents=True, exist_ok=True)
        (resumes,) = team.any(self.state_file.exists() and not restart)
        if resumes:
            stored = self._stopped_run()
            model, run = stored.model, stored.run
            # To the bit a run goes on only by the way that it went before.
            if way.method == "auto" and stored.extra.get(FIELD) in METHODS:
                way = replace(way, method=stored.extra[FIELD])
        else:
            model, run = WaveField(self.config, recipe.initial_seed), None
        model.tokenizer = self.tokenizer
        self.trainer = Trainer(model, recipe.train, self.dataset, team, way, run)
        if team.leads:
            if run is not None:
                cut_log(self.folder / LOG_FILE, run.step)
            else:
                # Should this run be stopped before its first save, the old one must not go on.
                self.state_file.unlink(missing_ok=True)
                (self.folder / LOG_FILE).write_text(LOG_HEADER)
        team.wait()

    @property
    def state_file(self) -> Path:
        return self.folder / STATE_FILE

    def _stopped_run(self) -> checkpoint.Checkpoint:
        part = str(self.state_file)
        if not self.state_file.exists():
            raise CheckpointError(
                part, "expected it on every machine; put the run's folder where all see it"
            )
        stored = checkpoint.read(self.state_file)
        again = "put the settings back, or begin anew with --restart"
        if stored.run is None:
            raise CheckpointError(
                part, "expected a run's state, found a model alone; begin anew with --restart"
            )
        if (
            stored.model.config != self.config
            or TrainSettings.from_dict(stored.run.config) != self.recipe.train
        ):
            raise CheckpointError(
                part, f"belongs to a run with other settings than the recipe has now; {again}"
            )
        if stored.model.tokenizer != self.tokenizer:
            raise CheckpointError(part, f"belongs to a run with another vocabulary; {again}")
        try:
            best = json.loads(stored.extra.get("best", "null"))
            # The command line may say more of it.
            names = [field.name for field in fields(Evaluation)]
            self.best = None if best is None else Evaluation(*(best[name] for name in names))
        except (ValueError, TypeError, KeyError):
            raise CheckpointError(
                part, "expected how good the best model was; begin anew with --restart"
            ) from None
        return stored

    def go(self, save_every: float = 60.0, silent: bool = False) -> bool:
        """Trains to the end; false where it was stopped before."""
        trainer, team, steps = self.trainer, self.team, self.recipe.train.steps
        progress = Progress(steps, trainer.step_number, silent or not team.leads)
        way = f", the field by {trainer.model.run.method}" if self.config.is_wave else ""
        progress.say(
            f"{trainer.model.parameter_count()} parameters, {team.size} process{'es' if team.size > 1 else ''} on "
            f"{team.device.type}, {trainer.rows} sequences at once in each{way}; step {trainer.step_number} of {steps}"
        )
        if trainer.model.parameter_count() > MOST_PARAMETERS:
            progress.say(
                f"note: the page and the command line open models of up to {MOST_PARAMETERS} parameters"
            )
        mean, saved = float("nan"), time.monotonic()
        while trainer.step_number < steps:
            stop, due = team.any(self.stopped, team.leads and time.monotonic() - saved > save_every)
            if stop or due:
                self.save_state()
                saved = time.monotonic()
            if stop:
                progress.clear()
                progress.say(
                    f"stopped after step {trainer.step_number}: {self.state_file} has the run, and the same "
                    "command goes on with it"
                )
                return False
            try:
                report = trainer.step()
                mean = report.loss if mean != mean else 0.98 * mean + 0.02 * report.loss
                progress.step(report.step, mean)
                if report.step % self.recipe.evaluate_every == 0 or report.step == steps:
                    self._measure(report.step, mean, progress)
            except Diverged as error:
                self.save_state()
                raise WaveFieldError(
                    f"{error}. {self.state_file} has the run as it was then; to train with other settings, change "
                    "the recipe and begin anew with --restart"
                ) from None
        progress.clear()
        self.save_state()
        return True

    def _measure(self, step: int, mean: float, progress: Progress) -> None:
        # Always the same windows: the best of them is kept, so they must compare.
        found = self.trainer.evaluate(COMPARED_WINDOWS)
        progress.say(
            f"step {step:>6}  training {mean:.4f}  validation {found.loss:.4f}  perplexity "
            f"{found.perplexity:.3f}  accuracy {100 * found.accuracy:.2f} %"
        )
        if self.team.leads:
            with open(self.folder / LOG_FILE, "a") as log:
                log.write(f"{step},{mean},{found.loss},{found.perplexity},{found.accuracy}\n")
        if self.best is None or found.loss < self.best.loss:
            self.best = found
            values = self.trainer.values()
            if self.team.leads:
                self._write(MODEL_FILE, values, {"step": str(step)})
                (self.folder / TOKENIZER_FILE).write_text(self.tokenizer.to_json(), newline="")

    def save_state(self) -> None:
        values, state = self.trainer.values(), self.trainer.state()
        best = None if self.best is None else self.best.to_dict()
        extra = {"best": json.dumps(best, separators=(",", ":"))}
        if self.config.is_wave:
            extra[FIELD] = self.trainer.model.run.method
        if self.team.leads:
            self._write(STATE_FILE, values, extra, state)
        self.team.wait()

    def _write(
        self, name: str, values: Any, extra: dict[str, str], run: checkpoint.RunState | None = None
    ) -> None:
        checkpoint.write(self.folder / name, self.config, values, self.tokenizer, extra, run)

    def finish(self) -> Evaluation:
        """Measures what was kept on the whole text that was held back."""
        self.team.wait()
        model = checkpoint.read(self.folder / MODEL_FILE).model.to(self.team.device)
        model.run = replace(self.trainer.model.run)
        return evaluate(
            model, self.dataset, self.recipe.train.seq_len, self.team, self.trainer.rows
        )


def cut_log(path: Path, step: int) -> None:
    """Drops what was measured after the state that a run goes on from: it will be measured again."""
    lines = path.read_text().splitlines()[1:] if path.exists() else []
    # A line with fewer was cut short as it was written.
    measured = [line for line in lines if line.count(",") == LOG_HEADER.count(",")]
    kept = [line for line in measured if int(line.split(",")[0]) <= step]
    path.write_text(LOG_HEADER + "".join(line + "\n" for line in kept))


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m wavefield.train", description="Trains a model as a recipe says."
    )
    parser.add_argument("recipe", type=Path, help="the recipe, or a folder with a train.toml in it")
    parser.add_argument(
        "--out", type=Path, help="where to write; the recipe's folder where it is not given"
    )
    parser.add_argument(
        "--restart", action="store_true", help="begin anew, even where a stopped run could go on"
    )
    parser.add_argument(
        "--device", default="auto", help="auto (a graphics card where there is one), cpu or cuda"
    )
    parser.add_argument(
        "--precision", default="f32", help="f32, or bf16 for matrix products in 16 bits (torch 2.0)"
    )
    parser.add_argument(
        "--shard", action="store_true", help="share parameters out over the processes (torch 2.6)"
    )
    parser.add_argument(
        "--micro-batch",
        type=int,
        default=0,
        metavar="N",
        help="at most so many sequences at once in a process",
    )
    parser.add_argument("--field", default="auto", help="auto, blocks or fft")
    parser.add_argument(
        "--save-every",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="how often the run is saved",
    )
    return parser


def main(given: list[str] | None = None) -> int:
    task = arguments().parse_args(given)
    try:
        recipe = Recipe.read(task.recipe)
        team = Team.join(task.device)
        try:
            way = Way(task.precision, task.shard, task.micro_batch, task.field)
            session = Session(recipe, task.out or recipe.folder, team, way, task.restart)

            def stop(number: int, frame: object) -> None:
                if session.stopped and number == signal.SIGINT:
                    raise KeyboardInterrupt
                session.stopped = True

            signal.signal(signal.SIGINT, stop)
            signal.signal(signal.SIGTERM, stop)
            if session.go(task.save_every):
                found = session.finish()
                if team.leads:
                    print(
                        f"{session.folder / MODEL_FILE}: {session.trainer.model.parameter_count()} parameters, "
                        f"validation loss {found.loss:.4f}, perplexity {found.perplexity:.3f}, accuracy "
                        f"{100 * found.accuracy:.2f} %"
                    )
        finally:
            team.leave()
    except WaveFieldError as error:
        # Once a machine, however many processes it has.
        if int(os.environ.get("LOCAL_RANK", 0)) == 0:
            print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
