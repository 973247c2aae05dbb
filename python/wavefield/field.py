"""What the waves bring to each token: deposits on the field, convolved with each head's kernel.

κ(t) = e^(-αt)·cos(ωt + φ) / max(Σ|κ|, 1e-8), t = 0..G-1 cells; token i lies with weight l_i on cell n_i and
with u_i = 1 - l_i on the next. Two ways compute it, which the tests hold against a direct sum:

`fft`     scatters, multiplies spectra and gathers, O(G log G).
`blocks`  takes the kernel as the damped rotation that it is the real part of, z = e^(-α+iω). Inside a block
          of tokens a matrix of κ says who hears whom. What came before a block is one complex number a
          channel, the state S, and a token of the block hears Re(c·(l + u·z)·z^Δ·S), c = e^(iφ) / Σ|κ|.
          All blocks' states come of one triangular matrix of powers of z: O(N) for a fixed block, in matrix
          products alone.

In both, shapes are (B, N, H, width) for sequences, tokens, heads and their channels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .config import ModelConfig

#: Kernels are divided by their absolute sum, or by this where that is smaller.
SMALLEST_SUM = 1e-8
METHODS = ("blocks", "fft")


@dataclass(frozen=True)
class Places:
    """Where tokens `first`..`first + count` sit on the field. Past the context they go on at its stride."""

    cell: Tensor
    """(N) int64: the lower of a token's two cells."""
    upper: Tensor
    """(N) float64: u, the weight on the upper one."""
    stride: int | None
    """Cells from a token to the next where that is a whole number: then every u is 0."""

    @property
    def count(self) -> int:
        return self.cell.shape[0]


def places(config: ModelConfig, first: int, count: int, device: torch.device) -> Places:
    cells, tokens = config.field_size - 1, config.max_seq_len - 1
    # Whole numbers: p_i = i·(G-1)/(M-1) without rounding.
    numerator = torch.arange(first, first + count, device=device) * cells
    cell = torch.div(numerator, tokens, rounding_mode="floor")
    upper = (numerator - cell * tokens).to(wide(device)) / tokens
    return Places(cell, upper, config.integer_stride)


def wide(device: torch.device) -> torch.dtype:
    """What waves are worked out in: angles grow with the field, and 24 bits would not hold them."""
    return torch.float32 if device.type == "mps" else torch.float64


@dataclass(frozen=True)
class Waves:
    """A layer's heads, (H) each, in wide numbers."""

    frequency: Tensor
    damping: Tensor
    phase: Tensor
    scale: Tensor
    """1 / max(Σ|κ|, 1e-8)."""

    @classmethod
    def of(cls, frequency: Tensor, raw_damping: Tensor, phase: Tensor, field_size: int) -> Waves:
        dtype = wide(frequency.device)
        omega, phi = frequency.to(dtype), phase.to(dtype)
        alpha = torch.logaddexp(raw_damping.to(dtype), torch.zeros_like(omega))
        t = torch.arange(field_size, dtype=dtype, device=frequency.device)
        kernel = _damped_cosine(omega[:, None], alpha[:, None], phi[:, None], t)
        total = kernel.abs().sum(-1).clamp_min(SMALLEST_SUM)
        return cls(omega, alpha, phi, 1.0 / total)

    def kernel(self, cells: Tensor) -> Tensor:
        """(H, …): κ at these cells, 0 before the first."""
        omega, alpha, phi, scale = (
            x.view(-1, *[1] * cells.dim())
            for x in (self.frequency, self.damping, self.phase, self.scale)
        )
        value = scale * _damped_cosine(omega, alpha, phi, cells.clamp_min(0).to(omega.dtype))
        return torch.where(cells >= 0, value, torch.zeros_like(value))

    def power(self, cells: Tensor) -> tuple[Tensor, Tensor]:
        """(H, …): the real and imaginary part of z^cells, 0 where cells are below 0."""
        omega, alpha = (x.view(-1, *[1] * cells.dim()) for x in (self.frequency, self.damping))
        t = cells.clamp_min(0).to(omega.dtype)
        size = torch.where(cells >= 0, torch.exp(-alpha * t), torch.zeros_like(alpha * t))
        return size * torch.cos(omega * t), size * torch.sin(omega * t)

    def listening(self) -> tuple[Tensor, Tensor]:
        """(H): c."""
        return self.scale * torch.cos(self.phase), self.scale * torch.sin(self.phase)


def _damped_cosine(omega: Tensor, alpha: Tensor, phi: Tensor, t: Tensor) -> Tensor:
    return torch.exp(-alpha * t) * torch.cos(omega * t + phi)


