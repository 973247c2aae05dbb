"""Vocabularies against the ids that the `tokenizers` library gives, by the reader here and by the library."""

from __future__ import annotations

import json
import unittest
from unittest import mock

from wavefield import Tokenizer, TokenizerError, tokenizer

from .helpers import ENGINE_FIXTURES

FOLDER = ENGINE_FIXTURES / "tokenizer"


def stored(name: str) -> str:
    return (FOLDER / name).read_bytes().decode()


class Vocabulary(unittest.TestCase):
    def test_ids_of_the_reader_here(self) -> None:
        with mock.patch.object(tokenizer, "_library", None):
            self.check_ids()

    @unittest.skipIf(tokenizer._library is None, "the package tokenizers is not installed")
    def test_ids_of_the_library(self) -> None:
        self.check_ids()

    def check_ids(self) -> None:
        cases = json.loads(stored("cases.json"))
        self.assertGreater(len(cases), 80)
        for kind in ("character", "bpe"):
            t = Tokenizer.from_json(stored(f"{kind}.json"))
            self.assertEqual(t.kind, kind)
            for case in cases:
                with self.subTest(kind=kind, text=case["text"]):
                    if case[kind] is None:
                        self.assertRaises(TokenizerError, t.encode, case["text"])
                        continue
                    ids = t.encode(case["text"])
                    self.assertEqual(ids, case[kind])
                    self.assertEqual(t.decode(ids), case["text"])
                    stream = t.streamer()
                    text = "".join(stream.push(id) for id in ids) + stream.finish()
                    self.assertEqual(text, case["text"])

    def test_training_gives_the_engines_files(self) -> None:
        sample = stored("sample.txt")
        bpe = Tokenizer.train_bpe(sample, 400)
        self.assertEqual(bpe.to_json(), stored("bpe.json"))
        self.assertEqual(bpe, Tokenizer.from_json(stored("library.json")))
        self.assertEqual(Tokenizer.train_character(sample).to_json(), stored("character.json"))

    def test_added_tokens(self) -> None:
        text = (ENGINE_FIXTURES / "files" / "special_token.tokenizer.json").read_text()
        for library in (None, tokenizer._library):
            with mock.patch.object(tokenizer, "_library", library):
                t = Tokenizer.from_json(text)
                ids = t.encode("a<|endoftext|> b")
                self.assertEqual(ids.count(0), 1)
                self.assertEqual(t.decode(ids), "a<|endoftext|> b")
                self.assertEqual(Tokenizer.from_json(t.to_json()), t)

    def test_an_unknown_character_is_named_with_its_place(self) -> None:
        t = Tokenizer.train_character("ab\n")
        with self.assertRaisesRegex(
            TokenizerError, r'"é" U\+00E9, U\+0009.*character 4 .*line 2, column 2'
        ):
            t.encode("a\nbé\t".replace("bé", "bé"))

    def test_files_of_other_kinds_are_refused(self) -> None:
        for kind, part, value in (
            ("bpe", ("normalizer",), {"type": "NFC"}),
            ("bpe", ("model", "type"), "Unigram"),
            ("bpe", ("model", "dropout"), 0.1),
            ("bpe", ("model", "byte_fallback"), True),
            ("bpe", ("pre_tokenizer", "add_prefix_space"), True),
            ("bpe", ("model", "merges"), [["a", "not there"]]),
            ("bpe", ("model", "vocab"), {"a": 1}),
            ("character", ("pre_tokenizer", "behavior"), "Removed"),
            ("character", ("model", "unk_token"), "a"),
            ("character", ("model", "vocab"), {"ab": 0}),
        ):
            file = json.loads(stored(f"{kind}.json"))
            place = file
            for key in part[:-1]:
                place = place[key]
            place[part[-1]] = value
            with self.subTest(part=part), self.assertRaisesRegex(TokenizerError, "expected"):
                Tokenizer.from_json(json.dumps(file))
        self.assertRaises(TokenizerError, Tokenizer.from_json, "{")
        self.assertRaises(TokenizerError, Tokenizer.train_bpe, "text", 100)
        self.assertRaises(TokenizerError, Tokenizer.train_character, "")


if __name__ == "__main__":
    unittest.main()
