"""Texts as tokens, and their batches: the same as the engine's for the same seed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Sequence

import torch
from torch import Tensor

from . import rng
from .errors import DataError
from .model import IGNORED
from .tokenizer import Tokenizer


def read_text(path: Path, encoding: str | None = None) -> str:
    """A text with plain line ends, without a byte-order mark and without NUL. Where no encoding is named it is
    UTF-8, or UTF-16 with its mark."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    if encoding is None:
        encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    try:
        text = data.decode(encoding)
    except LookupError:
        raise DataError(
            f"encoding: expected a name such as windows-1252, found {encoding!r}"
        ) from None
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: expected text in {encoding}, found the byte 0x{data[error.start]:02X} at byte "
            f"{error.start + 1}; save it as UTF-8, or name its encoding in the recipe"
        ) from error
    return text.removeprefix("\ufeff").replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")


@dataclass
class Dataset:
    """What is learned from, and what is held back to measure on, as tokens."""

    train: Tensor
    validation: Tensor

    @classmethod
    def from_text(cls, tokenizer: Tokenizer, text: str, share: float) -> Dataset:
        """The last `share` of a text, in characters, is held back."""
        if not 0 <= share <= 1:
            raise DataError(f"validation_share: must be from 0 to 1, but is {share}")
        kept = int(len(text) * (1.0 - share) + 0.5)
        parts = (
            torch.tensor(tokenizer.encode(part), dtype=torch.int32)
            for part in (text[:kept], text[kept:])
        )
        return cls(*parts)

    def check(self, seq_len: int) -> None:
        """Refuses a text that is too short to learn from in windows of so many tokens, or to be measured on."""
        _check_length("to learn from", self.train, seq_len + 1)
        self.check_held_back()

    def check_held_back(self) -> None:
        _check_length("to be measured on", self.validation, 2)

    def batch(
        self, seed: int, step: int, rows: int, seq_len: int, mine: range | None = None
    ) -> tuple[Tensor, Tensor]:
        """Ids and targets, (rows, seq_len), of a step's batch, or of the rows in `mine` of it."""
        starts = len(self.train) - seq_len
        places = (
            rng.below(seed, rng.BATCH, step * rows + row, starts)
            for row in (mine if mine is not None else range(rows))
        )
        return _windows(self.train, list(places), seq_len)

    def windows(self, seq_len: int) -> int:
        """How many windows cover the text that is held back, the last one perhaps partly."""
        return -(-(len(self.validation) - 1) // seq_len)

    def validation_batch(
        self, numbers: Sequence[int], rows: int, seq_len: int
    ) -> tuple[Tensor, Tensor]:
        """Windows by their numbers; rows that are missing count for nothing."""
        ids, targets = _windows(self.validation, [number * seq_len for number in numbers], seq_len)
        missing = rows - len(numbers)
        return (
            torch.cat([ids, ids.new_zeros(missing, seq_len)]),
            torch.cat([targets, targets.new_full((missing, seq_len), IGNORED)]),
        )


def _check_length(part: str, tokens: Tensor, least: int) -> None:
    if len(tokens) < least:
        raise DataError(
            f"the part {part} has {len(tokens)} tokens, but at least {least} are needed; use a longer text or a "
            "shorter context"
        )


def _windows(tokens: Tensor, starts: Sequence[int], seq_len: int) -> tuple[Tensor, Tensor]:
    ids = torch.zeros(len(starts), seq_len, dtype=torch.int64)
    targets = torch.full((len(starts), seq_len), IGNORED, dtype=torch.int64)
    for row, start in enumerate(starts):
        window = tokens[start : start + seq_len + 1].long()
        count = len(window) - 1
        ids[row, :count], targets[row, :count] = window[:-1], window[1:]
    return ids, targets
