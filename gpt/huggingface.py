"""Vanilla models to and from a folder in Hugging Face's format of GPT-2, bit by bit.

    python gpt/huggingface.py export vanilla.params folder
    python gpt/huggingface.py import folder vanilla.params

`transformers.AutoModelForCausalLM.from_pretrained(folder)` then has our logits, its `generate` our
answers (MASK ends them), and `AutoTokenizer.from_pretrained(folder)` our ids. What the format has
no place for lies in config.json under `attention_practical`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a script: let `import gpt` find the folder's parent
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from gpt.card import path_of
from gpt.generation import ANSWER_LENGTH
from gpt.model import GPT, ModelConfig
from gpt.parameters import Header, read_parameters, save_parameters
from gpt.vocabulary import MASK, MASK_ID, PAD, PAD_ID, Vocabulary
from reports.record import (
    ArgumentParser,
    InputError,
    exit_on_input_error,
    printable,
    write_bytes,
    write_text,
)

OURS = "attention_practical"
KEPT = ("corpus_sha256", "recipe", "run", "identity")  # of the header of a parameter file
CONFIG, TENSORS, TOKENS = "config.json", "model.safetensors", "tokenizer.json"
# What GPT-2's configuration must say for its network to be that of the practical.
FIXED: dict[str, Any] = {
    "model_type": "gpt2",
    "activation_function": "gelu",
    "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False,
    "reorder_and_upcast_attn": False,
    "layer_norm_epsilon": 1e-5,
    "tie_word_embeddings": False,
    "n_inner": None,
    "add_cross_attention": False,
}
SIZES = {
    "vocabulary_size": "vocab_size",
    "block_size": "n_positions",
    "layers": "n_layer",
    "heads": "n_head",
    "width": "n_embd",
    "dropout": "resid_pdrop",
}
OUTER = {
    "tokens.weight": "transformer.wte.weight",
    "positions": "transformer.wpe.weight",
    "norm.weight": "transformer.ln_f.weight",
    "norm.bias": "transformer.ln_f.bias",
    "head.weight": "lm_head.weight",
}
NORMS = {"norm1": "ln_1", "norm2": "ln_2"}
# GPT-2 keeps the matrices of its affine maps transposed (its Conv1D); `t` leaves biases alone.
MAPS = {"attention.projection": "attn.c_proj", "mlp.0": "mlp.c_fc", "mlp.2": "mlp.c_proj"}
JOINT = ("attention.query", "attention.key", "attention.value")  # side by side in attn.c_attn


def export(parameters: Path, folder: Path) -> None:
    """Write `config.json`, `generation_config.json`, `model.safetensors` and the tokenizer.

    The model card beside the parameters, where there is one, becomes the folder's README.md.
    Raises: InputError for a variant that GPT-2 has not, or a folder that holds something.
    """
    model, header = read_parameters(parameters)
    if header.config.variant != "vanilla":
        raise InputError(
            f"{parameters}: variant {header.config.variant!r} has no counterpart in GPT-2; "
            "vanilla alone can be exported"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder}: exists and is not an empty folder")
    tensors = to_gpt2(model.state_dict(), header.config.layers)
    write_bytes(folder / TENSORS, save(tensors, {"format": "pt"}))
    files = {
        CONFIG: _configuration(header),
        "generation_config.json": _ENDS | {"do_sample": False, "max_new_tokens": ANSWER_LENGTH},
        TOKENS: _tokenizer(header.vocabulary),
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": header.config.block_size,
            "pad_token": PAD,
            "eos_token": MASK,
            "clean_up_tokenization_spaces": False,
        },
    }
    for name, content in files.items():
        write_text(folder / name, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    card = path_of(parameters)
    if card.is_file():
        write_text(folder / "README.md", card.read_text(encoding="utf-8"))


def import_(folder: Path, parameters: Path) -> None:
    """Write the parameter file of a folder that `export` wrote, even if trained further since.

    Raises: InputError naming file and value for anything that would not give the same model.
    """
    if parameters.exists():
        raise InputError(f"{parameters}: exists already")
    header = _header(folder)
    path = folder / TENSORS
    try:
        theirs = load(path.read_bytes())
    except OSError as problem:
        raise InputError(f"{path}: cannot be read: {problem.strerror}") from None
    except SafetensorError as problem:
        raise InputError(f"{path}: not a whole safetensors file: {problem}") from None
    model = GPT(header.config)
    wanted = to_gpt2(model.state_dict(), header.config.layers)
    for name in sorted(wanted.keys() | theirs.keys()):
        found, expected = (_describe(tensors.get(name)) for tensors in (theirs, wanted))
        if found != expected:
            raise InputError(f"{path}: {printable(name)} is {found}, expected {expected}")
    model.load_state_dict(from_gpt2(theirs, header.config.layers))
    save_parameters(parameters, model, header)


# --------------------------------------------------------------------------------- tensors


def to_gpt2(state: Mapping[str, Tensor], layers: int) -> dict[str, Tensor]:
    """The parameters under GPT-2's names and in its shapes: copies, bit by bit."""
    found = {theirs: state[ours] for ours, theirs in OUTER.items()}
    for i in range(layers):
        mine, their = f"blocks.{i}.", f"transformer.h.{i}."
        for part in ("weight", "bias"):
            for ours, theirs in NORMS.items():
                found[f"{their}{theirs}.{part}"] = state[f"{mine}{ours}.{part}"]
            for ours, theirs in MAPS.items():
                found[f"{their}{theirs}.{part}"] = state[f"{mine}{ours}.{part}"].t()
            joint = torch.cat([state[f"{mine}{ours}.{part}"] for ours in JOINT])
            found[f"{their}attn.c_attn.{part}"] = joint.t()
    return {
        name: tensor.detach().clone(memory_format=torch.contiguous_format)
        for name, tensor in found.items()
    }


