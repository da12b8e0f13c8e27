"""Folders in Hugging Face's format: what their library makes of ours, and the way back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from gpt import huggingface
from gpt.generation import greedy
from gpt.huggingface import export, import_, main
from gpt.model import GPT
from gpt.parameters import Header, read_parameters, save_parameters
from gpt.vocabulary import MASK, MASK_ID, Vocabulary
from reports.record import InputError

Build = Callable[..., GPT]
QUESTIONS = ["Where was Bo Ek born?", "Where?", "Ada", "Rome", "in 1901."]


@pytest.fixture
def model(tiny: Build, vocabulary: Vocabulary) -> GPT:
    """With random biases, gains and positions, and a MASK that ends some answers."""
    model = tiny("vanilla", len(vocabulary), seed=11, dropout=0.25)
    generator = torch.Generator().manual_seed(11)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.4 * torch.randn(parameter.shape, generator=generator))
        model.head.weight[MASK_ID] *= 2.0
    return model.eval()


@pytest.fixture
def parameters(model: GPT, vocabulary: Vocabulary, tmp_path: Path) -> Path:
    path = tmp_path / "vanilla.params"
    save_parameters(path, model, Header(model.config, vocabulary, "0" * 64, "quick", "finetune"))
    return path


def theirs(folder: Path) -> Any:
    from transformers import GPT2LMHeadModel

    return GPT2LMHeadModel.from_pretrained(folder).eval()


@torch.no_grad()
def largest_difference(model: GPT, folder: Path) -> float:
    """Of the logits of their library and ours, of order 10, on random ids of the whole block."""
    ids = torch.randint(
        len(model.tokens.weight), (2, 128), generator=torch.Generator().manual_seed(0)
    )
    ours = model.eval()(ids)
    assert 5 < ours.abs().max() < 100
    return float((theirs(folder)(ids).logits - ours).abs().max())


def test_their_library_has_our_logits_answers_and_ids(
    model: GPT, parameters: Path, vocabulary: Vocabulary, tmp_path: Path
) -> None:
    from transformers import AutoTokenizer

    folder = tmp_path / "exported"
    export(parameters, folder)
    assert largest_difference(model, folder) < 1e-4
    tokenizer = AutoTokenizer.from_pretrained(folder)
    prompts = [vocabulary.encode(question + MASK) for question in QUESTIONS]
    assert [tokenizer(question + MASK).input_ids for question in QUESTIONS] == prompts
    assert tokenizer.decode(prompts[0]) == QUESTIONS[0] + MASK
    network = theirs(folder)
    said = [network.generate(torch.tensor([prompt]))[0].tolist() for prompt in prompts]
    assert [ids[len(prompt) :] for ids, prompt in zip(said, prompts, strict=True)] == [
        spoken.ids for spoken in greedy(model, prompts)
    ]


def test_there_and_back_is_bit_by_bit(parameters: Path, tmp_path: Path) -> None:
    assert main(["export", str(parameters), str(tmp_path / "f")]) == 0
    assert main(["import", str(tmp_path / "f"), str(tmp_path / "back.params")]) == 0
    (model, header), (again, header_again) = (
        read_parameters(path) for path in (parameters, tmp_path / "back.params")
    )
    assert header_again.config == header.config
    assert header_again.vocabulary.symbols == header.vocabulary.symbols
    for name in huggingface.KEPT:
        assert getattr(header_again, name) == getattr(header, name)
    for (name, a), b in zip(model.state_dict().items(), again.state_dict().values(), strict=True):
        assert bool((a == b).all()), name


def test_a_model_that_their_library_changed_and_saved_can_be_imported(
    parameters: Path, tmp_path: Path
) -> None:
    export(parameters, tmp_path / "f")
    network = theirs(tmp_path / "f")
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(1.25)
    network.save_pretrained(tmp_path / "f")
    import_(tmp_path / "f", tmp_path / "trained.params")
    trained, header = read_parameters(tmp_path / "trained.params")
    assert (header.recipe, header.config.dropout) == ("quick", 0.25)
    assert largest_difference(trained, tmp_path / "f") < 1e-4
    assert bool((trained.head.weight == 1.25 * read_parameters(parameters)[0].head.weight).all())


def test_the_model_card_goes_along(parameters: Path, tmp_path: Path) -> None:
    parameters.with_name("vanilla.params.md").write_text("# A card\n")
    export(parameters, tmp_path / "f")
    assert (tmp_path / "f" / "README.md").read_text() == "# A card\n"


# ------------------------------------------------------------------------------ wrong twins


def test_keys_for_queries_are_caught(
    model: GPT, parameters: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swapped = ("attention.key", "attention.query", "attention.value")
    monkeypatch.setattr(huggingface, "JOINT", swapped)
    export(parameters, tmp_path / "f")
    assert largest_difference(model, tmp_path / "f") > 0.01


WRONG = {"activation_function": "gelu_new", "scale_attn_weights": False, "layer_norm_epsilon": 0.1}


@pytest.mark.parametrize(("name", "value"), WRONG.items(), ids=WRONG.keys())
def test_another_network_is_caught_and_refused(
    model: GPT, parameters: Path, tmp_path: Path, name: str, value: object
) -> None:
    export(parameters, tmp_path / "f")
    edit(tmp_path / "f" / "config.json", {name: value})
    assert largest_difference(model, tmp_path / "f") > 2e-4
    with pytest.raises(InputError, match=f"config.json: {name} is {value!r}, expected "):
        import_(tmp_path / "f", tmp_path / "new.params")


# -------------------------------------------------------------------------------- bad input


def edit(path: Path, changes: dict[str, object]) -> None:
    content = json.loads(path.read_text())
    path.write_text(json.dumps({k: v for k, v in (content | changes).items() if v is not ...}))


def test_only_vanilla_can_be_exported(tiny: Build, vocabulary: Vocabulary, tmp_path: Path) -> None:
    model = tiny("rope", len(vocabulary))
    header = Header(model.config, vocabulary, "0" * 64, "quick", "pretrain")
    save_parameters(tmp_path / "rope.params", model, header)
    with pytest.raises(InputError, match=r"rope\.params: variant 'rope' has no counterpart"):
        export(tmp_path / "rope.params", tmp_path / "f")
    assert not (tmp_path / "f").exists()


def test_nothing_is_overwritten(parameters: Path, tmp_path: Path) -> None:
    export(parameters, tmp_path / "f")
    with pytest.raises(InputError, match="f: exists and is not an empty folder"):
        export(parameters, tmp_path / "f")
    with pytest.raises(InputError, match="exists and is not an empty folder"):
        export(parameters, parameters)
    before = parameters.read_bytes()
    with pytest.raises(InputError, match=r"vanilla\.params: exists already"):
        import_(tmp_path / "f", parameters)
    assert parameters.read_bytes() == before


def truncate(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])


def change_tensors(change: Callable[[dict[str, torch.Tensor]], object]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        tensors = load_file(folder / "model.safetensors")
        change(tensors)
        save_file(tensors, folder / "model.safetensors")

    return damage


def change(name: str, value: object, file: str = "config.json") -> Callable[[Path], None]:
    return lambda folder: edit(folder / file, {name: value})


HEAD, WIDE = "lm_head.weight", "transformer.wpe.weight"
DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no config": (lambda f: (f / "config.json").unlink(), "config.json: cannot be read: No such"),
    "not JSON": (lambda f: (f / "config.json").write_text("{"), "config.json: not JSON: Expecting"),
    "a list": (lambda f: (f / "config.json").write_text("[]"), "config.json: a JSON object"),
    "another model": (change("model_type", "llama"), "model_type is 'llama', expected 'gpt2'"),
    "a tied head": (change("tie_word_embeddings", ...), "no 'tie_word_embeddings'"),
    "not ours": (change("attention_practical", ...), "no 'attention_practical'"),
    "a field less": (change("attention_practical", {"run": "scratch"}), "damaged: 'corpus_sha256'"),
    "dropouts": (change("attn_pdrop", 0.5), r"dropouts differ: \[0.25, 0.25, 0.5\]"),
    "heads": (change("n_head", 3), "damaged: width 16 is not a multiple of 3 heads"),
    "a size that is none": (change("n_layer", "two"), "config.json: damaged: 'str'"),
    "no heads": (change("n_head", 0), "config.json: damaged: "),
    "no width": (change("n_embd", 0), "config.json: damaged: "),
    "a dropout that is a list": (change("resid_pdrop", [0.1]), "config.json: dropouts differ"),
    "deep JSON": (lambda f: (f / "config.json").write_text("[" * 9**5), "config.json: not JSON"),
    "vocabulary size": (change("vocab_size", 99), "vocab_size is 99, but tokenizer.json has"),
    "no tokens": (change("model", ..., "tokenizer.json"), "tokenizer.json: no vocabulary"),
    "two ids": (change("model", {"vocab": {"a": 0, "b": 0}}, "tokenizer.json"), "one character"),
    "words": (change("model", {"vocab": {"ab": 0}}, "tokenizer.json"), "one character an id"),
    "no MASK": (change("model", {"vocab": {"a": 0, "b": 1}}, "tokenizer.json"), "PAD and MASK"),
    "truncated": (truncate, "model.safetensors: not a whole safetensors file"),
    "no tensors": (lambda f: (f / "model.safetensors").unlink(), "safetensors: cannot be read"),
    "a tensor less": (change_tensors(lambda t: t.pop(HEAD)), "lm_head.weight is missing, expected"),
    "a tensor more": (
        change_tensors(lambda t: t.update(more=torch.zeros(1))), "more is .* expected missing"
    ),
    "another shape": (
        change_tensors(lambda t: t.update({WIDE: torch.zeros(9, 16)})), r"wpe.weight is \(9, 16\)"
    ),
    "another type": (
        change_tensors(lambda t: t.update({WIDE: t[WIDE].half()})), "float16, expected .*float32"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("damage", "message"), DAMAGES.values(), ids=DAMAGES.keys())
def test_a_folder_that_is_not_as_exported_is_refused_in_one_line(
    parameters: Path, tmp_path: Path, damage: Callable[[Path], object], message: str
) -> None:
    export(parameters, tmp_path / "f")
    damage(tmp_path / "f")
    with pytest.raises(InputError, match=message) as refused:
        import_(tmp_path / "f", tmp_path / "new.params")
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "new.params").exists()


def test_answers_end_at_mask_in_both(model: GPT, vocabulary: Vocabulary) -> None:
    """So that the comparison with their `generate` covers an answer that ends."""
    said = greedy(model, [vocabulary.encode(question + MASK) for question in QUESTIONS])
    assert {spoken.ids[-1] == MASK_ID for spoken in said} == {True, False}
