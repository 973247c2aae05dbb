"""Training: the command line's own run again, many processes against one, going on, and recipes."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import torch

from wavefield import ConfigError, Tokenizer, WaveField, WaveFieldError, checkpoint, rng
from wavefield.data import Dataset, read_text
from wavefield.optimizer import learning_rate
from wavefield.recipe import Recipe, TrainSettings
from wavefield.team import torch_version
from wavefield.train import Session, cut_log, duration
from wavefield.trainer import Diverged, Team, Trainer, Way

from .helpers import HERE, KINDS, relative, small_model, text

COMMAND_LINE = HERE / "fixtures" / "command_line"
RECIPE = (
    (COMMAND_LINE / "train.toml").read_text().replace("text.txt", str(COMMAND_LINE / "text.txt"))
)
ONE = Team(0, 1, torch.device("cpu"))


def rows(log: Path) -> list[list[float]]:
    return [[float(x) for x in line.split(",")] for line in log.read_text().splitlines()[1:]]


class Folder(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def recipe(self, *changes: tuple[str, str]) -> Path:
        recipe = RECIPE
        for old, new in changes:
            self.assertIn(old, recipe)
            recipe = recipe.replace(old, new)
        path = self.folder / "train.toml"
        path.write_text(recipe)
        return path

    def launch(
        self, out: str, *arguments: str, size: int = 1, **settings: object
    ) -> list[subprocess.Popen[str]]:
        """As torchrun starts them: the same command for each process, and its place in the environment."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "wavefield.train", str(self.folder / "train.toml")]
        command += ["--out", str(self.folder / out), "--device", "cpu", *arguments]
        started = []
        for rank in range(size):
            place = {
                "RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": size, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port,
                "OMP_NUM_THREADS": 1, "PYTHONPATH": HERE.parent,
            }  # fmt: skip
            env = {**os.environ, **{key: str(value) for key, value in place.items()}}
            started.append(
                subprocess.Popen(
                    command, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
                )
            )
        return started

    def finish(self, started: list[subprocess.Popen[str]]) -> str:
        said = ""
        try:
            for process in started:
                out, err = process.communicate(timeout=400)
                said += out + err
                self.assertEqual(process.returncode, 0, out + err)
        finally:
            for process in started:
                process.kill()
        return said

    def check_like_the_command_line(self, out: Path, tolerance: float = 1e-4) -> None:
        for found, expected in zip(
            rows(out / "validation.csv"), rows(COMMAND_LINE / "validation.csv"), strict=True
        ):
            for f, e in zip(found, expected, strict=True):
                self.assertLess(abs(f - e), tolerance * max(e, 0.1), (found, expected))
        found, expected = (checkpoint.read(f / "run.safetensors") for f in (out, COMMAND_LINE))
        assert found.run is not None and expected.run is not None
        self.assertEqual(found.run.config, expected.run.config)
        self.assertEqual(found.run.step, 20)
        self.assertEqual(found.model.tokenizer, expected.model.tokenizer)
        for (name, p), q in zip(found.model.named_parameters(), expected.model.parameters()):
            self.assertLess(relative(p, q), 10 * tolerance, name)
        for f, e in zip(found.run.moments, expected.run.moments):
            for name in f:
                self.assertLess(relative(f[name], e[name]), 20 * tolerance, name)


