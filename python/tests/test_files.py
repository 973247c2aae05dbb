"""Models as files: those of the command line, those written here, and those that are refused."""

from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path

import torch

from wavefield import CheckpointError, WaveField, checkpoint, safetensors

from .helpers import ENGINE_FIXTURES, HERE, KINDS, REPOSITORY, small_model, text

COMMAND_LINE = HERE / "fixtures" / "command_line"


class Files(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_initial_values_are_the_command_lines(self) -> None:
        model = WaveField.from_pretrained(COMMAND_LINE / "start.safetensors")
        new = dict(WaveField(model.config, seed=5).named_parameters())
        for name, p in model.named_parameters():
            self.assertTrue(torch.equal(p, new[name]), name)

    def test_what_the_command_line_wrote_is_written_again_to_the_same_bytes(self) -> None:
        path = COMMAND_LINE / "start.safetensors"
        WaveField.from_pretrained(path).save_pretrained(self.folder)
        self.assertEqual((self.folder / "model.safetensors").read_bytes(), path.read_bytes())
        path = COMMAND_LINE / "run.safetensors"
        c = checkpoint.read(path)
        assert c.run is not None
        again = self.folder / "run.safetensors"
        checkpoint.write(
            again,
            c.model.config,
            dict(c.model.named_parameters()),
            c.model.tokenizer,
            c.extra,
            c.run,
        )
        # But for how small numbers are spelled in the settings: 0.00001 there, 1e-05 here.
        found, expected = safetensors.read(again), safetensors.read(path)
        self.assertEqual(list(found.tensors), list(expected.tensors))
        for name, tensor in expected.tensors.items():
            self.assertTrue(torch.equal(found.tensors[name], tensor), name)
        settings = [json.loads(file.metadata.pop("trainer.config")) for file in (found, expected)]
        self.assertEqual(settings[0], settings[1])
        self.assertEqual(found.metadata, expected.metadata)

    def test_fewer_bits(self) -> None:
        whole = dict(WaveField.from_pretrained(COMMAND_LINE / "run.safetensors").named_parameters())
        for name, most in (("half", 5e-4), ("bytes", 1.01 / 254)):
            model = WaveField.from_pretrained(COMMAND_LINE / f"{name}.safetensors")
            for tensor, p in model.named_parameters():
                error = float(
                    (p - whole[tensor]).abs().max() / whole[tensor].abs().max().clamp_min(1e-9)
                )
                # A row's scale is rounded, too.
                self.assertLess(error, most + 1e-3, f"{name}, {tensor}")
        stored = safetensors.read(COMMAND_LINE / "bytes.safetensors").tensors
        self.assertEqual(stored["token_embedding.weight"].dtype, torch.int8)

    def test_the_shipped_model_opens(self) -> None:
        model = WaveField.from_pretrained(REPOSITORY / "models" / "shakespeare")
        self.assertEqual(model.tokenizer and model.tokenizer.vocab_size, 65)
        self.assertEqual(model.parameter_count(), 1_364_073)
        # `wavefield eval` of the same text in the same windows: 1.0840045, 66.65 %.
        found = model.evaluate(text(2001), 256)
        self.assertEqual((found.accuracy, found.tokens), (0.6665, 2000))
        self.assertAlmostEqual(found.loss, 1.0840045, places=5)

    def test_every_kind_comes_back_bit_for_bit(self) -> None:
        for kind, options in KINDS.items():
            model = small_model(**options)
            model.metadata = {"note": "kept"}
            model.save_pretrained(self.folder / kind)
            again = WaveField.from_pretrained(self.folder / kind)
            self.assertEqual((again.config, again.metadata), (model.config, model.metadata))
            self.assertEqual(again.tokenizer, model.tokenizer)
            for (name, p), q in zip(model.named_parameters(), again.parameters()):
                self.assertTrue(torch.equal(p, q), f"{kind}, {name}")
            # And from the file alone.
            WaveField.from_pretrained(self.folder / kind / "model.safetensors")

    def test_the_form_is_the_releases(self) -> None:
        model = small_model()
        model.save_pretrained(self.folder)
        file = safetensors.read(self.folder / "model.safetensors")
        weight = file.tensors["layers.0.attention.qkv_proj.weight"]
        self.assertEqual(tuple(weight.shape), (48, 16))
        self.assertEqual(int(weight[:16].count_nonzero()), 0)
        self.assertEqual(file.tensors["interference_modules.0.norm.weight"].tolist(), [1.0] * 16)
        self.assertEqual(file.tensors["interference_modules.0.interference_temperature"].shape, ())
        self.assertEqual(file.metadata["format"], "pt")
        self.assertTrue(file.metadata["position_scale_note"].startswith("0.03: "))

    def test_wrapped_names_and_parts(self) -> None:
        wrapped = WaveField.from_pretrained(
            ENGINE_FIXTURES / "files" / "prefix_orig_mod.safetensors"
        )
        self.assertGreater(wrapped.parameter_count(), 0)
        small_model().save_pretrained(self.folder)
        path = self.folder / "model.safetensors"
        whole = safetensors.read(path)
        names = sorted(whole.tensors)
        weight_map = {}
        for i, part in enumerate((names[::2], names[1::2])):
            safetensors.write(
                self.folder / f"{i}.safetensors",
                whole.metadata,
                {n: whole.tensors[n] for n in part},
            )
            weight_map.update({n: f"{i}.safetensors" for n in part})
        path.unlink()
        (self.folder / "model.safetensors.index.json").write_text(
            json.dumps({"weight_map": weight_map})
        )
        WaveField.from_pretrained(self.folder)

    def refused(self, words: str, change: object) -> None:
        small_model().save_pretrained(self.folder)
        path = self.folder / "model.safetensors"
        file = safetensors.read(path)
        change(file)  # type: ignore[operator]
        safetensors.write(path, file.metadata, file.tensors)
        with self.assertRaisesRegex(CheckpointError, words):
            WaveField.from_pretrained(self.folder)

    def test_what_is_wrong_is_named(self) -> None:
        def config(**values: object) -> object:
            def change(file: safetensors.Container) -> None:
                file.metadata["config"] = json.dumps(
                    {**json.loads(file.metadata["config"]), **values}
                )

            return change

        self.refused("config: local_time: not a setting", config(local_time=1))
        self.refused('norm: expected "layer" or "rms", found "batch"', config(norm="batch"))
        self.refused("layers.0.ffn.0.weight: expected the shape", config(ffn_dim=25))
        self.refused("token_embedding.weight: expected the shape", config(vocab_size=9))
        self.refused("metadata, found none", lambda f: f.metadata.pop("config"))
        self.refused(
            'expected the kind "wave" or "standard"', lambda f: f.metadata.update(model="lstm")
        )
        self.refused("norm.weight: expected a tensor", lambda f: f.tensors.pop("norm.weight"))
        self.refused("`layers.9.x`", lambda f: f.tensors.update({"layers.9.x": torch.ones(2)}))
        self.refused(
            "norm.weight.scale: expected a scale",
            lambda f: f.tensors.update({"norm.weight": torch.ones(16, dtype=torch.int8)}),
        )
        self.refused("vocabulary of", lambda f: f.metadata.update(tokenizer=json.dumps(
            {**json.loads(f.metadata["tokenizer"]), "model": {"type": "WordLevel", "vocab": {"a": 0}}})))  # fmt: skip

    def test_what_the_release_writes_is_taken(self) -> None:
        for kind in ("wave", "rotary"):
            model = small_model(**KINDS[kind])
            model.save_pretrained(self.folder)
            path = self.folder / "model.safetensors"
            file = safetensors.read(path)
            del file.metadata["model"]
            config = json.loads(file.metadata["config"])
            config.update(dropout=0.1, use_checkpoint=True, device="cuda")
            config.pop("architecture", None)
            file.metadata["config"] = json.dumps(config)
            safetensors.write(path, file.metadata, file.tensors)
            self.assertEqual(WaveField.from_pretrained(path).config, model.config)

    def test_broken_files(self) -> None:
        small_model().save_pretrained(self.folder)
        path = self.folder / "model.safetensors"
        data = path.read_bytes()
        for name, bad, words in (
            ("cut short", data[:-40], "cut short"),
            (
                "a pointer",
                b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
                "git lfs pull",
            ),
            ("empty", b"", "expected a safetensors file"),
            ("huge header", b"\xff" * 64, "expected a safetensors file"),
            ("no JSON", (8).to_bytes(8, "little") + b"notjson!", "JSON"),
            ("not finite", data[:-4] + b"\0\0\xc0\x7f", "expected numbers"),
        ):
            path.write_bytes(bad)
            with self.subTest(name), self.assertRaisesRegex(CheckpointError, words):
                WaveField.from_pretrained(self.folder)
        with self.assertRaisesRegex(CheckpointError, "nothing there"):
            WaveField.from_pretrained(self.folder / "elsewhere")

    def test_what_is_no_number_is_not_written(self) -> None:
        model = small_model()
        with torch.no_grad():
            model.norm.weight[3] = float("nan")
        with self.assertRaisesRegex(CheckpointError, "norm.weight"):
            model.save_pretrained(self.folder)
        self.assertEqual(list(self.folder.glob("*.safetensors")), [])


if __name__ == "__main__":
    unittest.main()
