"""`run.py pretrain` and `run.py finetune`: train, and save parameters, curve and record.

The run holds a lock on what it writes, keeps checkpoints, and answers signals once they are saved.
Of several ranks only the first does, and hands the others the checkpoint that it goes on from.
"""

from __future__ import annotations

import re
import sys
from argparse import Namespace
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch

from gpt.arguments import required
from gpt.attention.options import parse
from gpt.batches import TrainingData
from gpt.corpus import Pair, find, read_pairs, refuse_overwriting
from gpt.device import choose, describe, make_deterministic
from gpt.examples import needs_pairs, training_data
from gpt.model import GPT
from gpt.parameters import Header, identity_of, load_parameters, save_parameters
from gpt.ranks import Ranks
from gpt.recipe import PRACTICAL, Recipe, recipe
from gpt.training import curve
from gpt.training.checkpoint import AnotherRunError, Checkpoint, Checkpoints
from gpt.training.identity import Identity
from gpt.training.interruption import Interruption, StoppedBySignalError
from gpt.training.lock import locked
from gpt.training.precision import Precision
from gpt.training.trainer import Trained, train
from gpt.vocabulary import Vocabulary
from reports.record import (
    Clock,
    InputError,
    TrainingRecord,
    printable,
    read,
    remove_temporaries,
    require_writable,
    sha256,
    write,
)


@dataclass(frozen=True)
class Outputs:
    """What a run writes besides its checkpoints."""

    parameters: Path
    record: Path
    log: Path

    @staticmethod
    def of(arguments: Namespace) -> Outputs:
        """As the command line has them, else beside the parameters."""
        parameters = Path(required(arguments, "writing_params_path"))
        return Outputs(
            parameters,
            arguments.record or parameters.with_name(parameters.name + ".record.json"),
            arguments.log or parameters.with_name(parameters.name + ".log.jsonl"),
        )

    @property
    def curve(self) -> Path:
        return self.record.parent / f"{self.record.stem}.curve.csv"

    def paths(self) -> list[Path]:
        return [self.parameters, self.record, self.log, self.curve]


def run(arguments: Namespace, clock: Clock, corpus: Path, text: str, ranks: Ranks) -> int:
    """Carry out the command; returns the exit code, 130 or 143 after Ctrl-C or SIGTERM.

    Raises: InputError.
    """
    outputs = Outputs.of(arguments)
    if not ranks.first:
        return _carry_out(_job(arguments, corpus, text, outputs, ranks), arguments, clock, outputs)
    for path in outputs.paths():
        require_writable(path)
    refuse_overwriting([corpus], outputs.paths())
    with locked(outputs.paths()):
        for path in outputs.paths():
            remove_temporaries(path)
        return _carry_out(_job(arguments, corpus, text, outputs, ranks), arguments, clock, outputs)


def _carry_out(job: Job, arguments: Namespace, clock: Clock, outputs: Outputs) -> int:
    first, identity = job.ranks.first, _identity(job, clock)
    checkpoints = Checkpoints(outputs.parameters, identity, arguments.checkpoint_every)
    begun, finished = None, False
    if first:
        begun, finished = _gone_on_from(job, arguments, outputs, checkpoints)
    agreed, begun, finished = job.ranks.of_first((identity, begun, finished))
    difference = identity.difference(agreed)
    if difference is not None:
        raise InputError(f"rank {job.ranks.rank} differs from the first, which has {difference}")
    if finished:
        if first:
            checkpoints.drop()
        print(f"{printable(str(outputs.parameters))} is finished: nothing to do")
        return 0
    print(job.summary())
    make_deterministic(job.device)
    with Interruption() as interruption:
        try:
            result = train(
                job.model, job.data, job.recipe, job.recipe.stage(job.kind), job.documents,
                job.seed, job.device, job.precision, outputs.log if first else None,
                checkpoints=checkpoints if first else None, begun=begun, interruption=interruption,
                ranks=job.ranks, accumulate=job.accumulate, estimated=True,
            )  # fmt: skip
        except StoppedBySignalError as stopped:
            print(f"{stopped}; the same command with --resume goes on from there", file=sys.stderr)
            return stopped.code
        if first:
            _save(job, result, identity, clock, outputs, begun)
            checkpoints.drop()
    return 0


