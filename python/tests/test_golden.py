"""The golden cases: logits, loss, every gradient, and three steps of the optimiser, to the tolerances of the
engine's own test, by both ways of computing the field."""

from __future__ import annotations

import unittest
from types import SimpleNamespace

import torch

from wavefield.model import loss_sum
from wavefield.optimizer import (
    learning_rate,
    make_optimizer,
    scale_gradients,
    set_learning_rate,
    squared_norm,
)

from .helpers import Case, cases, relative

LOGITS, LOSSES, GRADIENTS, PARAMETERS = 1e-5, 1e-5, 1e-4, 1e-4


class Golden(unittest.TestCase):
    def test_every_case_is_there(self) -> None:
        names = {case.name for case in cases()}
        self.assertGreaterEqual(
            names,
            {"wave_fractional_stride", "wave_integer_stride", "wave_unit_stride", "wave_released_shape",
             "standard_baseline", "modern_wave", "modern_hybrid", "modern_keyed", "modern_standard"},
        )  # fmt: skip

    def test_cases(self) -> None:
        for case in cases():
            for method in ("blocks", "fft") if case.config.is_wave else ("blocks",):
                with self.subTest(case=case.name, method=method):
                    self.check(case, method)

    def check(self, case: Case, method: str) -> None:
        model = case.model()
        model.run.method = method
        ids, targets = case.tensors["ids"].long(), case.tensors["targets"].long()
        settings = SimpleNamespace(
            **case.optimiser,
            steps=int(case.optimiser["total_steps"]),
            schedule="cosine",
            physics_lr=1.0,
        )
        optimizer = make_optimizer(model, model.specs(), settings)
        parameters = dict(model.named_parameters())
        self.assertEqual(sum(p.numel() for p in parameters.values()), model.parameter_count())
        for step in (1, 2, 3):
            logits = model(ids)
            total, _, counted = loss_sum(logits, targets)
            loss = total / counted
            optimizer.zero_grad()
            loss.backward()
            if step == 1:
                self.near("logits", relative(logits, case.tensors["logits"]), LOGITS)
                self.near("loss", relative(loss, case.tensors["loss"]), LOSSES)
                for name, p in parameters.items():
                    error = relative(p.grad, case.own("grad.", name, p.shape))
                    self.near(f"gradient of {name}", error, GRADIENTS)
            self.near(
                f"loss of step {step}", relative(loss, case.tensors["adamw.loss"][step - 1]), LOSSES
            )
            norm = float(squared_norm(parameters.values()).sqrt())
            scale_gradients(parameters.values(), norm, settings.clip_norm)
            set_learning_rate(optimizer, learning_rate(settings, step))
            optimizer.step()
        for name, p in parameters.items():
            found, expected = p.detach(), case.own("adamw.param.", name, p.shape)
            if name.endswith("self_attn.in_proj_bias"):
                # The keys' bias has no true gradient, so AdamW makes steps of its rounding.
                keep = torch.ones_like(found, dtype=torch.bool)
                keep[found.numel() // 3 : 2 * found.numel() // 3] = False
                found, expected = found[keep], expected[keep]
            self.near(f"after three steps {name}", relative(found, expected), PARAMETERS)

    def near(self, what: str, error: float, tolerance: float) -> None:
        self.assertLess(error, tolerance, f"{what}: off by {error:.2e}")
