"""Vocabularies: one token a character, or byte-level byte pairs, as `tokenizer.json`.

The files are those of the `tokenizers` library. Where that is installed it cuts texts into byte pairs, which
is quicker for long ones; otherwise the reader here does, with the same result. Characters are read here
always. What would make the library read a text differently is refused, never ignored.
"""

from __future__ import annotations

import codecs
import heapq
import json
import unicodedata
from collections import Counter, defaultdict
from functools import lru_cache
from typing import Any, Iterator, Sequence

from .errors import TokenizerError

try:
    import tokenizers as _library
except ImportError:
    _library = None  # type: ignore[assignment]

EVERY_CHARACTER = "[\\s\\S]"
_ADVICE = (
    "open a tokenizer.json of the playground, or one with a byte-level BPE made by the tokenizers library "
    "without a normalizer"
)
_CONTRACTIONS = ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d")


def _spelling() -> dict[int, str]:
    """GPT-2's visible character for each byte."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = (byte for byte in range(256) if byte not in plain)
    return {byte: chr(byte) for byte in plain} | {
        byte: chr(0x100 + i) for i, byte in enumerate(others)
    }


BYTE_TO_CHARACTER = _spelling()
CHARACTER_TO_BYTE = {character: byte for byte, character in BYTE_TO_CHARACTER.items()}
#: The first 256 tokens of a vocabulary that is trained here.
ALPHABET = [CHARACTER_TO_BYTE[character] for character in sorted(CHARACTER_TO_BYTE)]

# The property White_Space.
_SPACES = frozenset("\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000") | {
    chr(code) for code in range(0x2000, 0x200B)
}


@lru_cache(maxsize=1 << 16)
def _class(character: str) -> str:
    """`L`etter, `N`umber, ` ` or `.` for all else."""
    if character in _SPACES:
        return " "
    category = unicodedata.category(character)[0]
    return category if category in "LN" else "."


def words(text: str) -> Iterator[str]:
    """Cuts as GPT-2 does: 's|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"""
    at, length = 0, len(text)
    while at < length:
        start = at
        contraction = next((c for c in _CONTRACTIONS if text.startswith(c, at)), None)
        if contraction:
            at += len(contraction)
        else:
            body = at + (text[at] == " ")
            kind = _class(text[body]) if body < length else " "
            if kind != " ":
                at = body
                while at < length and _class(text[at]) == kind:
                    at += 1
            else:
                while at < length and text[at] in _SPACES:
                    at += 1
                # The last one of several is left to the word that follows.
                if at < length and at - start > 1:
                    at -= 1
        yield text[start:at]


