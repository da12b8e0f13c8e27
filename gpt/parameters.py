"""Parameter files: safetensors in float32, with what they were made from in the header.

The header holds the model's config, the vocabulary, the hash of the pretraining corpus, the recipe
and the kind of run.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from gpt import tensor_file
from gpt.attention import VARIANTS
from gpt.model import GPT, ModelConfig
from gpt.vocabulary import Vocabulary
from reports.record import InputError

FORMAT = "attention-practical parameters 1"


@dataclass(frozen=True)
class Header:
    """What a parameter file says of itself.

    run: 'pretrain', 'finetune' (after pretraining) or 'scratch' (finetuned without it)
    identity: of the run that made it, as JSON (see training/identity.py); empty if none did
    """

    config: ModelConfig
    vocabulary: Vocabulary
    corpus_sha256: str
    recipe: str
    run: str
    identity: str = ""


def save_parameters(path: Path, model: GPT, header: Header) -> str:
    """Write the model's parameters atomically; returns the SHA-256 of the tensors.

    Raises: InputError if the file cannot be written.
    """
    metadata = {
        "config": json.dumps(header.config.to_dict(), sort_keys=True),
        "vocabulary": json.dumps(header.vocabulary.symbols),
        "corpus_sha256": header.corpus_sha256,
        "recipe": header.recipe,
        "run": header.run,
        "identity": header.identity,
    }
    tensors = {name: tensor.float() for name, tensor in model.state_dict().items()}
    return tensor_file.write(path, FORMAT, metadata, tensors)


def load_parameters(path: Path, variant: str, vocabulary: Vocabulary) -> tuple[GPT, Header]:
    """The model in a parameter file, on the CPU, for the variant and vocabulary that are asked for.

    Raises: InputError if the file is missing, truncated, changed, foreign (a pickle, say, which
    is not read), of another variant, or of another vocabulary.
    """
    model, header = read_parameters(path)
    if header.config.variant != variant:
        raise InputError(f"{path}: variant is {header.config.variant!r}, not {variant!r}")
    if header.vocabulary.symbols != vocabulary.symbols:
        raise InputError(
            f"{path}: made with another vocabulary ({len(header.vocabulary)} symbols, "
            f"{header.vocabulary.sha256[:12]}) than the corpus given "
            f"({len(vocabulary)} symbols, {vocabulary.sha256[:12]})"
        )
    return model, header


def read_parameters(path: Path) -> tuple[GPT, Header]:
    """The model in a parameter file, on the CPU, whatever its variant and vocabulary.

    Raises: InputError if the file is missing, truncated, changed or foreign.
    """
    metadata, tensors = tensor_file.read(path, FORMAT)
    header = _header(path, metadata)
    model = GPT(header.config)
    try:
        model.load_state_dict(tensors)
    except RuntimeError as problem:
        first = str(problem).splitlines()[-1].strip()
        raise InputError(f"{path}: tensors do not fit the config: {first}") from None
    return model, header


def identity_of(path: Path) -> tuple[str, str]:
    """The identity of the run that made a parameter file, and the SHA-256 of its tensors.

    Raises: InputError if the file is missing or damaged.
    """
    metadata, _ = tensor_file.read(path, FORMAT)
    return metadata.get("identity", ""), metadata["tensors_sha256"]


def _header(path: Path, metadata: dict[str, str]) -> Header:
    try:
        config = ModelConfig(**json.loads(metadata["config"]))
        vocabulary = Vocabulary(json.loads(metadata["vocabulary"]))
        corpus, recipe, run = (metadata[name] for name in ("corpus_sha256", "recipe", "run"))
        header = Header(config, vocabulary, corpus, recipe, run, metadata.get("identity", ""))
    except (KeyError, TypeError, ValueError) as problem:
        raise InputError(f"{path}: damaged header: {problem}") from None
    if config.variant not in VARIANTS:
        raise InputError(f"{path}: unknown variant {config.variant!r}")
    return header