# ------------------------------------------------------------------------- what is to be done


@dataclass(frozen=True)
class Job:
    """A run that the command line asks for.

    kind: 'pretrain', 'finetune' or 'scratch'; documents: of the corpus; inputs: files by their role
    """

    kind: str
    variant: str
    seed: int
    recipe: Recipe
    vocabulary: Vocabulary
    model: GPT
    data: TrainingData
    documents: int
    inputs: dict[str, Path]
    device: torch.device
    precision: Precision | Literal["auto"]
    ranks: Ranks
    accumulate: int

    @property
    def where(self) -> tuple[Literal["cpu", "cuda"], str]:
        """The kind of the device, and its name with the number of ranks, if they are several."""
        kind, name = describe(self.device)
        return kind, name if self.ranks.size == 1 else f"{name}, {self.ranks.size} ranks"

    def summary(self) -> str:
        stage = self.recipe.stage(self.kind)
        return (
            f"{self.kind} {self.variant} with recipe {self.recipe.name}: "
            f"{self.model.count():,} parameters, {len(self.data):,} examples an epoch, "
            f"epochs: {stage.epochs}, batches of {stage.batch_size}, on {self.where[1]}"
        )


def _job(arguments: Namespace, corpus: Path, text: str, outputs: Outputs, ranks: Ranks) -> Job:
    vocabulary = Vocabulary.of_text(text)
    kind, model, chosen = _model(arguments, vocabulary)
    inputs = {"corpus": corpus}
    pairs: list[Pair] = []
    if needs_pairs(kind, chosen):
        path = find(required(arguments, "finetune_corpus_path"), arguments.corpus)
        inputs["training pairs"], pairs = path, read_pairs(path)
    source = inputs.get("training pairs", Path())
    data = training_data(kind, chosen, text, vocabulary, pairs, source, arguments.seed)
    if arguments.reading_params_path is not None:
        inputs["starting parameters"] = Path(arguments.reading_params_path)
    refuse_overwriting(list(inputs.values()), outputs.paths())
    return Job(
        kind, arguments.variant, arguments.seed, chosen, vocabulary, model, data, text.count("\n"),
        inputs, ranks.device(choose(arguments.device)), arguments.precision or chosen.precision,
        ranks, arguments.accumulate,
    )  # fmt: skip


def _model(arguments: Namespace, vocabulary: Vocabulary) -> tuple[str, GPT, Recipe]:
    """The kind of run, the model it starts from, and the recipe it follows.

    After pretraining the recipe is the pretraining's, unless another is asked for.
    """
    name = arguments.recipe
    if arguments.reading_params_path is None:
        kind = "pretrain" if arguments.function == "pretrain" else "scratch"
        chosen = recipe(name or PRACTICAL.name)
        try:
            given = parse(arguments.variant, arguments.attention)
            model = replace(chosen, attention=given).model(
                arguments.variant, len(vocabulary), arguments.seed
            )
        except ValueError as problem:
            raise InputError(str(problem)) from None
    else:
        kind = arguments.function
        path = Path(arguments.reading_params_path)
        model, header = load_parameters(path, arguments.variant, vocabulary)
        chosen = recipe(name or header.recipe)
        if not chosen.fits(model.config):
            raise InputError(
                f"{path}: a model of recipe {header.recipe!r}, whose size differs from recipe "
                f"{chosen.name!r}"
            )
    chosen = replace(chosen, attention=model.config.attention)
    if arguments.epochs is not None:
        chosen = chosen.with_epochs(kind, arguments.epochs)
    return kind, model, chosen


# -------------------------------------------------------------------------- what is there


def _identity(job: Job, clock: Clock) -> Identity:
    made = clock.provenance(job.seed, job.inputs.values(), *describe(job.device))
    return Identity(
        settings={
            "run": job.kind,
            "variant": job.variant,
            "hyperparameters": job.recipe.hyperparameters(),
            "seed": job.seed,
            "device": job.device.type,
            "ranks": job.ranks.size,
            "microbatches": job.accumulate,
            "vocabulary": job.vocabulary.sha256,
            **{name: sha256(path) for name, path in job.inputs.items()},
        },
        sources=made.sources,
        surroundings={
            "torch": made.versions["torch"],
            "device": re.sub(r", \d+ cores?$", "", made.device_name),  # the threads are the run's
        },
    )


