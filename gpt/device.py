"""The device a run uses: CUDA when present, unless told otherwise."""

from __future__ import annotations

from typing import Literal

import torch

from reports.record import InputError, processor


def choose(name: str) -> torch.device:
    """`name` is auto, cpu or cuda.

    Raises: InputError if CUDA is asked for and not there.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("device cuda: no CUDA device is available here")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def describe(device: torch.device) -> tuple[Literal["cpu", "cuda"], str]:
    """The kind and the name of the device, as a record states them."""
    if device.type == "cuda":
        return "cuda", torch.cuda.get_device_name(device)
    return "cpu", processor()
