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


from gpt.arguments import positive, seed
from gpt.attention import VARIANTS
from gpt.batches import TrainingData
from gpt.corpus import Pair, find, read_documents, read_pairs, refuse_overwriting
from gpt.device import choose, describe
from gpt.evaluation import Answers, ask, count, practical_line
from gpt.examples import needs_pairs, training_data
from gpt.model import GPT, build
from gpt.parameters import Header, load_parameters, save_parameters
from gpt.recipe import PRACTICAL, RECIPES, Recipe, recipe
from gpt.training import curve
from gpt.training.trainer import Trained, train
from gpt.vocabulary import Vocabulary
from reports.record import (
    ArgumentParser,
    Clock,
    EvaluationRecord,
    InputError,
    TrainingRecord,
    exit_on_input_error,
    printable,
    require_writable,
    sha256,
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
    return _train(arguments, clock, corpus, text)


# ------------------------------------------------------------------------------- training


def _train(arguments: argparse.Namespace, clock: Clock, corpus: Path, text: str) -> int:
    """Pretrain or finetune, save the parameters, then the curve and the record."""
    target = Path(_required(arguments, "writing_params_path"))
    record_path = arguments.record or target.with_name(target.name + ".record.json")
    log = arguments.log or target.with_name(target.name + ".log.jsonl")
    for path in (target, record_path, log):
        require_writable(path)
    vocabulary = Vocabulary.of_text(text)
    run, model, chosen = _model(arguments, vocabulary)
    inputs, data, documents = _data(arguments, run, chosen, text, vocabulary)
    if arguments.reading_params_path is not None:
        inputs.append(Path(arguments.reading_params_path))
    inputs = [corpus, *inputs]
    refuse_overwriting(inputs, [target, record_path, log])
    stage = chosen.stage(run)
    device = choose(arguments.device)
    print(
        f"{run} {arguments.variant} with recipe {chosen.name}: {model.count():,} parameters, "
        f"{len(data):,} examples an epoch, epochs: {stage.epochs}, batches of {stage.batch_size}, "
        f"on {describe(device)[1]}"
    )
    precision = arguments.precision or chosen.precision
    result = train(model, data, chosen, stage, documents, arguments.seed, device, precision, log)
    header = Header(model.config, vocabulary, sha256(corpus), chosen.name, run)
    digest = save_parameters(target, model, header)
    table = record_path.with_name(record_path.stem + ".curve.csv")
    curve.write(table, result.points)
    write(
        record_path,
        TrainingRecord(
            provenance=clock.provenance(arguments.seed, inputs, *describe(device)),
            run=run,
            variant=arguments.variant,
            recipe=chosen.name,
            recipe_hash=chosen.sha256,
            hyperparameters=chosen.hyperparameters(),
            changes=chosen.changes(),
            corpus=corpus.resolve().parent.name,
            parameters=model.count(),
            documents=documents,
            epochs=stage.epochs,
            steps=result.steps,
            tokens=result.tokens,
            tokens_per_second=round(result.tokens / result.seconds, 1),
            precision=result.precision,
            final_loss=round(result.final_loss, 6),
            curve=table.name,
            weights_sha256=digest,
        ),
    )
    print(_summary(result, target, record_path))
    return 0


def _model(arguments: argparse.Namespace, vocabulary: Vocabulary) -> tuple[str, GPT, Recipe]:
    """The kind of run, the model it starts from, and the recipe it follows.

    After pretraining the recipe is the pretraining's, unless another is asked for.
    """
    name = arguments.recipe
    if arguments.reading_params_path is None:
        run = "pretrain" if arguments.function == "pretrain" else "scratch"
        chosen = recipe(name or PRACTICAL.name)
        model = build(
            arguments.variant, len(vocabulary), chosen.block_size, arguments.seed,
            layers=chosen.layers, heads=chosen.heads, width=chosen.width, dropout=chosen.dropout,
        )  # fmt: skip
    else:
        run = arguments.function
        path = Path(arguments.reading_params_path)
        model, header = load_parameters(path, arguments.variant, vocabulary)
        chosen = recipe(name or header.recipe)
        if not chosen.fits(model.config):
            raise InputError(
                f"{path}: a model of recipe {header.recipe!r}, whose size differs from recipe "
                f"{chosen.name!r}"
            )
    if arguments.epochs is not None:
        chosen = chosen.with_epochs(run, arguments.epochs)
    return run, model, chosen


def _data(
    arguments: argparse.Namespace, run: str, chosen: Recipe, text: str, vocabulary: Vocabulary
) -> tuple[list[Path], TrainingData, int]:
    """The files read besides the corpus, the run's examples, the corpus's documents."""
    pairs: list[Pair] = []
    inputs: list[Path] = []
    if needs_pairs(run, chosen):
        inputs = [find(_required(arguments, "finetune_corpus_path"), arguments.corpus)]
        pairs = read_pairs(inputs[0])
    source = inputs[0] if inputs else Path()
    data = training_data(run, chosen, text, vocabulary, pairs, source, arguments.seed)
    return inputs, data, text.count("\n")


def _summary(result: Trained, target: Path, record: Path) -> str:
    return (
        f"loss {result.final_loss:.4f} nats a character in the last epoch; "
        f"{result.steps:,} steps, {result.tokens:,} characters in {result.seconds:.0f} s "
        f"({result.tokens / result.seconds:,.0f} a second, {result.precision})\n"
        f"parameters: {printable(str(target))}\nrecord: {printable(str(record))}"
    )


# ----------------------------------------------------------------------------- evaluation


def _evaluate(
    arguments: argparse.Namespace, clock: Clock, corpus: Path, vocabulary: Vocabulary
) -> int:
    """Ask the questions, write one prediction a line, print the practical's line."""
    source = Path(_required(arguments, "reading_params_path"))
    questions = find(_required(arguments, "eval_corpus_path"), arguments.corpus)
    outputs = Path(_required(arguments, "outputs_path"))
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


def _required(arguments: argparse.Namespace, name: str) -> str:
    value: str | None = getattr(arguments, name)
    if value is None:
        raise InputError(f"{arguments.function} needs --{name}")
    return value


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
    add("--record", type=Path, metavar="FILE", help="default: beside the parameters or predictions")
    return parser


if __name__ == "__main__":
    exit_on_input_error(main)
