"""The ways of computing the field against a direct sum over cells, and what follows from its laws."""

from __future__ import annotations

import unittest

import torch
from torch import Tensor

from wavefield import ModelConfig, field
from wavefield.trainer import choose_method, time_method

from .helpers import KINDS, small_model

#: Cells, context, tokens: stride 1, 2, 3.9375 and 2.5.
GEOMETRIES = [(17, 17, 17), (33, 17, 15), (64, 17, 17), (41, 17, 13)]


def shape(cells: int, context: int) -> ModelConfig:
    return ModelConfig(
        5, 16, 1, 4, 8, field_size=cells, max_seq_len=context, interference_interval=9
    )


def physics() -> list[Tensor]:
    ends = ((0.3, 4.0), (-3.0, 0.5), (0.2, 3.1))
    return [torch.linspace(*e, 4, dtype=torch.float64).requires_grad_(True) for e in ends]


def directly(deposits: Tensor, physics: list[Tensor], config: ModelConfig) -> Tensor:
    """Scatter, sum over all cells before, gather: nothing but the definition."""
    omega, alpha, phi = physics[0], torch.log1p(torch.exp(physics[1])), physics[2]
    cells, count = config.field_size, deposits.shape[1]
    t = torch.arange(cells, dtype=torch.float64)
    kernel = torch.exp(-alpha[:, None] * t) * torch.cos(omega[:, None] * t + phi[:, None])
    kernel = kernel / kernel.abs().sum(1, keepdim=True)
    weights = torch.zeros(count, cells, dtype=torch.float64)
    for i in range(count):
        place = i * (cells - 1) / (config.max_seq_len - 1)
        lower = min(int(place), cells - 2)
        weights[i, lower] = 1 - (place - lower)
        weights[i, lower + 1] = place - lower
    onto = torch.einsum("ig,bihd->bghd", weights, deposits)
    heard = torch.stack(
        [sum(kernel[:, g - c, None] * onto[:, c] for c in range(g + 1)) for g in range(cells)], 1
    )
    return torch.einsum("ig,bghd->bihd", weights, heard)


class Field(unittest.TestCase):
    def setUp(self) -> None:
        torch.manual_seed(1)

    def test_both_ways_are_the_direct_sum(self) -> None:
        for cells, context, count in GEOMETRIES:
            config = shape(cells, context)
            deposits = torch.randn(2, count, 4, 4, dtype=torch.float64)
            expected = directly(deposits, physics(), config)
            waves = field.Waves.of(*physics(), cells)
            found = {"fft": field.by_fft(deposits, waves, config)}
            for size in (1, 2, 5, 0):
                found[f"blocks of {size}"] = field.by_blocks(deposits, waves, config, size)
            for way, y in found.items():
                with self.subTest(cells=cells, way=way):
                    self.assertLess(float((y - expected).abs().max()), 1e-12)

    def test_keys_are_a_field_of_outer_products(self) -> None:
        for cells, context, count in GEOMETRIES:
            config = shape(cells, context)
            q, k = torch.randn(2, 2, count, 3, dtype=torch.float64)
            v = torch.randn(2, count, 4, 4, dtype=torch.float64)
            onto = torch.einsum("bnr,bnhd->bnhrd", k, v).flatten(3)
            heard = directly(onto, physics(), config).unflatten(3, (3, 4))
            expected = torch.einsum("bnr,bnhrd->bnhd", q, heard)
            waves = field.Waves.of(*physics(), cells)
            found = {"fft": field.keyed_by_fft(q, k, v, waves, config)}
            for size in (1, 4, 0):
                found[f"blocks of {size}"] = field.keyed_by_blocks(q, k, v, waves, config, size)
            for way, y in found.items():
                with self.subTest(cells=cells, way=way):
                    self.assertLess(float((y - expected).abs().max()), 1e-12)

    def test_gradients_are_those_of_the_direct_sum(self) -> None:
        for cells, context, count in GEOMETRIES:
            config = shape(cells, context)
            deposits = torch.randn(1, count, 4, 2, dtype=torch.float64, requires_grad=True)
            weights = torch.randn(1, count, 4, 2, dtype=torch.float64)

            def gradients(way: object) -> list[Tensor]:
                p = physics()
                y = way(deposits, p)  # type: ignore[operator]
                return list(torch.autograd.grad((y * weights).sum(), [deposits, *p]))

            expected = gradients(lambda x, p: directly(x, p, config))
            for way in (field.by_fft, lambda x, w, c: field.by_blocks(x, w, c, 4)):
                found = gradients(lambda x, p: way(x, field.Waves.of(*p, cells), config))
                for f, e in zip(found, expected):
                    self.assertLess(float((f - e).abs().max()), 1e-11)

    def test_long_texts_in_float32(self) -> None:
        for cells, context in ((1500, 1500), (3700, 1500)):
            config = shape(cells, context)
            waves = field.Waves.of(*physics(), cells)
            deposits = torch.randn(1, context, 4, 2, dtype=torch.float64)
            expected = field.by_fft(deposits, waves, config)
            for y in (
                field.by_blocks(deposits.float(), waves, config),
                field.by_fft(deposits.float(), waves, config),
            ):
                error = float((y - expected).norm() / expected.norm())
                self.assertLess(error, 2e-6)

    def test_no_logit_depends_on_a_later_token(self) -> None:
        for kind, options in KINDS.items():
            model = small_model(**options)
            ids = torch.randint(model.config.vocab_size, (1, 33))
            other = ids.clone()
            other[:, 20:] = (other[:, 20:] + 1) % model.config.vocab_size
            for method in field.METHODS:
                model.run.method = method
                with self.subTest(kind=kind, method=method), torch.no_grad():
                    a, b = model(ids), model(other)
                    self.assertLess(float((a - b)[:, :20].abs().max()), 1e-6 * float(a.abs().max()))
                    self.assertGreater(float((a - b)[:, 20:].abs().max()), 1e-3)

    def test_the_ways_agree_on_every_kind_of_model(self) -> None:
        for kind, options in KINDS.items():
            model = small_model(**options)
            ids = torch.randint(model.config.vocab_size, (2, 33))
            with self.subTest(kind=kind), torch.no_grad():
                model.run.method = "blocks"
                blocks = model(ids)
                model.run.method = "fft"
                self.assertLess(float((model(ids) - blocks).norm() / blocks.norm()), 2e-6)

    def test_a_way_is_chosen(self) -> None:
        config, cpu = shape(33, 33), torch.device("cpu")
        self.assertIn(choose_method(config, 2, 33, cpu), field.METHODS)
        self.assertEqual(choose_method(config, 2, 33, cpu, "fft"), "fft")
        for method in field.METHODS:
            self.assertGreater(time_method(config, 2, 33, cpu, method, times=1), 0)


if __name__ == "__main__":
    unittest.main()
