"""The processes that train one model together; by itself a process is a team of one.

torchrun starts them, on one machine or on many. Each takes its rows of every batch; gradients are averaged
over all. Where a model does not fit on a device its parameters are shared out (FSDP), otherwise each process
has all of them (DDP).
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import Any, ContextManager, Sequence

import torch
import torch.distributed as dist
from torch import Tensor, nn

from .errors import ConfigError, WaveFieldError
from .layers import Interference, Layer


def torch_version() -> tuple[int, int]:
    major, minor = torch.__version__.split(".")[:2]
    return int(major), int(minor)


def need_torch(version: tuple[int, int], what: str) -> None:
    if torch_version() < version:
        raise ConfigError(
            what, f"needs torch {version[0]}.{version[1]} or newer, but this is {torch.__version__}"
        )


@dataclass
class Team:
    rank: int
    size: int
    device: torch.device
    started: bool = False

    @classmethod
    def join(cls, device: str = "auto") -> Team:
        """Takes its place among the processes that torchrun started, if it did."""
        rank, size = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        if device == "cuda" and not torch.cuda.is_available():
            raise ConfigError(
                "device", "expected a graphics card that torch can use, found none; take cpu"
            )
        if device == "cuda":
            place = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
            torch.cuda.set_device(place)
        else:
            place = torch.device(device)
        started = size > 1 and not dist.is_initialized()
        if started:
            dist.init_process_group("nccl" if place.type == "cuda" else "gloo")
        return cls(rank, size, place, started)

    def leave(self) -> None:
        if self.started:
            dist.destroy_process_group()

    @property
    def leads(self) -> bool:
        """Whether it is this process that writes and speaks."""
        return self.rank == 0

    def rows(self, count: int) -> range:
        """Its rows of a batch."""
        return range(count * self.rank // self.size, count * (self.rank + 1) // self.size)

    def total(self, numbers: Tensor) -> Tensor:
        """The sums over all processes."""
        numbers = numbers.to(self.device)
        if self.size > 1:
            dist.all_reduce(numbers)
        return numbers

    def any(self, *flags: bool) -> list[bool]:
        """Which flags somebody has set."""
        if self.size == 1:
            return list(flags)
        return [
            count > 0 for count in self.total(torch.tensor(flags, dtype=torch.float32)).tolist()
        ]

    def told(self, value: Any) -> Any:
        """What the leader has."""
        if self.size == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def check_same(self, what: str, mark: str) -> None:
        """Refuses to go on where machines have different things."""
        (differs,) = self.any(self.told(mark) != mark)
        if differs:
            raise WaveFieldError(
                f"{what} is not the same for all processes; give every machine the same files"
            )

    def wait(self) -> None:
        if self.size > 1:
            dist.barrier()

    def wrap(self, model: nn.Module, layers: Sequence[nn.Module], sharded: bool) -> nn.Module:
        """The model as it is called in training."""
        if sharded:
            need_torch((2, 6), "shard")
            if self.size == 1:
                raise ConfigError(
                    "shard", "there is one process, and nobody to share with; start it by torchrun"
                )
            from torch.distributed.fsdp import fully_shard

            for layer in layers:
                fully_shard(layer)
            fully_shard(model)
            return model
        if self.size == 1:
            return model
        ids = [self.device.index] if self.device.type == "cuda" else None
        return nn.parallel.DistributedDataParallel(model, device_ids=ids)

    @staticmethod
    def gathers(model: nn.Module, now: bool) -> ContextManager[None]:
        """Whether the next backward averages the gradients, or only adds to this process's own."""
        set_sync = getattr(model, "set_requires_gradient_sync", None)
        if set_sync is not None:
            set_sync(now)
        elif isinstance(model, nn.parallel.DistributedDataParallel) and not now:
            return model.no_sync()
        return contextlib.nullcontext()


def whole(tensor: Tensor) -> Tensor:
    """A sharded tensor's all values, which every process must ask for; any other as it is."""
    gather = getattr(tensor, "full_tensor", None)
    return gather() if gather is not None else tensor


def shared_out_like(values: Tensor, parameter: Tensor) -> Tensor:
    """Values as this process has its part of `parameter`."""
    values = values.view(parameter.shape).to(parameter.device)
    mesh, placements = (getattr(parameter, part, None) for part in ("device_mesh", "placements"))
    if mesh is None:
        return values.clone()
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(values, mesh, placements)


def shared_modules(model: nn.Module) -> list[nn.Module]:
    """What is gathered and let go as one when a model is sharded."""
    return [module for module in model.modules() if isinstance(module, (Layer, Interference))]
