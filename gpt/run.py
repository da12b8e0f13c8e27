"""Pretrain, finetune and evaluate, by the practical's own command lines.

    python gpt/run.py pretrain vanilla wiki.txt --writing_params_path vanilla.pretrain.params
    python gpt/run.py finetune vanilla wiki.txt --reading_params_path vanilla.pretrain.params \
        --writing_params_path vanilla.finetune.params \
        --finetune_corpus_path birth_places_train.tsv
    torchrun --nproc-per-node 2 gpt/run.py pretrain …   (each rank takes its share of every batch)
    python gpt/run.py evaluate vanilla wiki.txt --reading_params_path vanilla.finetune.params \
        --eval_corpus_path birth_dev.tsv --outputs_path vanilla.pretrain.dev.predictions
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

if __package__ in (None, ""):  # run as a script: let `import gpt` find the folder's parent
    sys.path[0] = str(Path(__file__).resolve().parents[1])


from gpt.arguments import positive, seed
from gpt.attention import VARIANTS
from gpt.corpus import find, read_documents
from gpt.ranks import Ranks
from gpt.recipe import RECIPES
from gpt.vocabulary import Vocabulary
from reports.record import ArgumentParser, Clock, InputError, exit_on_input_error


def main(argv: list[str] | None = None) -> int:
    with Ranks.of_torchrun() as ranks:
        return _run(_parser().parse_args(argv), ranks)


def _run(arguments: argparse.Namespace, ranks: Ranks) -> int:
    clock = Clock()
    if arguments.attention and arguments.reading_params_path is not None:
        path = arguments.reading_params_path
        raise InputError(f"{path} says what its attention is: --attention cannot change it")
    corpus = find(arguments.pretrain_corpus_path, arguments.corpus)
    text = read_documents(corpus)
    # Only what a run needs is loaded, for its record names the code that was: an answered question
    # then depends on the code that asks, a trained model does not.
    if arguments.function == "evaluate":
        from gpt import evaluation_command

        if not ranks.first:
            return 0
        return evaluation_command.run(arguments, clock, corpus, Vocabulary.of_text(text))
    from gpt.training import command

    return command.run(arguments, clock, corpus, text, ranks)


def _parser() -> argparse.ArgumentParser:
    parser = ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("function", choices=["pretrain", "finetune", "evaluate"])
    add("variant", choices=sorted(VARIANTS))
    add("pretrain_corpus_path", help="pretraining text; the vocabulary is always taken from it")
    add("--reading_params_path", help="parameters to start from or to evaluate")
    add("--writing_params_path", help="where to save the parameters")
    add("--finetune_corpus_path", help="training pairs, question<TAB>place")
    add("--eval_corpus_path", help="questions to answer, with or without places")
    add("--control_corpus_path", help="questions about people who are not in the text")
    add("--outputs_path", help="where to write the predictions, one a line")
    add("--recipe", choices=sorted(RECIPES), help="default: that of the parameters, else practical")
    add(
        "--attention", nargs="+", default=[], metavar="NAME=VALUE",
        help="options of the variant, for a model that is new",
    )  # fmt: skip
    add("--epochs", type=positive, help="instead of the recipe's")
    add("--seed", type=seed, default=0)
    add("--device", choices=["auto", "cpu", "cuda"], default="auto")
    add("--precision", choices=["auto", "fp32", "bf16"], help="auto times both; default: recipe's")
    add(
        "--accumulate", type=positive, default=1, metavar="N",
        help="microbatches a step of each rank: less memory, the same gradient",
    )  # fmt: skip
    add("--corpus", default="embedded", help="corpus under data/corpora/ for files not found here")
    add("--log", type=Path, metavar="FILE", help="JSON lines, one a step")
    resume = parser.add_mutually_exclusive_group()
    resume.add_argument(
        "--resume",
        action="store_true",
        help="go on from the last checkpoint, refused if it is of other settings or code",
    )
    resume.add_argument(
        "--resume_or_restart", action="store_true", help="the same, but then start anew"
    )
    add(
        "--checkpoint_every",
        type=positive,
        metavar="STEPS",
        help="default: by time, every minute",
    )
    add("--record", type=Path, metavar="FILE", help="default: beside the parameters or predictions")
    return parser


if __name__ == "__main__":
    exit_on_input_error(main)