def from_gpt2(theirs: Mapping[str, Tensor], layers: int) -> dict[str, Tensor]:
    """The inverse of `to_gpt2`."""
    found = {ours: theirs[their] for ours, their in OUTER.items()}
    for i in range(layers):
        mine, their = f"blocks.{i}.", f"transformer.h.{i}."
        for part in ("weight", "bias"):
            for ours, name in NORMS.items():
                found[f"{mine}{ours}.{part}"] = theirs[f"{their}{name}.{part}"]
            for ours, name in MAPS.items():
                found[f"{mine}{ours}.{part}"] = theirs[f"{their}{name}.{part}"].t()
            thirds = theirs[f"{their}attn.c_attn.{part}"].t().chunk(len(JOINT))
            for ours, third in zip(JOINT, thirds, strict=True):
                found[f"{mine}{ours}.{part}"] = third
    return {name: tensor.contiguous() for name, tensor in found.items()}


def _describe(tensor: Tensor | None) -> str:
    return "missing" if tensor is None else f"{tuple(tensor.shape)} of {tensor.dtype}"


# ---------------------------------------------------------------------------- configuration

_ENDS: dict[str, Any] = {"bos_token_id": None, "eos_token_id": MASK_ID, "pad_token_id": PAD_ID}


def _configuration(header: Header) -> dict[str, Any]:
    sizes = header.config.to_dict()
    return {
        "architectures": ["GPT2LMHeadModel"],
        **FIXED,
        **{theirs: sizes[ours] for ours, theirs in SIZES.items()},
        "embd_pdrop": header.config.dropout,
        "attn_pdrop": header.config.dropout,
        "dtype": "float32",
        **_ENDS,
        OURS: {name: getattr(header, name) for name in KEPT},
    }


def _tokenizer(vocabulary: Vocabulary) -> dict[str, Any]:
    """One token a character: byte-pair encoding (of characters) that merges nothing."""
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": None,
        "post_processor": None,
        "decoder": {"type": "Fuse"},
        "model": {"type": "BPE", "vocab": vocabulary.stoi, "merges": []},
    }


def _header(folder: Path) -> Header:
    path = folder / CONFIG
    said = _json(path)
    for name, value in FIXED.items():
        if said.get(name, value) != value:  # transformers leaves out what is GPT-2's default
            raise InputError(f"{path}: {name} is {said[name]!r}, expected {value!r}")
    for name in ("activation_function", "tie_word_embeddings", OURS, *SIZES.values()):
        if name not in said:
            raise InputError(f"{path}: no {name!r}: not a folder that export wrote")
    dropouts = [said.get(name) for name in ("resid_pdrop", "embd_pdrop", "attn_pdrop")]
    if dropouts.count(dropouts[0]) < len(dropouts):
        raise InputError(f"{path}: dropouts differ: {dropouts}, expected one")
    vocabulary = _vocabulary(folder / TOKENS)
    if len(vocabulary) != said["vocab_size"]:
        raise InputError(
            f"{path}: vocab_size is {said['vocab_size']!r}, but {TOKENS} has {len(vocabulary)}"
        )
    try:
        sizes = {ours: said[theirs] for ours, theirs in SIZES.items()}
        config = ModelConfig(variant="vanilla", **sizes)
        GPT(config)
        return Header(config, vocabulary, *(str(said[OURS][name]) for name in KEPT))
    except (KeyError, TypeError, ValueError, RuntimeError, ZeroDivisionError) as problem:
        raise InputError(f"{path}: damaged: {problem}") from None


def _vocabulary(path: Path) -> Vocabulary:
    try:
        stoi: dict[str, int] = _json(path)["model"]["vocab"]
        symbols = sorted(stoi, key=lambda symbol: stoi[symbol])
        numbered = [stoi[symbol] for symbol in symbols] == list(range(len(symbols)))
    except (KeyError, TypeError, AttributeError):
        raise InputError(f"{path}: no vocabulary under model, vocab") from None
    if not numbered or any(len(symbol) != 1 for symbol in symbols):
        raise InputError(f"{path}: the vocabulary is not one character an id, from 0 on")
    try:
        return Vocabulary(symbols)
    except InputError as problem:
        raise InputError(f"{path}: {problem}") from None


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise InputError(f"{path}: cannot be read: {problem.strerror}") from None
    except (ValueError, RecursionError) as problem:
        raise InputError(f"{path}: not JSON: {problem}") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: a JSON object is expected")
    return content


# ----------------------------------------------------------------------------- command line


def main(argv: list[str] | None = None) -> int:
    parser = ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("direction", choices=["export", "import"])
    parser.add_argument("source", type=Path, help="parameter file, or folder to import")
    parser.add_argument("target", type=Path, help="folder, or parameter file to write")
    arguments = parser.parse_args(argv)
    carry_out = export if arguments.direction == "export" else import_
    carry_out(arguments.source, arguments.target)
    print(f"written: {printable(str(arguments.target))}")
    return 0


if __name__ == "__main__":
    exit_on_input_error(main)
