"""Safetensors files that notice every changed byte: what parameters and checkpoints are saved in.

Nothing is ever unpickled. The header is JSON: the format's name, strings of the caller's, and a
SHA-256 of the tensors and of the header itself, because safetensors does not check values.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from reports.record import InputError, write_bytes


def write(path: Path, format: str, header: dict[str, str], tensors: dict[str, Tensor]) -> str:
    """Write the file atomically; returns the SHA-256 of the tensors.

    Raises: InputError if the file cannot be written.
    """
    # Copies, because safetensors refuses tensors that share memory.
    tensors = {n: t.detach().to("cpu", copy=True).contiguous() for n, t in tensors.items()}
    digest = _digest(tensors)
    header = {"format": format, **header, "tensors_sha256": digest}
    header["header_sha256"] = _header_digest(header)
    write_bytes(path, save(tensors, header))
    return digest


def read(path: Path, format: str) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Header and tensors, on the CPU; `tensors_sha256` is in the header.

    Raises: InputError if the file is missing, truncated, changed or foreign (a pickle, say).
    """
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise InputError(f"{path}: cannot be read: {problem.strerror}") from None
    try:
        tensors = load(content)
        size = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + size]).get("__metadata__") or {}
    except (SafetensorError, ValueError):
        raise InputError(
            f"{path}: not a whole safetensors file of {len(content)} bytes "
            "(truncated, or foreign: a pickle is never read)"
        ) from None
    if header.get("format") != format:
        raise InputError(f"{path}: format is {header.get('format')!r}, expected {format!r}")
    header_sha256 = header.pop("header_sha256", None)
    for part, stated, found in (
        ("header", header_sha256, _header_digest(header)),
        ("tensors", header.get("tensors_sha256"), _digest(tensors)),
    ):
        if stated != found:
            raise InputError(f"{path}: the {part} changed after saving: SHA-256 is {found[:12]}")
    return header, tensors


def _header_digest(header: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(header, sort_keys=True).encode()).hexdigest()


def _digest(tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        digest.update(tensor.contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()