class Runs(Folder):
    def test_the_command_lines_run(self) -> None:
        self.recipe()
        said = self.finish(self.launch("one"))
        self.check_like_the_command_line(self.folder / "one")
        self.assertIn(
            "8145 parameters, validation loss 3.4938, perplexity 32.910, accuracy 12.59 %", said
        )
        model = WaveField.from_pretrained(self.folder / "one")
        self.assertEqual(model.metadata, {"step": "20"})
        self.assertEqual(len(model.generate("a", max_tokens=5)), 5)

    def test_two_processes_are_as_one(self) -> None:
        # Dropout included: which elements are dropped does not depend on who computes them.
        self.recipe()
        said = self.finish(self.launch("two", size=2))
        self.assertIn("2 processes on cpu, 3 sequences at once in each", said)
        self.check_like_the_command_line(self.folder / "two")

    def test_two_processes_with_unequal_shares_that_add_up_gradients(self) -> None:
        path = self.recipe(("batch_size = 6", "batch_size = 5"), ("steps = 20", "steps = 10"))
        self.finish(self.launch("two", "--micro-batch", "2", size=2))
        session = Session(Recipe.read(path), self.folder / "one", ONE, Way())
        session.go(silent=True)
        for found, expected in zip(
            *(rows(self.folder / f / "validation.csv") for f in ("two", "one")), strict=True
        ):
            for f, e in zip(found, expected):
                self.assertLess(abs(f - e), 1e-5 * max(e, 0.1))

    @unittest.skipIf(torch_version() < (2, 6), "sharing parameters out needs torch 2.6")
    def test_shared_out_parameters(self) -> None:
        self.recipe()
        self.finish(self.launch("shared", "--shard", "--micro-batch", "2", size=2))
        self.check_like_the_command_line(self.folder / "shared")
        # And they are taken up again.
        state = self.folder / "shared" / "run.safetensors"
        before = checkpoint.read(state)
        said = self.finish(self.launch("shared", "--shard", size=2))
        self.assertIn("step 20 of 20", said)
        after = checkpoint.read(state)
        assert before.run is not None and after.run is not None
        for a, b in zip(before.run.moments, after.run.moments):
            self.assertTrue(all(torch.equal(a[name], b[name]) for name in a))

    @unittest.skipIf(torch_version() < (2, 0), "bf16 needs torch 2.0")
    def test_bf16_learns_about_the_same(self) -> None:
        self.recipe()
        self.finish(self.launch("half", "--precision", "bf16"))
        found, expected = rows(self.folder / "half" / "validation.csv"), rows(
            COMMAND_LINE / "validation.csv"
        )
        self.assertLess(abs(found[-1][2] - expected[-1][2]), 0.02)
        self.assertNotEqual(found[-1][2], expected[-1][2])

    @unittest.skipIf(torch_version() >= (2, 0), "this torch has bf16 and sharing")
    def test_what_an_older_torch_lacks_is_said(self) -> None:
        with self.assertRaisesRegex(ConfigError, "bf16: needs torch 2.0 or newer"):
            Way(precision="bf16").check(ONE.device)
        with self.assertRaisesRegex(ConfigError, "shard: needs torch 2.6 or newer"):
            ONE.wrap(small_model(), [], True)

    def test_stopped_and_gone_on_with(self) -> None:
        path = self.recipe(
            ("steps = 20", "steps = 2000"), ("evaluate_every = 10", "evaluate_every = 1000")
        )
        (process,) = self.launch("run", "--save-every", "0.1")
        state = self.folder / "run" / "run.safetensors"
        until = time.monotonic() + 300
        while not state.exists() and time.monotonic() < until:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        said = self.finish([process])
        self.assertIn("stopped after step", said)
        stopped = checkpoint.read(state).run
        assert stopped is not None
        self.assertGreater(stopped.step, 0)
        # From there a few steps, and the same few from the start: bit for bit.
        session = Session(Recipe.read(path), self.folder / "run", ONE, Way())
        self.assertEqual(session.trainer.step_number, stopped.step)
        # The way that was found to be the quicker then.
        way = Way(method=session.trainer.model.run.method)
        self.assertIn(f"the field by {way.method}", said)
        whole = Session(Recipe.read(path), self.folder / "whole", ONE, way)
        while whole.trainer.step_number < stopped.step:
            whole.trainer.step()
        for _ in range(3):
            self.assertEqual(session.trainer.step(), whole.trainer.step())
        for a, b in zip(session.trainer.values().values(), whole.trainer.values().values()):
            self.assertTrue(torch.equal(a, b))

    def test_the_command_lines_run_is_gone_on_with(self) -> None:
        run = checkpoint.read(COMMAND_LINE / "run.safetensors")
        assert run.run is not None
        recipe = Recipe.read(self.recipe())
        settings = dataclasses.replace(recipe.train, schedule="constant")
        tokenizer = run.model.tokenizer
        assert tokenizer is not None
        dataset = Dataset.from_text(tokenizer, recipe.text(), 0.1)
        # Twenty steps here and three more, against the twenty there and three here.
        own = Trainer(WaveField(run.model.config, 5), recipe.train, dataset)
        while own.step_number < 20:
            own.step()
        own.settings = settings
        theirs = Trainer(run.model, settings, dataset, run=run.run)
        for _ in range(3):
            self.assertLess(abs(own.step().loss - theirs.step().loss), 1e-4)

    def test_another_recipe_is_refused(self) -> None:
        path = self.recipe(("steps = 20", "steps = 2"))
        Session(Recipe.read(path), self.folder, ONE, Way()).go(silent=True)
        path.write_text(path.read_text().replace("steps = 2", "steps = 3"))
        with self.assertRaisesRegex(WaveFieldError, "other settings"):
            Session(Recipe.read(path), self.folder, ONE, Way())
        session = Session(Recipe.read(path), self.folder, ONE, Way(), restart=True)
        self.assertEqual(session.trainer.step_number, 0)
        self.assertFalse(session.state_file.exists())

    def test_a_run_that_comes_to_no_number(self) -> None:
        path = self.recipe(("peak_lr = 1e-2", "peak_lr = 10.0"), ("steps = 20", "steps = 8"))
        session = Session(Recipe.read(path), self.folder, ONE, Way())
        trainer = session.trainer
        trainer.step()
        before = trainer.values()
        with torch.no_grad():
            spoilt = trainer.parameters["norm.weight"]
            kept = spoilt.clone()
            spoilt.fill_(float("inf"))
        self.assertRaisesRegex(Diverged, "at step 2 the loss came to no number", trainer.step)
        with torch.no_grad():
            spoilt.copy_(kept)
        self.assertEqual(trainer.step_number, 1)
        self.assertTrue(
            all(torch.equal(before[name], value) for name, value in trainer.values().items())
        )

    def test_every_kind_learns(self) -> None:
        tokenizer = Tokenizer.train_character(text())
        dataset = Dataset.from_text(tokenizer, text(), 0.1)
        settings = TrainSettings(
            batch_size=4, seq_len=32, steps=12, warmup_steps=1, peak_lr=1e-2, physics_lr=0.5
        )
        for kind, options in KINDS.items():
            trainer = Trainer(small_model(**options), settings, dataset)
            before = trainer.evaluate().loss
            for _ in range(12):
                trainer.step()
            self.assertLess(trainer.evaluate().loss, before - 0.3, kind)


