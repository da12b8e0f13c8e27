"""Parameter files: safetensors in float32, with what they were made from in the header.

Nothing is ever unpickled. The header holds the model's config, the vocabulary, the hash of the
pretraining corpus, the recipe, the kind of run, and a SHA-256 of the tensors and of the header
itself, because the format does not notice a changed byte.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from gpt.attention import VARIANTS
from gpt.model import GPT, ModelConfig
from gpt.vocabulary import Vocabulary
from reports.record import InputError, write_bytes

FORMAT = "attention-practical parameters 1"


@dataclass(frozen=True)
class Header:
    """What a parameter file says of itself.

    run: 'pretrain', 'finetune' (after pretraining) or 'scratch' (finetuned without it)
    """

    config: ModelConfig
    vocabulary: Vocabulary
    corpus_sha256: str
    recipe: str
    run: str


def save_parameters(path: Path, model: GPT, header: Header) -> str:
    """Write the model's parameters atomically; returns the SHA-256 of the tensors.

    Raises: InputError if the file cannot be written.
    """
    tensors = {
        name: tensor.detach().float().cpu().contiguous()
        for name, tensor in model.state_dict().items()
    }
    digest = _digest(tensors)
    metadata = {
        "format": FORMAT,
        "config": json.dumps(header.config.to_dict(), sort_keys=True),
        "vocabulary": json.dumps(header.vocabulary.symbols),
        "corpus_sha256": header.corpus_sha256,
        "recipe": header.recipe,
        "run": header.run,
        "tensors_sha256": digest,
    }
    metadata["header_sha256"] = _header_digest(metadata)
    write_bytes(path, save(tensors, metadata))
    return digest


def load_parameters(path: Path, variant: str, vocabulary: Vocabulary) -> tuple[GPT, Header]:
    """The model in a parameter file, on the CPU, for the variant and vocabulary that are asked for.

    Raises: InputError if the file is missing, truncated, changed, foreign (a pickle, say, which
    is not read), of another variant, or of another vocabulary.
    """
    header, tensors = _read(path)
    if header.config.variant != variant:
        raise InputError(f"{path}: variant is {header.config.variant!r}, not {variant!r}")
    if header.vocabulary.symbols != vocabulary.symbols:
        raise InputError(
            f"{path}: made with another vocabulary ({len(header.vocabulary)} symbols, "
            f"{header.vocabulary.sha256[:12]}) than the corpus given "
            f"({len(vocabulary)} symbols, {vocabulary.sha256[:12]})"
        )
    model = GPT(header.config)
    try:
        model.load_state_dict(tensors)
    except RuntimeError as problem:
        first = str(problem).splitlines()[-1].strip()
        raise InputError(f"{path}: tensors do not fit the config: {first}") from None
    return model, header


def _read(path: Path) -> tuple[Header, dict[str, Tensor]]:
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise InputError(f"{path}: cannot be read: {problem.strerror}") from None
    try:
        tensors = load(content)
        size = int.from_bytes(content[:8], "little")
        metadata = json.loads(content[8 : 8 + size]).get("__metadata__") or {}
    except (SafetensorError, ValueError):
        raise InputError(
            f"{path}: not a whole safetensors file of {len(content)} bytes "
            "(truncated, or foreign: a pickle is never read)"
        ) from None
    if metadata.get("format") != FORMAT:
        raise InputError(f"{path}: format is {metadata.get('format')!r}, expected {FORMAT!r}")
    header_sha256 = metadata.pop("header_sha256", None)
    for part, stated, found in (
        ("header", header_sha256, _header_digest(metadata)),
        ("tensors", metadata.get("tensors_sha256"), _digest(tensors)),
    ):
        if stated != found:
            raise InputError(f"{path}: the {part} changed after saving: SHA-256 is {found[:12]}")
    return _header(path, metadata), tensors


def _header(path: Path, metadata: dict[str, str]) -> Header:
    try:
        config = ModelConfig(**json.loads(metadata["config"]))
        vocabulary = Vocabulary(json.loads(metadata["vocabulary"]))
        header = Header(
            config, vocabulary, metadata["corpus_sha256"], metadata["recipe"], metadata["run"]
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise InputError(f"{path}: damaged header: {problem}") from None
    if config.variant not in VARIANTS:
        raise InputError(f"{path}: unknown variant {config.variant!r}")
    return header


def _header_digest(metadata: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(metadata, sort_keys=True).encode()).hexdigest()


def _digest(tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        digest.update(tensor.contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
