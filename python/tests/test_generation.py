"""Writing: the recurrent view against the parallel one, the draw, and the engine's own texts."""

from __future__ import annotations

import math
import unittest

import torch

from wavefield import ConfigError, Decoder, Generation, Sampler, TokenizerError, WaveField

from .helpers import KINDS, REPOSITORY, cases, small_model, text

#: `wavefield generate models/shakespeare --prompt "ROMEO:" --seed 7 --temperature 1.0 --top-k 20`
DRAWN = (
    "\nWhat's to me?\nThis worthy will supply 'twere going?\nRatcliff, and let us men for calm.\n\nCAPULET:\n"
    "Why shall be him, good lady, and the nurse,\nSulles upon"
)
#: `... --prompt "O, " --temperature 0`
GREEDY = "the man of the world of the world of the world of the world of the world"


class Decoding(unittest.TestCase):
    def test_token_by_token_is_the_whole(self) -> None:
        for kind, options in KINDS.items():
            model = small_model(**options)
            assert model.tokenizer is not None
            ids = model.tokenizer.encode(text(33))
            with torch.no_grad():
                expected = model(torch.tensor([ids]))[0]
            for first in (1, 2, 7, 33):
                # The first so many at once, then one by one.
                decoder = Decoder(model)
                found = [(first - 1, decoder.read(ids[:first]))]
                found += [(i, decoder.read(ids[i : i + 1])) for i in range(first, 33)]
                for i, logits in found:
                    error = float((logits - expected[i]).norm() / expected[i].norm())
                    self.assertLess(error, 1e-5, f"{kind}, {first} at once, token {i}")

    def test_golden_logits(self) -> None:
        for case in cases():
            model = case.model()
            ids, expected = case.tensors["ids"][0].tolist(), case.tensors["logits"][0]
            decoder = Decoder(model)
            for i, id in enumerate(ids):
                logits = decoder.read([id])
                error = float((logits - expected[i]).norm() / expected[i].norm())
                self.assertLess(error, 2e-5, f"{case.name}, token {i}")

    def test_the_state_is_constant(self) -> None:
        for kind, options in KINDS.items():
            model = small_model(**options)
            decoder = Decoder(model)
            sizes = []
            for id in range(30):
                decoder.read([id])
                sizes.append(decoder.state_numbers())
            if model.config.is_wave:
                self.assertEqual(sizes[8], sizes[-1], kind)
            else:
                self.assertLess(sizes[8], sizes[-1], kind)

    def test_the_end_of_the_context(self) -> None:
        for kind, options in KINDS.items():
            model = small_model(**options)
            assert model.tokenizer is not None
            ids = model.tokenizer.encode(text(120))
            one_by_one, at_once = Decoder(model), Decoder(model)
            for id in ids:
                one_by_one.read([id])
            at_once.read(ids)
            self.assertEqual(one_by_one.count, at_once.count, kind)
            self.assertLessEqual(at_once.count, model.config.max_seq_len)
            torch.testing.assert_close(one_by_one.logits, at_once.logits, rtol=1e-4, atol=1e-6)
            # What is still heard is the last half of the context and what came since.
            fresh = Decoder(model)
            fresh.read(ids[len(ids) - at_once.count :])
            torch.testing.assert_close(fresh.logits, at_once.logits, rtol=1e-4, atol=1e-6)

    def test_running_on(self) -> None:
        # Past the field a wave goes on as on a longer field, but for the sum that it is divided by.
        model = small_model()
        assert model.tokenizer is not None
        ids = model.tokenizer.encode(text(100))
        decoder = Decoder(model, "run_on")
        for id in ids:
            decoder.read([id])
        self.assertEqual(decoder.count, 100)
        other = Decoder(model, "run_on")
        other.read(ids)
        torch.testing.assert_close(other.logits, decoder.logits, rtol=1e-4, atol=1e-6)
        reread = Decoder(model)
        reread.read(ids)
        self.assertGreater(float((reread.logits - decoder.logits).abs().max()), 1e-5)
        self.assertRaises(ConfigError, Decoder, model, "stop")


