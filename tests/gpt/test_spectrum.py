"""The spectrum of attention: the matrices really used, and singular values that are known."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from gpt.attention.vanilla import SelfAttention
from gpt.model import GPT
from gpt.parameters import Header, save_parameters
from gpt.spectrum import attention_weights, main, shares, texts
from gpt.vocabulary import Vocabulary
from reports.record import InputError, SpectrumRecord, read

Build = Callable[..., GPT]
IDS = torch.randint(2, 11, (3, 9), generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def largest_difference(model: GPT) -> float:
    """Between the outputs of the last attention and its weights times its values."""
    model = model.double()
    layer, given = model.blocks[-1].attention, []
    hook = layer.register_forward_hook(lambda own, x, y: given.append((*x, y)))
    weights = attention_weights(model, IDS)[-1]
    hook.remove()
    ((x, y),) = given
    _, _, v = layer._queries_keys_values(x)
    return float((layer._output(weights @ v) - y).abs().max())


@pytest.mark.parametrize("variant", ["vanilla", "rope"])
def test_the_weights_are_those_that_attention_uses(tiny: Build, variant: str) -> None:
    model = tiny(variant)
    for parameter in model.parameters():
        parameter.data.add_(0.3)
    assert attention_weights(model, IDS).shape == (2, 3, 2, 9, 9)
    assert largest_difference(model) < 1e-12


def test_weights_that_see_the_future_are_caught(
    tiny: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = SelfAttention.weights

    def all_seen(self: SelfAttention, x: Tensor) -> Tensor:
        self.causal = False
        found = right(self, x)
        self.causal = True
        return found

    monkeypatch.setattr(SelfAttention, "weights", all_seen)
    assert largest_difference(tiny()) > 1e-6


def test_shares_of_matrices_whose_singular_values_are_known() -> None:
    one = torch.ones(4, 4) / 4
    diagonal = torch.diag(torch.tensor([4.0, 1.0, 3.0, 2.0]))
    known = [[0.25, 0.5, 0.75, 1.0], [1.0, 1.0, 1.0, 1.0], [0.4, 0.7, 0.9, 1.0]]
    found = shares(torch.stack([torch.eye(4), one, diagonal]))
    torch.testing.assert_close(found, torch.tensor(known).double(), rtol=0, atol=1e-7)


def test_texts_are_beginnings_of_long_documents_evenly_chosen() -> None:
    documents = ["abc", "abcd1", "bcde2", "x", "cdef3", "defg4", "efgh5"]
    text = "\n".join(documents) + "\n"
    vocabulary = Vocabulary.of_text(text)
    for most, expected in ((9, "abcd bcde cdef defg efgh"), (2, "abcd defg"), (1, "abcd")):
        found = texts(text, vocabulary, 4, most)
        assert " ".join(vocabulary.decode(row.tolist()) for row in found) == expected
    with pytest.raises(InputError, match="no document has 6 characters"):
        texts(text, vocabulary, 6, 2)


def saved(model: GPT, vocabulary: Vocabulary) -> list[str]:
    save_parameters(
        Path("a.params"), model, Header(model.config, vocabulary, "0", "quick", "pretrain")
    )
    return [model.config.variant, "wiki.txt", "--reading_params_path", "a.params"]


def test_the_command_writes_the_means_of_both_models(tiny: Build, folder: Path) -> None:
    vocabulary = Vocabulary.of_text((folder / "wiki.txt").read_text())
    model = tiny("rope", len(vocabulary), seed=3)
    for parameter in model.parameters():
        parameter.data.mul_(8)
    command = [*saved(model, vocabulary), "--record", "a.json", "--positions", "8", "--seed", "3"]
    assert main(command) == 0
    record = read(Path("a.json"), SpectrumRecord)
    assert [(h.layer, h.head) for h in record.heads] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    ids = texts((folder / "wiki.txt").read_text(), vocabulary, 8, 100)
    assert (record.documents, record.positions, record.run) == (len(ids), 8, "pretrain")
    for found, other in ((model, "trained"), (tiny("rope", len(vocabulary), seed=3), "untrained")):
        expected = shares(attention_weights(found, ids)).mean(1)
        for head in record.heads:
            mean = expected[head.layer, head.head].tolist()
            assert all(
                math.isclose(a, b, abs_tol=1e-6)
                for a, b in zip(getattr(head, other), mean, strict=True)
            )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (["--positions", "200"], "--positions 200: more than the block's 128"),
        (["--positions", "100"], "no document has 100 characters"),
        (["--reading_params_path", "b.params"], "b.params: cannot be read"),
    ],
)
def test_bad_input_is_refused(tiny: Build, folder: Path, changed: list[str], message: str) -> None:
    vocabulary = Vocabulary.of_text((folder / "wiki.txt").read_text())
    command = saved(tiny("vanilla", len(vocabulary)), vocabulary)
    with pytest.raises(InputError, match=message):
        main([*command, "--record", "a.json", *changed])
    assert not Path("a.json").exists()


def test_a_variant_without_matrix_is_refused(tiny: Build) -> None:
    with pytest.raises(InputError, match="performer has no matrix of attention weights"):
        attention_weights(tiny("performer"), IDS)
