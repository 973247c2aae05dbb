"""The parts of a model. Shapes: x is (B, N, D); head h owns channels h·d..(h+1)·d."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import field, rng
from .config import NEAR_FIELD, ModelConfig

EPSILON = 1e-5
#: Added to the softplus of an interference module's temperature.
TEMPERATURE_FLOOR = 0.05


@dataclass
class Run:
    """What a forward needs beside the tokens; one for a model, set before it is called."""

    method: str = "blocks"
    """How the field is computed: one of `field.METHODS`."""
    dropout: float = 0.0
    dropout_key: int = 0
    first_row: int = 0
    """The number of the batch's first sequence among all that share the step."""

    def drop(self, x: Tensor, kind: int, index: int = 0) -> Tensor:
        """Drops elements of (B, N, width): which ones is a function of key, place and element."""
        if self.dropout == 0.0:
            return x
        first = self.first_row * x[0].numel()
        site = kind + 8 * index
        mask = rng.dropout_mask(self.dropout, self.dropout_key, site, first, x.numel(), x.device)
        return x * mask.view(x.shape)


#: Kinds of places where elements are dropped.
EMBEDDING, ATTENTION, HIDDEN, FEED_FORWARD, CONTEXT = range(5)


class RMSNorm(nn.Module):
    """x·(mean(x²) + 1e-5)^(-1/2) ∘ w."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + EPSILON) * self.weight


def make_norm(config: ModelConfig) -> nn.Module:
    if config.norm == "rms":
        return RMSNorm(config.embedding_dim)
    return nn.LayerNorm(config.embedding_dim, eps=EPSILON)


def mix_near(x: Tensor, before: Tensor, weight: Tensor) -> Tensor:
    """x̃_t = Σ_j w_j ∘ x_(t-3+j); `before` holds the three tokens' x that came before, or zeros."""
    count = x.shape[1]
    whole = torch.cat([before.to(x.dtype), x], 1)
    parts = [whole[:, j : j + count] * weight[:, j] for j in range(NEAR_FIELD)]
    return parts[0] + parts[1] + parts[2] + parts[3]


def rotate(x: Tensor, first: int) -> Tensor:
    """Rotary positions: neighbours (2j, 2j+1) of (B, N, H, d) turned by t·10000^(-2j/d), t from `first`."""
    count, width = x.shape[1], x.shape[3]
    dtype = field.wide(x.device)
    t = torch.arange(first, first + count, device=x.device, dtype=dtype)
    rate = 10_000.0 ** (-torch.arange(0, width, 2, device=x.device, dtype=dtype) / width)
    angle = (t[:, None] * rate)[:, None, :]
    cos, sin = torch.cos(angle).to(x.dtype), torch.sin(angle).to(x.dtype)
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], -1).flatten(3)


def attend(q: Tensor, k: Tensor, v: Tensor, first: int, window: int = 0) -> Tensor:
    """Causal softmax attention, scale 1/√d. q is (B, N, H, d) of tokens from `first` on; k and v hold
    those up to the last of q. Where `window` is not 0 a token hears so many, itself included."""
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    queries, keys = q.shape[2], k.shape[2]
    if first == 0 and window == 0 and hasattr(F, "scaled_dot_product_attention"):
        return F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2)
    place = torch.arange(keys - queries, keys, device=q.device)[:, None]
    other = torch.arange(keys, device=q.device)[None, :]
    heard = other <= place
    if window:
        heard = heard & (other > place - window)
    scores = (q @ k.transpose(-1, -2)) * (q.shape[-1] ** -0.5)
    scores = scores.masked_fill(~heard, float("-inf"))
    return (torch.softmax(scores, -1) @ v).transpose(1, 2)