class Drawing(unittest.TestCase):
    def test_draws_are_the_engines(self) -> None:
        # The same figures stand in a test of the engine's sampler.
        logits = torch.tensor([(i * 7 % 40) * 0.1 for i in range(40)])
        sampler = Sampler(temperature=0.8, top_k=20, top_p=0.9, seed=7)
        self.assertEqual(
            [sampler.next(logits) for _ in range(10)], [39, 11, 34, 34, 11, 4, 17, 11, 11, 21]
        )

    def test_frequencies_follow_the_probabilities(self) -> None:
        logits = torch.log(torch.tensor([0.5, 0.3, 0.2]))
        sampler = Sampler(seed=3)
        ids = [sampler.next(logits) for _ in range(4000)]
        for id, share in enumerate((0.5, 0.3, 0.2)):
            self.assertAlmostEqual(ids.count(id) / 4000, share, delta=0.03)

    def test_truncation(self) -> None:
        logits = torch.log(torch.tensor([0.1, 0.4, 0.2, 0.3]))
        for settings, allowed in (
            ({"top_k": 2}, {1, 3}),
            ({"top_p": 0.5}, {1, 3}),
            ({"top_p": 0.0}, {1}),
            ({"top_k": 3, "top_p": 0.99}, {1, 2, 3}),
            ({"temperature": 0.0}, {1}),
            ({"temperature": 1e-30}, {1}),
        ):
            sampler = Sampler(**settings)  # type: ignore[arg-type]
            self.assertEqual({sampler.next(logits) for _ in range(200)}, allowed, settings)

    def test_what_is_no_number_and_what_came_before(self) -> None:
        nan, inf = math.nan, math.inf
        self.assertEqual(Sampler(temperature=0).next(torch.tensor([nan, 1.0, -inf])), 1)
        self.assertEqual(Sampler(temperature=0).next(torch.tensor([nan, 1.0, inf])), 2)
        self.assertEqual(Sampler(temperature=0).next(torch.tensor([nan, nan])), 0)
        penalised = Sampler(temperature=0, repetition_penalty=2.0)
        self.assertEqual(penalised.next(torch.tensor([1.0, 1.5]), [1, 1]), 0)

    def test_settings_out_of_range_are_named(self) -> None:
        for name, value in (
            ("temperature", -1.0),
            ("temperature", math.inf),
            ("top_p", 1.1),
            ("top_k", -1),
            ("repetition_penalty", 0.0),
        ):
            with self.assertRaises(ConfigError) as caught:
                Sampler(**{name: value})  # type: ignore[arg-type]
            self.assertEqual(caught.exception.field, name)


class Writing(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.model = WaveField.from_pretrained(REPOSITORY / "models" / "shakespeare")

    def test_the_command_lines_texts(self) -> None:
        found = self.model.generate(
            "ROMEO:", max_tokens=len(DRAWN), temperature=1.0, top_k=20, seed=7
        )
        self.assertEqual(found, DRAWN)
        self.assertEqual(self.model.generate("O, ", max_tokens=len(GREEDY), temperature=0), GREEDY)

    def test_stop_strings(self) -> None:
        pieces = Generation(
            self.model, "O, ", max_tokens=40, temperature=0, stop=["world of", "never"]
        )
        self.assertEqual("".join(pieces), "the man of the ")
        self.assertEqual(
            self.model.generate("O, ", max_tokens=5, temperature=0, stop=["mane"]), "the m"
        )
        self.assertEqual(self.model.generate("O, ", max_tokens=0), "")

    def test_an_empty_prompt_is_a_line_break(self) -> None:
        a, b = (self.model.generate(prompt, max_tokens=8, temperature=0) for prompt in ("", "\n"))
        self.assertEqual(a, b)

    def test_without_a_vocabulary(self) -> None:
        model = small_model()
        model.tokenizer = None
        self.assertRaises(TokenizerError, model.generate, "a")


if __name__ == "__main__":
    unittest.main()