def _times(a: tuple[Tensor, Tensor], b: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """The product of complex numbers."""
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


def _among(waves: Waves, at: Places, count: int) -> Tensor:
    """(H, b, K, K): what a token of a block (row) hears of another (column); b is 1 where all blocks are
    alike."""
    if at.stride is not None:
        lag = torch.arange(count, device=at.cell.device)
        kernel = waves.kernel(lag * at.stride)
        # κ(0) is at -1 as well, but there the mask is.
        index = lag[:, None] - lag[None, :]
        matrix = kernel[:, index.clamp_min(0)]
        return torch.where(index >= 0, matrix, torch.zeros_like(matrix))[:, None]
    cell, upper = at.cell.view(-1, count), at.upper.view(-1, count)
    lower = 1.0 - upper
    lag = cell[:, :, None] - cell[:, None, :]
    # κ from lag -1, which is 0, to one beyond the longest.
    kernel = waves.kernel(torch.arange(-1, int(lag.max()) + 2, device=lag.device))
    index = lag.clamp_min(-1) + 1
    straight = lower[:, :, None] * lower[:, None, :] + upper[:, :, None] * upper[:, None, :]
    # The reader's lower cell hears the depositor's upper one a cell sooner; the other way round, later.
    sooner, later = lower[:, :, None] * upper[:, None, :], upper[:, :, None] * lower[:, None, :]
    matrix = (
        straight * kernel[:, index]
        + sooner * kernel[:, (index - 1).clamp_min(0)]
        + later * kernel[:, index + 1]
    )
    earlier = torch.ones(count, count, dtype=torch.bool, device=lag.device).tril()
    return torch.where(earlier, matrix, torch.zeros_like(matrix))


def _leaving(waves: Waves, at: Places, end: Tensor) -> tuple[Tensor, Tensor]:
    """(H, …): what a token leaves in the state at cell `end`, which lies past both of its cells or, where
    its upper one takes nothing, past the lower: z^(end - n - 1)·(l·z + u)."""
    one = torch.ones((), dtype=torch.int64, device=end.device)
    re, im = waves.power(one)
    shape = (-1, *[1] * at.cell.dim())
    near = ((1.0 - at.upper) * re.view(shape) + at.upper, (1.0 - at.upper) * im.view(shape))
    return _times(waves.power(end - at.cell - 1), near)


def _hearing(waves: Waves, at: Places, start: Tensor) -> tuple[Tensor, Tensor]:
    """(H, …): what a token makes of a state at cell `start`: c·(l + u·z)·z^(n - start)."""
    one = torch.ones((), dtype=torch.int64, device=start.device)
    shape = (-1, *[1] * at.cell.dim())
    re, im = (x.view(shape) for x in waves.power(one))
    near = (1.0 - at.upper + at.upper * re, at.upper * im)
    c = waves.listening()
    return _times((c[0].view(shape), c[1].view(shape)), _times(near, waves.power(at.cell - start)))


def block_size(count: int, between: bool) -> int:
    """Tokens of a block, by measurement; half of it where tokens lie between cells, since no two blocks are
    alike there. For long texts the work within blocks and that on their states grow alike."""
    size = 32 if count <= 2048 else max(64, 1 << round(math.log2(math.sqrt(count) / 2)))
    return min(count, size // 2 if between else size)


@dataclass(frozen=True)
class Blocks:
    """Matrices of a layer's waves for texts of one length, in the numbers that are computed with."""

    count: int
    size: int
    among: Tensor
    """(H, 1 or b, K, K)."""
    leaving: Tensor
    """(H, 1 or b, 2, K): real and imaginary parts."""
    carrying: Tensor
    """(H, b, b): complex as (2, …) in front: what each block's leavings are at the start of each."""
    hearing: Tensor
    """(H, 1 or b, K, 2)."""

    @property
    def blocks(self) -> int:
        return -(-self.count // self.size)

    @classmethod
    def of(
        cls, waves: Waves, config: ModelConfig, count: int, dtype: torch.dtype, size: int = 0
    ) -> Blocks:
        size = size or block_size(count, config.integer_stride is None)
        number = -(-count // size)
        device = waves.frequency.device
        at = places(config, 0, number * size, device)
        start = places(config, 0, number * size + 1, device).cell[::size]
        among = _among(waves, at if number > 1 or at.stride is None else _first(at, size), size)
        # Where the stride is whole, all blocks are as the first.
        same = at.stride is not None
        rows = 1 if same else number
        own = Places(
            at.cell.view(number, size)[:rows], at.upper.view(number, size)[:rows], at.stride
        )
        leaving = torch.stack(_leaving(waves, own, start[1 : rows + 1, None]), -2)
        hearing = torch.stack(_hearing(waves, own, start[:rows, None]), -1)
        # The real part of a product: re·re - im·im.
        hearing = hearing * torch.tensor([1.0, -1.0], dtype=hearing.dtype, device=device)
        # From the end of block j, which is the start of the next, to the start of block i.
        carrying = torch.stack(waves.power(start[:-1, None] - start[None, 1:]))
        return cls(
            count, size, among.to(dtype), leaving.to(dtype), carrying.to(dtype), hearing.to(dtype)
        )

    def cut(self, x: Tensor) -> Tensor:
        """(B, N, …) as (B, b, K, …), with zeros at the end."""
        missing = self.blocks * self.size - self.count
        if missing:
            x = torch.cat([x, x.new_zeros(x.shape[0], missing, *x.shape[2:])], 1)
        return x.reshape(x.shape[0], self.blocks, self.size, *x.shape[2:])

    def join(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], self.blocks * self.size, *x.shape[3:])[:, : self.count]

    def states(self, left: Tensor) -> Tensor:
        """(H, b, 2, …): the state at the start of each block, from what each leaves at its end."""
        heads, number = left.shape[:2]
        flat = left.reshape(heads, number, 2, -1)
        re, im = flat[:, :, 0], flat[:, :, 1]
        c, s = self.carrying
        both = torch.stack([c @ re - s @ im, c @ im + s @ re], 2)
        return both.view(left.shape)


def _first(at: Places, count: int) -> Places:
    return Places(at.cell[:count], at.upper[:count], at.stride)


def by_blocks(deposits: Tensor, waves: Waves, config: ModelConfig, size: int = 0) -> Tensor:
    """(B, N, H, d) to the same."""
    batch, count, heads, width = deposits.shape
    w = Blocks.of(waves, config, count, deposits.dtype, size)
    # (H, b, K, B·d): one product for all sequences.
    x = w.cut(deposits).permute(3, 1, 2, 0, 4).reshape(heads, w.blocks, w.size, batch * width)
    y = w.among @ x
    if w.blocks > 1:
        y = y + w.hearing @ w.states(w.leaving @ x)
    y = y.view(heads, w.blocks, w.size, batch, width).permute(3, 1, 2, 0, 4)
    return w.join(y)


def keyed_by_blocks(
    queries: Tensor, keys: Tensor, values: Tensor, waves: Waves, config: ModelConfig, size: int = 0
) -> Tensor:
    """Deposits k ⊗ v, heard as qᵀ·field, before √r. Queries and keys (B, N, r), values (B, N, H, d)."""
    batch, count, heads, width = values.shape
    rank = keys.shape[-1]
    w = Blocks.of(waves, config, count, values.dtype, size)
    q, k, v = w.cut(queries), w.cut(keys), w.cut(values).permute(0, 3, 1, 2, 4)
    scores = (q @ k.transpose(-1, -2))[:, None]
    # (B, H, b, K, d).
    y = (scores * w.among) @ v
    if w.blocks > 1:
        outer = torch.einsum("hbpk,nbkr,nhbkd->hbpnrd", _spread(w.leaving, w.blocks), k, v)
        states = w.states(outer)
        y = y + torch.einsum("hbkp,nbkr,hbpnrd->nhbkd", _spread(w.hearing, w.blocks), q, states)
    return w.join(y.permute(0, 2, 3, 1, 4))


def _spread(x: Tensor, blocks: int) -> Tensor:
    return x.expand(-1, blocks, -1, -1)


def by_fft(deposits: Tensor, waves: Waves, config: ModelConfig) -> Tensor:
    """(B, N, H, d) to the same."""
    batch, count, heads, width = deposits.shape
    at = places(config, 0, count, deposits.device)
    if at.stride is not None:
        # Only every so many-th cell is deposited on or heard.
        cells = torch.arange(count, device=deposits.device) * at.stride
        field = deposits
    else:
        cells = torch.arange(int(at.cell[-1]) + 2, device=deposits.device)
        upper = at.upper.to(deposits.dtype)[:, None, None]
        field = deposits.new_zeros(batch, cells.shape[0], heads, width)
        field = field.index_add(1, at.cell, deposits * (1.0 - upper))
        field = field.index_add(1, at.cell + 1, deposits * upper)
    # Padded with zeros to twice its length at least, so that nothing comes round again.
    length = 1 << (2 * cells.shape[0] - 1).bit_length()
    kernel = torch.fft.rfft(waves.kernel(cells).to(deposits.dtype), n=length)
    spectrum = torch.fft.rfft(field.permute(0, 2, 3, 1), n=length)
    heard = torch.fft.irfft(spectrum * kernel[:, None], n=length)
    heard = heard[..., : cells.shape[0]].permute(0, 3, 1, 2)
    if at.stride is not None:
        return heard
    return heard[:, at.cell] * (1.0 - upper) + heard[:, at.cell + 1] * upper


def keyed_by_fft(
    queries: Tensor, keys: Tensor, values: Tensor, waves: Waves, config: ModelConfig
) -> Tensor:
    """As [`keyed_by_blocks`], with the whole field of r × d numbers a cell."""
    deposits = torch.einsum("nkr,nkhd->nkhrd", keys, values)
    heard = by_fft(deposits.flatten(3), waves, config).view(deposits.shape)
    return torch.einsum("nkr,nkhrd->nkhd", queries, heard)


def final_state(deposits: Tensor, waves: Waves, config: ModelConfig) -> tuple[Tensor, int]:
    """(B, H, …) complex: what the field carries past the last token, and at which cell. Deposits are
    (B, N, H, …)."""
    count = deposits.shape[1]
    at = places(config, 0, count, deposits.device)
    end = at.cell[-1] + (1 if at.stride is not None else 2)
    re, im = _leaving(waves, at, end)
    weights = torch.complex(re, im)
    state = torch.einsum("hk,bkh...->bh...", weights, deposits.to(weights.dtype))
    return state, int(end)