class Parts(Folder):
    def test_random_numbers_are_the_published_ones(self) -> None:
        # Random123's own test vectors.
        self.assertEqual(rng.philox(0, 0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8))
        most = (1 << 64) - 1
        self.assertEqual(
            rng.philox(most, most, most), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)
        )
        normals = rng.normal(7, rng.INITIAL, 0, 20_000)
        self.assertLess(abs(float(normals.mean())), 0.03)
        self.assertLess(abs(float(normals.var()) - 1), 0.03)
        self.assertTrue(torch.equal(rng.normal(7, rng.INITIAL, 500, 9), normals[500:509]))

    def test_dropout_masks(self) -> None:
        key = rng.dropout_key(3, 9)
        mask = rng.dropout_mask(0.25, key, 11, 100, 5000, ONE.device)
        start = rng.mix32(key ^ rng.mix32(11 + 0x9E3779B9))
        for i in range(0, 5000, 7):
            word = rng.mix32((start + 100 + i) & 0xFFFFFFFF)
            self.assertEqual(
                float(mask[i]), float(torch.tensor(1 / 0.75)) if word >= 1 << 30 else 0.0, i
            )
        self.assertAlmostEqual(float(mask.mean()), 1.0, delta=0.05)

    def test_the_schedule(self) -> None:
        settings = TrainSettings(peak_lr=1.0, min_lr=0.1, warmup_steps=10, steps=110)
        for course, quarter, half, end in (
            ("cosine", 0.55 + 0.45 * 0.5**0.5, 0.55, 0.1), ("constant", 1.0, 1.0, 1.0), ("linear", 0.775, 0.55, 0.1)
        ):  # fmt: skip
            s = dataclasses.replace(settings, schedule=course)
            for step, expected in (
                (1, 0.1),
                (5, 0.5),
                (10, 1.0),
                (35, quarter),
                (60, half),
                (110, end),
                (500, end),
            ):
                self.assertAlmostEqual(learning_rate(s, step), expected, places=12)

    def test_batches(self) -> None:
        data = Dataset(torch.arange(50, dtype=torch.int32), torch.arange(11, dtype=torch.int32))
        ids, targets = data.batch(1, 1, 4, 8)
        self.assertTrue(torch.equal(ids + 1, targets))
        parts = [data.batch(1, 1, 4, 8, mine)[0] for mine in (range(0, 1), range(1, 4))]
        self.assertTrue(torch.equal(torch.cat(parts), ids))
        self.assertFalse(torch.equal(data.batch(1, 2, 4, 8)[0], ids))
        self.assertEqual({int(data.batch(3, step, 1, 48)[0][0, 0]) for step in range(200)}, {0, 1})
        self.assertEqual(data.windows(4), 3)
        _, targets = data.validation_batch([0, 1, 2], 4, 4)
        self.assertEqual(targets[targets != -100].tolist(), list(range(1, 11)))
        with self.assertRaisesRegex(WaveFieldError, "at least 51"):
            data.check(50)

    def test_texts(self) -> None:
        path = self.folder / "t.txt"
        path.write_bytes("\ufeffa\r\nb\rc\0é".encode())
        self.assertEqual(read_text(path), "a\nb\ncé")
        path.write_bytes("\ufeffé".encode("utf-16-le"))
        self.assertEqual(read_text(path), "é")
        path.write_bytes("né".encode("cp1252"))
        self.assertEqual(read_text(path, "windows-1252"), "né")
        with self.assertRaisesRegex(WaveFieldError, "0xE9 at byte 2"):
            read_text(path)
        with self.assertRaisesRegex(WaveFieldError, "found 'windows-0'"):
            read_text(path, "windows-0")

    def test_recipes_are_read_with_the_command_lines_defaults(self) -> None:
        path = self.recipe()
        recipe = Recipe.read(self.folder)
        self.assertEqual(recipe, Recipe.read(path))
        self.assertEqual(
            (recipe.train.weight_decay, recipe.train.beta2, recipe.train.shards), (0.01, 0.999, 1)
        )
        self.assertEqual((recipe.validation_share, recipe.initial_seed), (0.1, 5))
        self.assertEqual(
            TrainSettings().to_dict() | {"physics_lr": 1.0}, dataclasses.asdict(TrainSettings())
        )
        self.recipe(
            ("position_scale = 0.03", ""), ("evaluate_every = 10", ""), ("initial_seed = 5", "")
        )
        recipe = Recipe.read(self.folder)
        self.assertEqual(
            (recipe.config(9).position_scale, recipe.evaluate_every, recipe.initial_seed),
            (0.0, 250, 0),
        )

    def test_what_is_wrong_in_a_recipe_is_named(self) -> None:
        for old, new, words in (
            ("peak_lr", "peak_rate", "train.peak_rate: not a setting"),
            ("num_heads = 4", 'num_heads = "four"', "num_heads: expected a whole number"),
            ("num_heads = 4", "num_heads = 4\nheads = 4", "heads: not a setting"),
            ("num_heads = 4", "num_heads = 4\nvocab_size = 4", "model.vocab_size"),
            ('"character"', '"words"', "tokenizer.kind"),
            ('"character"', '"character"\nvocab_size = 300', "tokenizer.vocab_size"),
            ('"linear"', '"sine"', "train.schedule"),
            ("dropout = 0.1", "dropout = 0.1\nshards = 3", "train.shards"),
            ("dropout = 0.1", "dropout = 1.5", "train.dropout: must be from 0 to 0.95"),
            ("evaluate_every", "evaluate_each", "evaluate_each: not a setting of a recipe"),
            ("data = ", "text = ", "text: not a setting"),
            ("[train]", "[train", "TOML"),
            ("field_size = 100", "field_size = 40", "field_size: 40 cells"),
        ):
            path = self.recipe((old, new))
            with (
                self.subTest(words),
                self.assertRaisesRegex(ConfigError, words.replace("[", r"\[")),
            ):
                Recipe.read(path)

    def test_settings_that_do_not_go_with_the_model(self) -> None:
        tokenizer = Tokenizer.train_character(text())
        dataset = Dataset.from_text(tokenizer, text(), 0.1)
        with self.assertRaisesRegex(ConfigError, r"context \(33\)"):
            Trainer(small_model(), TrainSettings(seq_len=34), dataset)
        with self.assertRaisesRegex(ConfigError, "number of processes"):
            Trainer(
                small_model(),
                TrainSettings(batch_size=2, seq_len=8),
                dataset,
                Team(0, 3, ONE.device),
            )
        for way in (Way(precision="f8"), Way(method="sums"), Way(micro_batch=-1)):
            self.assertRaises(ConfigError, way.check, ONE.device)

    def test_a_log_is_cut(self) -> None:
        log = self.folder / "validation.csv"
        log.write_text("step,training_loss,loss,perplexity,accuracy\n10,1,1,1,1\n20,1,1,1,1\n3")
        cut_log(log, 10)
        self.assertEqual([row[0] for row in rows(log)], [10])

    def test_times_are_told_in_words(self) -> None:
        self.assertEqual([duration(s) for s in (5, 65, 3725)], ["5 s", "1 min 05 s", "1 h 02 min"])

    def test_settings_are_json(self) -> None:
        self.assertEqual(json.loads(json.dumps(TrainSettings().to_dict()))["steps"], 3000)


if __name__ == "__main__":
    unittest.main()
