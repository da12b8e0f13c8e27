"""What decides the rest of a run besides its progress: weights, optimizers, generators."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer


def capture(
    model: nn.Module, optimizers: list[Optimizer], device: torch.device
) -> dict[str, Tensor]:
    """The state as tensors named `model.…`, `optimizer.<k>.<parameter>.…` and `generator.…`.

    The rates are left out: a schedule computes them from the progress. So are Python's and NumPy's
    global generators: no training draws from them, data come from (seed, epoch) alone.
    """
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    for k, optimizer in enumerate(optimizers):
        for parameter, state in optimizer.state_dict()["state"].items():
            for name, value in state.items():
                tensors[f"optimizer.{k}.{parameter}.{name}"] = torch.as_tensor(value)
    return tensors | _generators(device)


def restore(
    tensors: dict[str, Tensor],
    model: nn.Module,
    optimizers: list[Optimizer],
    device: torch.device,
) -> None:
    """Put a captured state back, in place; the model is on `device` already."""
    model.load_state_dict(_below("model.", tensors))
    for k, optimizer in enumerate(optimizers):
        states: dict[int, dict[str, Any]] = defaultdict(dict)
        for name, tensor in _below(f"optimizer.{k}.", tensors).items():
            parameter, _, key = name.partition(".")
            states[int(parameter)][key] = tensor
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": dict(states), "param_groups": groups})
    torch.set_rng_state(tensors["generator.cpu"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(tensors["generator.cuda"], device)


def _generators(device: torch.device) -> dict[str, Tensor]:
    states = {"generator.cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["generator.cuda"] = torch.cuda.get_rng_state(device)
    return states


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): tensor for n, tensor in tensors.items() if n.startswith(prefix)}