def full(x: Tensor) -> Tensor:
    """Half precision as float32; wider numbers as they are."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


class WaveAttention(nn.Module):
    """k and v of the near field's x̃; a token deposits v·‖k‖, or k ⊗ v where the layer has keys; the field is
    convolved with each head's kernel, heard, coupled over the heads, gated and projected."""

    def __init__(self, config: ModelConfig, keyed: bool) -> None:
        super().__init__()
        self.config, self.keyed = config, keyed
        dim, heads = config.embedding_dim, config.num_heads
        if keyed:
            self.query_proj = nn.Linear(dim, config.key_dim)
            self.key_proj = nn.Linear(dim, config.key_dim)
            self.value_proj = nn.Linear(dim, dim)
        else:
            # The release's query third is never used, and not kept: keys, then values.
            self.qkv_proj = nn.Linear(dim, 2 * dim)
        self.gate_proj = nn.Linear(dim, dim)
        self.out_proj = nn.Linear(dim, dim)
        self.wave_frequency = nn.Parameter(torch.zeros(heads))
        self.wave_damping = nn.Parameter(torch.zeros(heads))
        self.wave_phase = nn.Parameter(torch.zeros(heads))
        self.field_coupling = nn.Parameter(torch.zeros(heads, heads))
        if config.near_field:
            self.near_field = nn.Parameter(torch.zeros(dim, NEAR_FIELD))

    def heads(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.config.num_heads, self.config.head_dim))

    def near(self, x: Tensor, before: Tensor | None = None) -> Tensor:
        if not self.config.near_field:
            return x
        if before is None:
            before = x.new_zeros(x.shape[0], NEAR_FIELD - 1, x.shape[2])
        return mix_near(x, before, self.near_field)

    def waves(self) -> field.Waves:
        return field.Waves.of(
            self.wave_frequency, self.wave_damping, self.wave_phase, self.config.field_size
        )

    def deposits(self, near: Tensor) -> Tensor:
        """(B, N, H, d): v·‖k‖ of a layer without keys."""
        key, value = full(self.qkv_proj(near)).chunk(2, -1)
        return self.heads(value) * self.heads(key).norm(dim=-1, keepdim=True)

    def keys(self, near: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries times √r and keys, (B, N, r), and values, (B, N, H, d)."""
        query = F.normalize(full(self.query_proj(near)), dim=-1, eps=1e-12)
        key = F.normalize(full(self.key_proj(near)), dim=-1, eps=1e-12)
        return query * self.config.key_dim**0.5, key, self.heads(full(self.value_proj(near)))

    def heard(self, near: Tensor, run: Run) -> Tensor:
        """(B, N, H, d)."""
        if self.keyed:
            query, key, value = self.keys(near)
            keyed = field.keyed_by_fft if run.method == "fft" else field.keyed_by_blocks
            with torch.autocast(near.device.type, enabled=False):
                return keyed(query, key, value, self.waves(), self.config)
        deposits = self.deposits(near)
        way = field.by_fft if run.method == "fft" else field.by_blocks
        with torch.autocast(near.device.type, enabled=False):
            return way(deposits, self.waves(), self.config)

    def spoken(self, heard: Tensor, x: Tensor) -> Tensor:
        """What was heard, coupled, gated and projected."""
        weights = torch.softmax(self.field_coupling, -1).to(heard.dtype)
        coupled = torch.einsum("ih,bnhd->bnid", weights, heard).flatten(2)
        return self.out_proj(coupled * torch.sigmoid(self.gate_proj(x)))

    def forward(self, x: Tensor, run: Run) -> Tensor:
        return self.spoken(self.heard(self.near(x), run), x)


class WindowAttention(nn.Module):
    """Softmax attention over the last `window` tokens, with rotary positions."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.qkv_proj = nn.Linear(config.embedding_dim, 3 * config.embedding_dim)
        self.out_proj = nn.Linear(config.embedding_dim, config.embedding_dim)

    def project(self, x: Tensor, first: int) -> tuple[Tensor, Tensor, Tensor]:
        """(B, N, H, d) each, of tokens from `first` on."""
        shape = (3, self.config.num_heads, self.config.head_dim)
        q, k, v = full(self.qkv_proj(x)).unflatten(-1, shape).unbind(2)
        return rotate(q, first), rotate(k, first), v

    def forward(self, x: Tensor, run: Run) -> Tensor:
        q, k, v = self.project(x, 0)
        return self.out_proj(attend(q, k, v, 0, self.config.window).flatten(2))


class StandardAttention(nn.Module):
    """Softmax attention over all tokens so far."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        dim = config.embedding_dim
        self.in_proj_weight = nn.Parameter(torch.zeros(3 * dim, dim))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * dim))
        self.out_proj = nn.Linear(dim, dim)

    def project(self, x: Tensor, first: int) -> tuple[Tensor, Tensor, Tensor]:
        shape = (3, self.config.num_heads, self.config.head_dim)
        q, k, v = F.linear(x, self.in_proj_weight, self.in_proj_bias).unflatten(-1, shape).unbind(2)
        if self.config.positions == "rotary":
            return rotate(q, first), rotate(k, first), v
        return q, k, v

    def forward(self, x: Tensor, run: Run) -> Tensor:
        q, k, v = self.project(x, 0)
        return self.out_proj(attend(q, k, v, 0).flatten(2))


class SwiGLU(nn.Module):
    """down(silu(gate·x) ∘ (up·x)), without biases."""

    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        self.layer = layer
        self.gate = nn.Linear(config.embedding_dim, config.ffn_dim, bias=False)
        self.up = nn.Linear(config.embedding_dim, config.ffn_dim, bias=False)
        self.down = nn.Linear(config.ffn_dim, config.embedding_dim, bias=False)

    def forward(self, x: Tensor, run: Run) -> Tensor:
        return self.down(run.drop(F.silu(self.gate(x)) * self.up(x), HIDDEN, self.layer))


class Layer(nn.Module):
    """x += attention(norm1(x)), then x += feed_forward(norm2(x))."""

    def __init__(self, config: ModelConfig, index: int) -> None:
        super().__init__()
        self.index = index
        mixing = config.mixing(index)
        self.norm1 = make_norm(config)
        self.norm2 = make_norm(config)
        if mixing == "standard":
            self.self_attn = StandardAttention(config)
        elif mixing == "window":
            self.attention: nn.Module = WindowAttention(config)
        else:
            self.attention = WaveAttention(config, mixing == "keyed")
        inner = nn.Linear(config.embedding_dim, config.ffn_dim)
        outer = nn.Linear(config.ffn_dim, config.embedding_dim)
        if config.feed_forward == "swiglu":
            self.ffn: nn.Module = SwiGLU(config, index)
        elif config.is_wave:
            # The names of the public release, where these stand between others without parameters.
            self.ffn = nn.ModuleDict({"0": inner, "3": outer})
        else:
            self.linear1, self.linear2 = inner, outer

    @property
    def mixer(self) -> nn.Module:
        return self.self_attn if hasattr(self, "self_attn") else self.attention

    def feed_forward(self, x: Tensor, run: Run) -> Tensor:
        """x and what the feed-forward part makes of it."""
        y = self.norm2(x)
        inner: nn.Module
        outer: nn.Module
        if hasattr(self, "linear1"):
            inner, outer = self.linear1, self.linear2
        elif isinstance(self.ffn, nn.ModuleDict):
            inner, outer = self.ffn["0"], self.ffn["3"]
        else:
            return x + run.drop(self.ffn(y, run), FEED_FORWARD, self.index)
        y = outer(run.drop(F.gelu(inner(y)), HIDDEN, self.index))
        return x + run.drop(y, FEED_FORWARD, self.index)

    def forward(self, x: Tensor, run: Run) -> Tensor:
        x = x + run.drop(self.mixer(self.norm1(x), run), ATTENTION, self.index)
        return self.feed_forward(x, run)


class Interference(nn.Module):
    """Takes on the mean of the text so far, as far as the token agrees with it."""

    def __init__(self, config: ModelConfig, index: int) -> None:
        super().__init__()
        self.index = index
        dim, context = config.embedding_dim, config.context_dim
        self.compress = nn.Linear(dim, context)
        self.expand = nn.Linear(context, dim)
        self.local_phase_proj = nn.Linear(dim, dim)
        self.global_phase_proj = nn.Linear(dim, dim)
        self.interference_gate = nn.Linear(2 * dim, dim)
        # A number alone in the files; in a list here, since what is sharded over processes needs a dimension.
        self.interference_temperature = nn.Parameter(torch.zeros(1))

    def means(
        self, x: Tensor, total: Tensor | None = None, before: int = 0
    ) -> tuple[Tensor, Tensor]:
        """The means over all tokens so far, and the sum at the end; `total` is that of the `before` tokens
        that came earlier."""
        compressed = full(self.compress(x))
        sums = compressed.cumsum(1)
        if total is not None:
            sums = sums + total.to(sums.dtype)[:, None]
        count = torch.arange(before + 1, before + x.shape[1] + 1, device=x.device, dtype=sums.dtype)
        return sums / count[:, None], sums[:, -1]

    def take_on(self, x: Tensor, means: Tensor, run: Run) -> Tensor:
        context = run.drop(self.expand(means), CONTEXT, self.index)
        local = F.normalize(full(self.local_phase_proj(x)), dim=-1, eps=1e-12)
        whole = F.normalize(full(self.global_phase_proj(context)), dim=-1, eps=1e-12)
        agreement = (local * whole).sum(-1, keepdim=True)
        temperature = F.softplus(self.interference_temperature) + TEMPERATURE_FLOOR
        gate = torch.sigmoid(self.interference_gate(torch.cat([x, context.to(x.dtype)], -1)))
        return x + gate * context * torch.sigmoid(agreement / temperature)

    def forward(self, x: Tensor, run: Run) -> Tensor:
        return self.take_on(x, self.means(x)[0], run)