class Tokenizer:
    """A vocabulary: `Tokenizer.from_json`, `train_character` or `train_bpe` make one."""

    def __init__(
        self,
        kind: str,
        tokens: Sequence[bytes],
        merges: Sequence[tuple[int, int]] = (),
        added: Sequence[dict[str, Any]] = (),
        text: str | None = None,
    ) -> None:
        self.kind = kind
        """`character` or `bpe`."""
        self.tokens = list(tokens)
        """The bytes of each id."""
        self.merges = list(merges)
        self.added = list(added)
        self._text = text
        self._ids = {token: id for id, token in reversed(list(enumerate(self.tokens)))}
        if kind == "character":
            self._characters = {token.decode(): id for id, token in enumerate(self.tokens)}
        else:
            for token in self.added:
                # An added token is found by its text alone: merges may make the same bytes.
                same = [
                    i for i, other in enumerate(self.tokens) if other == self.tokens[token["id"]]
                ]
                rest = [i for i in same if all(i != other["id"] for other in self.added)]
                if rest:
                    self._ids[self.tokens[token["id"]]] = rest[0]
            self._ranks: dict[tuple[int, int], tuple[int, int]] = {}
            for rank, (left, right) in enumerate(self.merges):
                joined = self.tokens[left] + self.tokens[right]
                if joined not in self._ids:
                    raise TokenizerError(
                        f"expected the result of merge {rank} in the vocabulary, found no such token; "
                        "save or download the file again"
                    )
                self._ranks[left, right] = (rank, self._ids[joined])
            self._seen: dict[str, list[int]] = {}
            self._library = None
            if _library is not None:
                self._library = _library.Tokenizer.from_str(self.to_json())

    @property
    def vocab_size(self) -> int:
        return len(self.tokens)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tokenizer):
            return NotImplemented
        return (self.kind, self.tokens, self.merges, self.added) == (
            other.kind,
            other.tokens,
            other.merges,
            other.added,
        )

    # ---- texts -----------------------------------------------------------------------------------

    def encode(self, text: str) -> list[int]:
        """The ids of a text; a character that the vocabulary lacks is named."""
        if self.kind == "character":
            try:
                return [self._characters[c] for c in text]
            except KeyError:
                raise self._unknown(text, set(self._characters)) from None
        if not self._has_every_byte():
            self._refuse_bytes(text)
        if self._library is not None:
            return list(self._library.encode(text, add_special_tokens=False).ids)
        ids: list[int] = []
        for piece in self._pieces(text):
            if isinstance(piece, int):
                ids.append(piece)
                continue
            for word in words(piece):
                found = self._seen.get(word)
                if found is None:
                    found = self._seen[word] = self._join(word.encode())
                ids.extend(found)
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids. Bytes that are no valid UTF-8 show as U+FFFD."""
        return b"".join(self.tokens[id] for id in ids).decode(errors="replace")

    def streamer(self) -> Streamer:
        """Turns ids into text one at a time, without ever showing half a character."""
        return Streamer(self)

    def _join(self, word: bytes) -> list[int]:
        ids = [self._ids[word[i : i + 1]] for i in range(len(word))]
        while len(ids) > 1:
            pairs = ((self._ranks.get(pair), i) for i, pair in enumerate(zip(ids, ids[1:])))
            known = [(rank, i) for rank, i in pairs if rank is not None]
            if not known:
                break
            (_, id), at = min(known)
            ids[at : at + 2] = [id]
        return ids

    def _pieces(self, text: str) -> Iterator[str | int]:
        """The text cut at added tokens: the leftmost first, of several there the longest, and those that are
        not normalised before the others."""
        pieces: list[str | int] = [text]
        for normalised in (False, True):
            tokens = [t for t in self.added if t["normalized"] == normalised]
            tokens.sort(key=lambda t: -len(t["content"].encode()))
            if tokens:
                cut: list[str | int] = []
                for piece in pieces:
                    cut.extend(_cut(piece, tokens) if isinstance(piece, str) else [piece])
                pieces = cut
        return iter(pieces)

    def _has_every_byte(self) -> bool:
        return all(bytes([byte]) in self._ids for byte in range(256))

    def _refuse_bytes(self, text: str) -> None:
        for piece in self._pieces(text):
            if isinstance(piece, str):
                known = {c for c in set(piece) if all(bytes([b]) in self._ids for b in c.encode())}
                if set(piece) - known:
                    raise self._unknown(text, known)

    @staticmethod
    def _unknown(text: str, known: set[str]) -> TokenizerError:
        unknown = list(dict.fromkeys(c for c in text if c not in known))
        at = next(i for i, c in enumerate(text) if c not in known)
        names = ", ".join(
            f"U+{ord(c):04X}" if not c.isprintable() or c.isspace() else f'"{c}" U+{ord(c):04X}'
            for c in unknown[:20]
        )
        line = text.count("\n", 0, at) + 1
        column = at - (text.rfind("\n", 0, at) + 1) + 1
        return TokenizerError(
            f"expected only characters of this vocabulary, found {len(unknown)} that it does not have: "
            f"{names}{' and more' if len(unknown) > 20 else ''}. The first stands at character {at + 1} of "
            f"the text (line {line}, column {column}); replace them, or use a model of word pieces"
        )

    # ---- files -----------------------------------------------------------------------------------

    def to_json(self) -> str:
        """The `tokenizer.json`."""
        if self._text is None:
            self._text = _written(self)
        return self._text

    @classmethod
    def from_json(cls, text: str) -> Tokenizer:
        try:
            file = json.loads(text.lstrip("\ufeff"))
        except ValueError as error:
            raise TokenizerError(
                f"expected a tokenizer.json, found no valid JSON ({error}); {_ADVICE}"
            ) from None
        _allow(file, "normalizer", None)
        kind = _at(file, "model", "type")
        if kind == "WordLevel":
            return cls._read_character(file)
        if kind == "BPE":
            return cls._read_bpe(file)
        raise _unlike("model/type", '"BPE" or "WordLevel"', kind)

    @classmethod
    def _read_character(cls, file: Any) -> Tokenizer:
        _allow(file, "added_tokens", None, [])
        _allow(file, "pre_tokenizer/type", "Split")
        _allow(file, "pre_tokenizer/pattern", {"Regex": EVERY_CHARACTER})
        _allow(file, "pre_tokenizer/behavior", "Isolated")
        _allow(file, "pre_tokenizer/invert", False)
        _allow(file, "post_processor", None)
        _allow(file, "decoder/type", "Fuse")
        names = _vocabulary(file, [])
        if _at(file, "model", "unk_token") in names:
            raise _unlike("model/unk_token", "a token that is not in the vocabulary", names[0])
        for name in names:
            if len(name) != 1:
                raise _unlike("model/vocab", "one character for each token", name)
        return cls("character", [name.encode() for name in names])

    @classmethod
    def _read_bpe(cls, file: Any) -> Tokenizer:
        _allow(file, "pre_tokenizer/type", "ByteLevel")
        _allow(file, "pre_tokenizer/add_prefix_space", False)
        _allow(file, "pre_tokenizer/use_regex", None, True)
        _allow(file, "post_processor/type", None, "ByteLevel")
        _allow(file, "decoder/type", "ByteLevel")
        _allow(file, "model/dropout", None, 0.0)
        for part in ("continuing_subword_prefix", "end_of_word_suffix"):
            _allow(file, f"model/{part}", None, "")
        for part in ("byte_fallback", "ignore_merges"):
            _allow(file, f"model/{part}", None, False)
        added = [_added(token) for token in _at(file, "added_tokens") or []]
        names = _vocabulary(file, added)
        by_itself = {token["id"] for token in added}
        tokens = []
        for id, name in enumerate(names):
            if id in by_itself:
                tokens.append(name.encode())
                continue
            if any(c not in CHARACTER_TO_BYTE for c in name):
                raise _unlike("model/vocab", 'tokens spelled byte by byte, a space as "Ġ"', name)
            tokens.append(bytes(CHARACTER_TO_BYTE[c] for c in name))
        ids = {name: id for id, name in enumerate(names)}
        merges = []
        for rank, merge in enumerate(_at(file, "model", "merges") or []):
            pair = merge.split(" ", 1) if isinstance(merge, str) else merge
            if len(pair) != 2 or any(name not in ids for name in pair):
                raise _unlike(f"model/merges/{rank}", "two tokens of the vocabulary", merge)
            merges.append((ids[pair[0]], ids[pair[1]]))
        return cls("bpe", tokens, merges, added)

    # ---- new ones --------------------------------------------------------------------------------

    @classmethod
    def train_character(cls, text: str) -> Tokenizer:
        """One token for each character of a text, in the order of their code points."""
        if not text:
            raise TokenizerError("expected a text to learn a vocabulary from, found an empty one")
        return cls("character", [c.encode() for c in sorted(set(text))])

    @classmethod
    def train_bpe(cls, text: str, vocab_size: int) -> Tokenizer:
        """The 256 bytes; then the most frequent pair within words becomes a token, over and over, of equally
        frequent ones that with the lower ids. A pair that occurs once is no pattern."""
        if vocab_size < 256:
            raise TokenizerError(
                f"expected a vocabulary of at least 256, one token a byte, found {vocab_size}"
            )
        if not text:
            raise TokenizerError("expected a text to learn a vocabulary from, found an empty one")
        tokens = [bytes([byte]) for byte in ALPHABET]
        ids = {token: id for id, token in enumerate(tokens)}
        counts = Counter(words(text))
        weights = list(counts.values())
        pieces = [[ids[bytes([byte])] for byte in word.encode()] for word in counts]
        pairs: Counter[tuple[int, int]] = Counter()
        where: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
        for i, piece in enumerate(pieces):
            for pair in zip(piece, piece[1:]):
                pairs[pair] += weights[i]
                where[pair].add(i)
        # Counts in the queue may be out of date, but never too low.
        queue = [(-count, pair) for pair, count in pairs.items()]
        heapq.heapify(queue)
        merges: dict[tuple[int, int], None] = {}
        while len(tokens) < vocab_size and queue:
            count, pair = heapq.heappop(queue)
            current = pairs.get(pair, 0)
            if current != -count:
                if current > 0:
                    heapq.heappush(queue, (-current, pair))
                continue
            if current < 2:
                break
            joined = tokens[pair[0]] + tokens[pair[1]]
            if joined not in ids:
                ids[joined] = len(tokens)
                tokens.append(joined)
            id = ids[joined]
            merges[pair] = None
            changed: set[tuple[int, int]] = set()
            for i in where.pop(pair):
                piece, weight = pieces[i], weights[i]
                for old in zip(piece, piece[1:]):
                    pairs[old] -= weight
                pieces[i] = piece = _merged(piece, pair, id)
                for new in zip(piece, piece[1:]):
                    pairs[new] += weight
                    where[new].add(i)
                    changed.add(new)
            pairs.pop(pair, None)
            for new in changed:
                heapq.heappush(queue, (-pairs[new], new))
        return cls("bpe", tokens, list(merges))


class Streamer:
    """Text of ids as they come."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokens = tokenizer.tokens
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def push(self, id: int) -> str:
        """What a token completes; empty while a character is incomplete."""
        return self._decoder.decode(self._tokens[id])

    def finish(self) -> str:
        return self._decoder.decode(b"", final=True)