def _gone_on_from(
    job: Job, arguments: Namespace, outputs: Outputs, checkpoints: Checkpoints
) -> tuple[Checkpoint | None, bool]:
    """What the command line lets the run make of `_what_is_there`.

    Raises: AnotherRunError, with --resume.
    """
    if arguments.resume:
        return _what_is_there(job, outputs, checkpoints)
    if arguments.resume_or_restart:
        try:
            return _what_is_there(job, outputs, checkpoints)
        except AnotherRunError as problem:
            print(printable(f"started anew: {problem}"))
            checkpoints.drop()
    elif checkpoints.files():
        print(
            printable(
                f"{checkpoints.folder}: a run stopped before its end is there; this one starts "
                "anew and replaces it, --resume would go on with it"
            )
        )
    return None, False


def _what_is_there(
    job: Job, outputs: Outputs, checkpoints: Checkpoints
) -> tuple[Checkpoint | None, bool]:
    """The checkpoint to go on from, and whether the run is finished already.

    Raises: AnotherRunError if what is there is of other settings or other code.
    """
    difference: str | None = None
    try:
        record = read(outputs.record, TrainingRecord)
        before, digest = identity_of(outputs.parameters)
    except InputError:
        pass  # nothing there that a run has finished
    else:
        if before and record.weights_sha256 == digest:
            difference = checkpoints.identity.difference(Identity.from_json(before))
            if job.precision not in ("auto", record.precision):
                difference = f"precision {record.precision}, not {job.precision}"
            if difference is None:
                return None, True
    begun = checkpoints.newest(job.precision)
    if begun is None and difference is not None:
        raise AnotherRunError(f"{outputs.parameters}: the finished run there has {difference}")
    return begun, False


# ----------------------------------------------------------------------- what comes of it


def _save(
    job: Job,
    result: Trained,
    identity: Identity,
    clock: Clock,
    outputs: Outputs,
    begun: Checkpoint | None,
) -> None:
    """Save the parameters, then the curve, and last the record, which says that all is there."""
    header = Header(
        job.model.config, job.vocabulary, sha256(job.inputs["corpus"]), job.recipe.name, job.kind,
        identity.to_json(),
    )  # fmt: skip
    digest = save_parameters(outputs.parameters, job.model, header)
    curve.write(outputs.curve, result.points)
    provenance = clock.provenance(job.seed, job.inputs.values(), *job.where)
    if begun is not None:
        seconds = round(provenance.wall_time + begun.progress.seconds, 3)
        provenance = replace(provenance, wall_time=seconds)
    record = TrainingRecord(
        provenance=provenance,
        run=job.kind,
        variant=job.variant,
        recipe=job.recipe.name,
        recipe_hash=job.recipe.sha256,
        hyperparameters=job.recipe.hyperparameters(),
        changes=job.recipe.changes(),
        corpus=job.inputs["corpus"].resolve().parent.name,
        parameters=job.model.count(),
        documents=job.documents,
        epochs=job.recipe.stage(job.kind).epochs,
        steps=result.steps,
        tokens=result.tokens,
        tokens_per_second=round(result.tokens / result.seconds, 1),
        precision=result.precision,
        final_loss=round(result.final_loss, 6),
        curve=outputs.curve.name,
        weights_sha256=digest,
    )
    from gpt.card import write_card  # only here, for the record names the code that trained

    write_card(outputs.parameters, header, record)
    write(outputs.record, record)
    print(
        f"loss {result.final_loss:.4f} nats a character in the last epoch; "
        f"{result.steps:,} steps, {result.tokens:,} characters in {result.seconds:.0f} s "
        f"({result.tokens / result.seconds:,.0f} a second, {result.precision})\n"
        f"parameters: {printable(str(outputs.parameters))}\n"
        f"record: {printable(str(outputs.record))}"
    )
