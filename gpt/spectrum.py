"""How near trained attention is to low rank: the claim that Linformer rests on.

    python gpt/spectrum.py vanilla wiki.txt --reading_params_path vanilla.pretrain.params \
        --record vanilla.spectrum.json

Of a head's matrix of attention weights, the singular values σ₁ ≥ σ₂ ≥ …; what is measured is the
share (σ₁ + … + σ_k) / (σ₁ + … + σ_T) of the largest k, as in figure 1 of Wang et al. 2020
(arXiv:2006.04768), averaged over documents; and the same of the model before any training.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

if __package__ in (None, ""):  # run as a script: let `import gpt` find the folder's parent
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gpt.arguments import positive, seed
from gpt.attention.vanilla import SelfAttention
from gpt.corpus import find, read_documents
from gpt.model import GPT, build
from gpt.parameters import load_parameters
from gpt.vocabulary import Vocabulary
from reports.record import (
    ArgumentParser,
    Clock,
    HeadSpectrum,
    InputError,
    SpectrumRecord,
    exit_on_input_error,
    printable,
    require_writable,
    write,
)

DIGITS = 6


@torch.no_grad()
def attention_weights(model: GPT, ids: Int[Tensor, "B T"]) -> Float[Tensor, "L B H T T"]:
    """The attention weights of all layers and heads on some texts.

    Raises: InputError if the model's attention has no such matrix.
    """
    found: list[Tensor] = []
    hooks = []
    for layer in (block.attention for block in model.blocks):
        if not isinstance(layer, SelfAttention):
            raise InputError(f"{model.config.variant} has no matrix of attention weights")
        hooks.append(
            layer.register_forward_pre_hook(lambda own, given: found.append(own.weights(*given)))
        )
    model.eval()(ids)
    for hook in hooks:
        hook.remove()
    return torch.stack(found)


def shares(matrices: Float[Tensor, "*any T T"]) -> Float[Tensor, "*any T"]:
    """The share of the largest 1, 2, … T singular values in the sum of all."""
    values = torch.linalg.svdvals(matrices.double())
    found: Tensor = values.cumsum(-1) / values.sum(-1, keepdim=True)
    return found


def texts(text: str, vocabulary: Vocabulary, length: int, most: int) -> Int[Tensor, "n T"]:
    """The beginnings of documents that have at least `length` characters, evenly from all of them.

    Raises: InputError if there are none.
    """
    long = [document[:length] for document in text.split("\n") if len(document) >= length]
    if not long:
        raise InputError(f"no document has {length} characters")
    chosen = long[:: -(-len(long) // most)]
    return torch.tensor([vocabulary.encode(document) for document in chosen])


def main(argv: list[str] | None = None) -> int:
    parser = ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("variant", choices=["vanilla", "rope"])
    add("pretrain_corpus_path", help="the text whose documents are looked at")
    add("--reading_params_path", required=True, help="of the trained model")
    add("--record", type=Path, required=True, metavar="FILE")
    add("--positions", type=positive, default=64, help="characters of each document")
    add("--documents", type=positive, default=100, help="at most so many")
    add("--seed", type=seed, default=0, help="of the model before training")
    add("--corpus", default="embedded", help="corpus under data/corpora/ for files not found here")
    arguments = parser.parse_args(argv)
    torch.set_num_threads(1)  # the matrices are so small that more threads only wait for each other
    clock = Clock()
    require_writable(arguments.record)
    corpus = find(arguments.pretrain_corpus_path, arguments.corpus)
    text, source = read_documents(corpus), Path(arguments.reading_params_path)
    vocabulary = Vocabulary.of_text(text)
    trained, header = load_parameters(source, arguments.variant, vocabulary)
    sizes = trained.config.to_dict()
    untrained = build(
        sizes.pop("variant"), sizes.pop("vocabulary_size"), seed=arguments.seed, **sizes
    )
    if arguments.positions > trained.config.block_size:
        raise InputError(
            f"--positions {arguments.positions}: more than the block's {trained.config.block_size}"
        )
    ids = texts(text, vocabulary, arguments.positions, arguments.documents)
    after, before = (shares(attention_weights(m, ids)) for m in (trained, untrained))
    heads = tuple(
        HeadSpectrum(layer, head, _rounded(after[layer, :, head]), _rounded(before[layer, :, head]))
        for layer in range(after.shape[0])
        for head in range(after.shape[2])
    )
    record = SpectrumRecord(
        provenance=clock.provenance(arguments.seed, [corpus, source]),
        variant=arguments.variant,
        run=header.run,
        recipe=header.recipe,
        corpus=corpus.resolve().parent.name,
        documents=len(ids),
        positions=arguments.positions,
        heads=heads,
    )
    write(arguments.record, record)
    quarter = arguments.positions // 4 - 1
    found = [head.trained[quarter] for head in heads]
    print(
        f"{len(heads)} heads on {len(ids)} documents: the largest quarter of the singular values "
        f"makes {min(found):.1%} to {max(found):.1%} of their sum\n"
        f"record: {printable(str(arguments.record))}"
    )
    return 0


def _rounded(shares: Float[Tensor, "n T"]) -> tuple[float, ...]:
    return tuple(round(share, DIGITS) for share in shares.mean(0).tolist())


if __name__ == "__main__":
    exit_on_input_error(main)