def _merged(piece: list[int], pair: tuple[int, int], id: int) -> list[int]:
    result, at = [], 0
    while at < len(piece):
        if at + 1 < len(piece) and (piece[at], piece[at + 1]) == pair:
            result.append(id)
            at += 2
        else:
            result.append(piece[at])
            at += 1
    return result


def _cut(text: str, tokens: list[dict[str, Any]]) -> Iterator[str | int]:
    done = at = 0
    while at < len(text):
        token = next((t for t in tokens if text.startswith(t["content"], at)), None)
        if token is None:
            at += 1
            continue
        start, end = at, at + len(token["content"])
        at = end
        beside = text[start - 1 : start] + text[end : end + 1]
        if token["single_word"] and any(c == "_" or c.isalnum() for c in beside):
            continue
        while token["lstrip"] and start > done and text[start - 1] in _SPACES:
            start -= 1
        while token["rstrip"] and end < len(text) and text[end] in _SPACES:
            end += 1
        if done < start:
            yield text[done:start]
        yield token["id"]
        done = at = end
    if done < len(text):
        yield text[done:]


def _at(file: Any, *path: str) -> Any:
    for key in path:
        file = file.get(key) if isinstance(file, dict) else None
    return file


def _unlike(part: str, expected: str, found: Any) -> TokenizerError:
    return TokenizerError(
        f"expected {expected} at {part}, found {json.dumps(found)[:80]}; {_ADVICE}"
    )


