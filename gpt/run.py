"""Pretrain, finetune and evaluate, by the practical's own command lines.

    python gpt/run.py pretrain vanilla wiki.txt --writing_params_path vanilla.pretrain.params
    python gpt/run.py finetune vanilla wiki.txt --reading_params_path vanilla.pretrain.params \
        --writing_params_path vanilla.finetune.params \
        --finetune_corpus_path birth_places_train.tsv
    python gpt/run.py evaluate vanilla wiki.txt --reading_params_path vanilla.finetune.params \
        --eval_corpus_path birth_dev.tsv --outputs_path vanilla.pretrain.dev.predictions
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

if __package__ in (None, ""):  # run as a script: let `import gpt` find the folder's parent
    sys.path[0] = str(Path(__file__).resolve().parents[1])


from gpt.arguments import positive, required, seed
from gpt.attention import VARIANTS
from gpt.corpus import find, read_documents, read_pairs, refuse_overwriting
from gpt.device import choose, describe
from gpt.evaluation import Answers, ask, count, practical_line
from gpt.parameters import load_parameters
from gpt.recipe import RECIPES
from gpt.training import command
from gpt.training.checkpoint import SECONDS
from gpt.vocabulary import Vocabulary
from reports.record import (
    ArgumentParser,
    Clock,
    EvaluationRecord,
    InputError,
    exit_on_input_error,
    printable,
    require_writable,
    write,
)

NAMES_OF_MODELS = {"finetune": "pretrain", "scratch": "scratch", "pretrain": "pretrain-only"}


def main(argv: list[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    clock = Clock()
    corpus = find(arguments.pretrain_corpus_path, arguments.corpus)
    text = read_documents(corpus)
    if arguments.function == "evaluate":
        return _evaluate(arguments, clock, corpus, Vocabulary.of_text(text))
    return command.run(arguments, clock, corpus, text)


# ----------------------------------------------------------------------------- evaluation


def _evaluate(
    arguments: argparse.Namespace, clock: Clock, corpus: Path, vocabulary: Vocabulary
) -> int:
    """Ask the questions, write one prediction a line, print the practical's line."""
    source = Path(required(arguments, "reading_params_path"))
    questions = find(required(arguments, "eval_corpus_path"), arguments.corpus)
    outputs = Path(required(arguments, "outputs_path"))
    record_path = arguments.record or outputs.with_name(outputs.name + ".record.json")
    for path in (outputs, record_path):
        require_writable(path)
    model, header = load_parameters(source, arguments.variant, vocabulary)
    device = choose(arguments.device)
    model.to(device)
    inputs = [corpus, source, questions]
    refuse_overwriting(inputs, [outputs, record_path])
    answers = ask(model, vocabulary, read_pairs(questions), questions)
    control = None
    if arguments.control_corpus_path is not None:
        path = find(arguments.control_corpus_path, arguments.corpus)
        inputs.append(path)
        control = ask(model, vocabulary, read_pairs(path), path)
        if control.pairs[0].place is None:
            raise InputError(f"{path}: no places to compare with, only questions")
    answers.write_predictions(outputs)
    if answers.unknown_characters:
        print(
            f"{answers.unknown_characters} characters of the questions are not in the vocabulary "
            "and were left out of them"
        )
    if answers.pairs[0].place is None:
        print(f"Predictions written to {printable(str(outputs))}; no targets provided")
        return 0
    result = count(answers.right)
    print(practical_line(result))
    print(f"95 % interval (Wilson): {result.interval[0]:.1%} to {result.interval[1]:.1%}")
    tables = _write_tables(record_path, answers, control)
    write(
        record_path,
        EvaluationRecord(
            provenance=clock.provenance(arguments.seed, inputs, *describe(device)),
            model=NAMES_OF_MODELS[header.run],
            variant=arguments.variant,
            recipe=header.recipe,
            corpus=corpus.resolve().parent.name,
            result=result,
            control=count(control.right) if control else None,
            unknown_characters=answers.unknown_characters,
            predictions=tables[0],
            control_predictions=tables[1] if control else None,
        ),
    )
    return 0


def _write_tables(record: Path, answers: Answers, control: Answers | None) -> list[str]:
    """Write the tables of single answers beside the record and return their names."""
    written = []
    for kind, found in (("predictions", answers), ("control", control)):
        if found is not None:
            table = record.with_name(f"{record.stem}.{kind}.jsonl")
            found.write_table(table)
            written.append(table.name)
    return written


# --------------------------------------------------------------------------- command line


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
    add("--epochs", type=positive, help="instead of the recipe's")
    add("--seed", type=seed, default=0)
    add("--device", choices=["auto", "cpu", "cuda"], default="auto")
    add("--precision", choices=["auto", "fp32", "bf16"], help="auto times both; default: recipe's")
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
        help=f"default: every {SECONDS:.0f} seconds",
    )
    add("--record", type=Path, metavar="FILE", help="default: beside the parameters or predictions")
    return parser


if __name__ == "__main__":
    exit_on_input_error(main)
