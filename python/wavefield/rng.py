"""Random numbers as a pure function of (seed, stream, counter), the same as the engine's.

There is no state to save: initial values, batches, dropout and sampling each own a stream, so a run
that goes on needs its step alone, and however many processes share a batch, they drop the same elements.

Philox4x32-10 is by Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

INITIAL, BATCH, DROPOUT, SAMPLE = 1, 2, 3, 4
"""What a stream is for."""

_WORD = 0xFFFFFFFF
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_KEYS = (0x9E3779B9, 0xBB67AE85)


def philox(seed: int, stream: int, counter: int) -> tuple[int, int, int, int]:
    """Four independent 32-bit words."""
    c = [counter & _WORD, counter >> 32 & _WORD, stream & _WORD, stream >> 32 & _WORD]
    k = [seed & _WORD, seed >> 32 & _WORD]
    for _ in range(10):
        a, b = c[0] * _MULTIPLIERS[0], c[2] * _MULTIPLIERS[1]
        c = [b >> 32 ^ c[1] ^ k[0], b & _WORD, a >> 32 ^ c[3] ^ k[1], a & _WORD]
        k = [(k[0] + _KEYS[0]) & _WORD, (k[1] + _KEYS[1]) & _WORD]
    return c[0], c[1], c[2], c[3]


def uniform(seed: int, stream: int, counter: int) -> float:
    """From 0 to 1, 1 excluded, in steps of 2^-24."""
    return (philox(seed, stream, counter)[0] >> 8) / (1 << 24)


def below(seed: int, stream: int, counter: int, n: int) -> int:
    """One of 0..n-1."""
    a, b, _, _ = philox(seed, stream, counter)
    return (a << 32 | b) * n >> 64


def normal(seed: int, stream: int, first: int, count: int) -> Tensor:
    """`count` standard normals for the counters from `first` on, float32 of float64 (Box and Muller)."""
    counters = torch.arange(first, first + count, dtype=torch.int64)
    c = [
        counters & _WORD,
        counters >> 32,
        torch.full_like(counters, stream),
        torch.zeros_like(counters),
    ]
    k = [seed & _WORD, seed >> 32 & _WORD]
    for _ in range(10):
        # Products wrap around in 64 bits, signed or not; the words are cut out of them.
        a, b = c[0] * _MULTIPLIERS[0], c[2] * _MULTIPLIERS[1]
        c = [
            (b >> 32 & _WORD) ^ c[1] ^ k[0],
            b & _WORD,
            (a >> 32 & _WORD) ^ c[3] ^ k[1],
            a & _WORD,
        ]
        k = [(k[0] + _KEYS[0]) & _WORD, (k[1] + _KEYS[1]) & _WORD]
    unit = [
        ((hi << 21 | lo >> 11).double() + 0.5) / (1 << 53)
        for hi, lo in ((c[0], c[1]), (c[2], c[3]))
    ]
    return (torch.sqrt(-2.0 * torch.log(unit[0])) * torch.cos(math.tau * unit[1])).float()


def mix32(x: int) -> int:
    """A well-mixed word for each 32-bit input ("lowbias32" by Wellons, 2018)."""
    x ^= x >> 16
    x = x * 0x7FEB352D & _WORD
    x ^= x >> 15
    x = x * 0x846CA68B & _WORD
    return x ^ x >> 16


def dropout_key(seed: int, step: int) -> int:
    """The key of all masks of one training step."""
    return philox(seed, DROPOUT, step)[0]


def dropout_mask(
    probability: float, step_key: int, site: int, first: int, count: int, device: torch.device
) -> Tensor:
    """What the elements from `first` on are multiplied by: 0, or 1 / (1 - probability); float32."""
    start = (mix32(step_key ^ mix32(site + 0x9E3779B9 & _WORD)) + first) & _WORD
    # In 32-bit integers, which wrap around; a shift fills up with the sign, which is masked away.
    x = torch.arange(count, dtype=torch.int32, device=device)
    x += start - (1 << 32 if start >> 31 else 0)
    x ^= x >> 16 & 0xFFFF
    x *= 0x7FEB352D
    x ^= x >> 15 & 0x1FFFF
    x *= 0x846CA68B - (1 << 32)
    x ^= x >> 16 & 0xFFFF
    # Compared without a sign: both sides are moved down by 2^31.
    x ^= -(1 << 31)
    threshold = int(_float32(probability) * 4294967296.0) - (1 << 31)
    return (x >= threshold).float().mul_(1.0 / (1.0 - _float32(probability)))


def _float32(x: float) -> float:
    return torch.tensor(x, dtype=torch.float32).item()