def _allow(file: Any, part: str, *values: Any) -> None:
    found = _at(file, *part.split("/"))
    if not any(found == value and type(found) is type(value) for value in values):
        raise _unlike(part, " or ".join(json.dumps(value) for value in values), found)


def _added(token: Any) -> dict[str, Any]:
    if (
        not isinstance(token, dict)
        or not isinstance(token.get("id"), int)
        or not token.get("content")
    ):
        raise _unlike("added_tokens", "tokens with an id and a content", token)
    flags = {"single_word": False, "lstrip": False, "rstrip": False}
    flags["normalized"] = not token.get("special", False)
    flags["special"] = False
    found = {"id": token["id"], "content": token["content"]}
    for flag, default in flags.items():
        value = token.get(flag)
        found[flag] = default if value is None else value
        if not isinstance(found[flag], bool):
            raise _unlike(f"added_tokens/{flag}", "true or false", value)
    return found


def _vocabulary(file: Any, added: list[dict[str, Any]]) -> list[str]:
    """The tokens in the order of their ids, which have to be 0, 1, 2 and so on."""
    entries = _at(file, "model", "vocab")
    if not isinstance(entries, dict) or not entries:
        raise _unlike("model/vocab", "an object that gives each token its id", entries)
    entries = dict(entries)
    for token in added:
        if entries.setdefault(token["content"], token["id"]) != token["id"]:
            raise _unlike(
                "added_tokens", f"the id of {token['content']!r} in model/vocab", token["id"]
            )
    names: dict[int, str] = {}
    for name, id in entries.items():
        if not isinstance(id, int) or not 0 <= id < len(entries) or id in names:
            raise _unlike("model/vocab", f"the ids 0 to {len(entries) - 1}, each once", id)
        names[id] = name
    return [names[id] for id in range(len(entries))]


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _written(tokenizer: Tokenizer) -> str:
    """The file's text, the vocabulary in the order of the ids: as the engine writes it."""
    added = ""
    if tokenizer.kind == "character":
        split = (
            f'{{"type": "Split", "pattern": {{"Regex": {_quote(EVERY_CHARACTER)}}}, '
            '"behavior": "Isolated", "invert": false}'
        )
        decoder = '{"type": "Fuse"}'
        names = [token.decode() for token in tokenizer.tokens]
        model = '    "type": "WordLevel",\n' + _lines(names) + ',\n    "unk_token": "<unk>"'
    else:
        split = decoder = (
            '{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}'
        )
        by_itself = {token["id"]: token["content"] for token in tokenizer.added}
        names = [
            by_itself.get(id, "".join(BYTE_TO_CHARACTER[byte] for byte in token))
            for id, token in enumerate(tokenizer.tokens)
        ]
        pairs = [(names[left], names[right]) for left, right in tokenizer.merges]
        # As one text each, which every version of the library reads, unless a name has a space in it.
        in_pairs = any(" " in name for pair in pairs for name in pair)
        merges = ",\n".join(
            f"      [{_quote(a)}, {_quote(b)}]" if in_pairs else f"      {_quote(f'{a} {b}')}"
            for a, b in pairs
        )
        model = (
            '    "type": "BPE",\n    "dropout": null,\n    "unk_token": null,\n'
            '    "continuing_subword_prefix": null,\n    "end_of_word_suffix": null,\n'
            '    "fuse_unk": false,\n    "byte_fallback": false,\n    "ignore_merges": false,\n'
            + _lines(names)
            + f',\n    "merges": [\n{merges}\n    ]'
        )
        lines = [
            f'\n    {{"id": {token["id"]}, "content": {_quote(token["content"])}, '
            + ", ".join(
                f'"{flag}": {json.dumps(token[flag])}'
                for flag in ("single_word", "lstrip", "rstrip", "normalized", "special")
            )
            + "}"
            for token in tokenizer.added
        ]
        added = ",".join(lines) + "\n  " if lines else ""
    return (
        '{\n  "version": "1.0",\n  "truncation": null,\n  "padding": null,\n'
        f'  "added_tokens": [{added}],\n  "normalizer": null,\n  "pre_tokenizer": {split},\n'
        f'  "post_processor": null,\n  "decoder": {decoder},\n  "model": {{\n{model}\n  }}\n}}\n'
    )


def _lines(names: list[str]) -> str:
    body = ",\n".join(f"      {_quote(name)}: {id}" for id, name in enumerate(names))
    return f'    "vocab": {{\n{body}\n    }}'
