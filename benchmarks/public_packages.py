"""Layers of the public packages performer-pytorch and linformer, made to compute what ours do.

The packages are optional (extra `public`) and loaded when a layer is asked for.
"""

from __future__ import annotations

import importlib
import warnings
from importlib import metadata
from types import ModuleType
from typing import Any

import torch
from torch import nn

from gpt.attention.linformer import LinformerAttention
from gpt.attention.performer import PerformerAttention
from reports.record import InputError

PACKAGES = ("performer-pytorch", "linformer")


class MissingPackageError(InputError):
    """A public package that is not installed."""


def versions() -> dict[str, str]:
    """Of the packages by name.

    Raises: MissingPackageError naming the first that is not installed.
    """
    try:
        return {name: metadata.version(name) for name in PACKAGES}
    except metadata.PackageNotFoundError as problem:
        raise _missing(str(problem.name)) from None


def performer(ours: PerformerAttention) -> nn.Module:
    """performer-pytorch's FastAttention with the directions of our layer's first head.

    It knows one matrix of directions, so all heads of ours are given those of the first. Its
    causal form is the one in torch alone; the other needs a compiled package that it falls back
    from. Called with queries, keys and values (B, H, T, D).

    Raises: MissingPackageError if performer-pytorch is not installed.
    """
    module = _loaded("performer_pytorch.performer_pytorch", "performer-pytorch")
    _, features, size = ours.directions.shape
    theirs: Any = module.FastAttention(size, nb_features=features)
    ours.directions.copy_(ours.directions[0].expand_as(ours.directions))
    theirs.projection_matrix = ours.directions[0].clone()
    theirs.causal = ours.causal
    theirs.causal_linear_fn = module.causal_linear_attention_noncuda
    return theirs  # type: ignore[no-any-return]


@torch.no_grad()
def linformer(ours: LinformerAttention) -> nn.Module:
    """lucidrains' LinformerSelfAttention with the weights of our layer, called with x (B, T, C).

    Its queries, keys and values have no bias, so those of ours are taken away; its E and F are
    those of `share="headwise"`, written n × k.

    Raises: MissingPackageError if linformer is not installed.
    """
    module = _loaded("linformer", "linformer")
    k, n = ours.E.shape
    width = ours.query.in_features
    theirs: Any = module.LinformerSelfAttention(width, n, k=k, heads=ours.heads)
    pairs = ((theirs.to_q, ours.query), (theirs.to_k, ours.key), (theirs.to_v, ours.value))
    for their_map, our_map in pairs:
        their_map.weight.copy_(our_map.weight)
        our_map.register_parameter("bias", None)
    theirs.to_out.load_state_dict(ours.projection.state_dict())
    E, F = ours.matrices
    theirs.proj_k.copy_(E.T)
    theirs.proj_v.copy_(F.T)
    return theirs  # type: ignore[no-any-return]


def _loaded(module: str, package: str) -> ModuleType:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # performer-pytorch asks distutils for a version
            return importlib.import_module(module)
    except ModuleNotFoundError:
        raise _missing(package) from None


def _missing(package: str) -> MissingPackageError:
    return MissingPackageError(
        f"{package}: not installed or not complete; `make setup` installs it, or the extra `public`"
    )
