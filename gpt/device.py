"""The device a run uses: CUDA when present, unless told otherwise."""

from __future__ import annotations

import copy
import os
from typing import Literal, TypeVar

import torch
from torch import Tensor

from reports.record import InputError, processor

Holder = TypeVar("Holder")


def choose(name: str) -> torch.device:
    """`name` is auto, cpu or cuda.

    Raises: InputError if CUDA is asked for and not there.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("device cuda: no CUDA device is available here")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def moved(ids: Tensor, device: torch.device) -> Tensor:
    """`ids`, which lie on the CPU, on the device.

    To CUDA they go from pinned memory: a copy from other memory waits for all work before it.
    """
    if device.type == "cuda":
        return ids.pin_memory().to(device, non_blocking=True)
    return ids.to(device)


def on_device(holder: Holder, device: torch.device) -> Holder:
    """A copy of `holder` whose own tensors lie on the device; the rest is shared."""
    there = copy.copy(holder)
    for name, value in vars(holder).items():
        if isinstance(value, Tensor):
            setattr(there, name, value.to(device))
    return there


def make_deterministic(device: torch.device) -> None:
    """Let equal runs on CUDA give equal bits; on the CPU they do so anyway for equal threads.

    Kernels that add in no fixed order are replaced, or refused where torch has no other; cuBLAS
    needs a workspace of fixed size, named before its first product.
    """
    if device.type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def describe(device: torch.device) -> tuple[Literal["cpu", "cuda"], str]:
    """The kind and the name of the device, as a record states them."""
    if device.type == "cuda":
        return "cuda", torch.cuda.get_device_name(device)
    return "cpu", processor()
