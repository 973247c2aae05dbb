"""The learning rate over a run, clipping, and AdamW: the engine's, step for step."""

from __future__ import annotations

import math
from typing import Any, Iterable

import torch
from torch import Tensor, nn

from .parameters import Spec

COURSES = ("cosine", "constant", "linear")


def learning_rate(settings: Any, step: int) -> float:
    """The rate of a step, counted from 1: linear warm-up, then the course that was chosen. `settings` has
    `peak_lr`, `min_lr`, `warmup_steps`, `steps` and `schedule`."""
    if step <= settings.warmup_steps:
        return settings.peak_lr * step / settings.warmup_steps
    decay = max(settings.steps - settings.warmup_steps, 1)
    along = min((step - settings.warmup_steps) / decay, 1.0)
    left = {
        "cosine": (1.0 + math.cos(math.pi * along)) / 2.0,
        "constant": 1.0,
        "linear": 1.0 - along,
    }[settings.schedule]
    return settings.min_lr + (settings.peak_lr - settings.min_lr) * left


def make_optimizer(model: nn.Module, specs: Iterable[Spec], settings: Any) -> torch.optim.AdamW:
    """AdamW (Loshchilov and Hutter 2019), its decay decoupled. What is not decayed, and what has the factor of
    the waves' physics, are groups of their own, each with its `factor` of the learning rate."""
    own = dict(model.named_parameters())
    groups: dict[tuple[bool, bool], list[Tensor]] = {}
    for spec in specs:
        groups.setdefault((spec.physics, spec.decayed), []).append(own[spec.name])
    return torch.optim.AdamW(
        [
            {
                "params": parameters,
                "weight_decay": settings.weight_decay if decayed else 0.0,
                "factor": settings.physics_lr if physics else 1.0,
            }
            for (physics, decayed), parameters in groups.items()
        ],
        lr=settings.peak_lr,
        betas=(settings.beta1, settings.beta2),
        eps=settings.eps,
    )


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate * group["factor"]


def local(tensor: Tensor) -> Tensor:
    """The part of a sharded tensor that this process has; any other as it is."""
    part = getattr(tensor, "to_local", None)
    return part() if part is not None else tensor


def squared_norm(parameters: Iterable[Tensor]) -> Tensor:
    """The sum of the squares of the gradients that this process has."""
    gradients = [local(p.grad) for p in parameters if p.grad is not None]
    return torch.stack([g.detach().square().sum() for g in gradients]).sum()


@torch.no_grad()
def scale_gradients(parameters: Iterable[Tensor], norm: float, clip_norm: float) -> None:
    """Scales gradients of this global norm down to `clip_norm`."""
    if norm > clip_norm:
        for p in parameters:
            if p.grad is not None:
                local(p.grad).mul_(clip_norm / norm)
