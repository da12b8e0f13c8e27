"""`run.py evaluate`: ask a model the questions; predictions, the practical's line, the record."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from gpt.arguments import required
from gpt.corpus import find, read_pairs, refuse_overwriting
from gpt.device import choose, describe
from gpt.evaluation import Answers, ask, count, practical_line
from gpt.parameters import load_parameters
from gpt.vocabulary import Vocabulary
from reports.record import (
    Clock,
    EvaluationRecord,
    InputError,
    printable,
    require_writable,
    write,
)

NAMES_OF_MODELS = {"finetune": "pretrain", "scratch": "scratch", "pretrain": "pretrain-only"}


def run(arguments: Namespace, clock: Clock, corpus: Path, vocabulary: Vocabulary) -> int:
    """Ask the questions, write one prediction a line, print the practical's line.

    Raises: InputError.
    """
    source = Path(required(arguments, "reading_params_path"))
    questions = find(required(arguments, "eval_corpus_path"), arguments.corpus)
    outputs = Path(required(arguments, "outputs_path"))
    record_path = arguments.record or outputs.with_name(outputs.name + ".record.json")
    for path in (outputs, record_path):
        require_writable(path)
    model, header = load_parameters(source, arguments.variant, vocabulary)
    device = choose(arguments.device)
    model.to(device)
    inputs, control, control_questions = [corpus, source, questions], None, None
    if arguments.control_corpus_path is not None:
        control_questions = find(arguments.control_corpus_path, arguments.corpus)
        inputs.append(control_questions)
    refuse_overwriting(inputs, [outputs, record_path, *_tables(record_path).values()])
    answers = ask(model, vocabulary, read_pairs(questions), questions)
    if control_questions is not None:
        control = ask(model, vocabulary, read_pairs(control_questions), control_questions)
        if control.pairs[0].place is None:
            raise InputError(f"{control_questions}: no places to compare with, only questions")
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
    from gpt.card import add_evaluation  # only here, for the record names the code that asked

    add_evaluation(source, record_path, questions, control_questions)
    return 0


def _tables(record: Path) -> dict[str, Path]:
    """Where the tables of single answers lie, beside the record."""
    kinds = ("predictions", "control")
    return {kind: record.parent / f"{record.stem}.{kind}.jsonl" for kind in kinds}


def _write_tables(record: Path, answers: Answers, control: Answers | None) -> list[str]:
    """Write the tables of single answers beside the record and return their names."""
    written = []
    for kind, found in (("predictions", answers), ("control", control)):
        if found is not None:
            table = _tables(record)[kind]
            found.write_table(table)
            written.append(table.name)
    return written
