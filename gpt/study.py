"""Studies: train and ask the entries of a list, one record an entry and seed, resumably.

    python -m gpt.study --list
    python -m gpt.study ablations [--entries base vanilla] [--seeds 0 1] [--minutes 9]

Records lie in results/reference/<study>/<entry>.seed<k>.json. An entry whose record there is of
the same recipe is skipped, and pretraining keeps checkpoints, so that the same command goes on
where it was cut. Records hold recipes, times and right or wrong, no text of the corpus.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby, product
from pathlib import Path
from statistics import fmean

if __package__ in (None, ""):  # run as a script: let `import gpt` find the folder's parent
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import torch

from gpt.arguments import positive, seed
from gpt.corpus import CORPORA, Pair, read_documents, read_pairs
from gpt.device import choose, describe
from gpt.evaluation import ask, count
from gpt.examples import training_data
from gpt.model import GPT
from gpt.studies import STUDIES
from gpt.studies.entry import SPLIT, Entry, Study, split
from gpt.training.checkpoint import AnotherRunError, Checkpoints
from gpt.training.identity import Identity
from gpt.training.lock import locked
from gpt.training.trainer import Trained, train
from gpt.vocabulary import Vocabulary
from reports.record import (
    ROOT,
    ArgumentParser,
    Clock,
    InputError,
    Provenance,
    RecordError,
    StudyAnswers,
    StudyRecord,
    StudyRun,
    exit_on_input_error,
    read,
    require_writable,
    sha256,
    write,
)

RESULTS = ROOT / "results" / "reference"


@dataclass(frozen=True)
class Material:
    """What the entries of a study are trained on and asked.

    pairs: to train on; questions: to ask; asked: where the questions are from
    """

    folder: Path
    text: str
    pairs: list[Pair]
    questions: list[Pair]
    asked: str

    @classmethod
    def of(cls, study: Study, folder: Path) -> Material:
        """The study's material from the practical's three files in `folder`.

        Raises: InputError for a file that is missing or bad, or too few pairs for any to be asked.
        """
        pairs, held_out = read_pairs(folder / "birth_places_train.tsv"), None
        if study.asked == SPLIT:
            pairs, held_out = split(pairs)
            if not held_out:
                raise InputError(f"{folder / 'birth_places_train.tsv'}: too few pairs to be split")
        questions = read_pairs(folder / study.asked) if held_out is None else held_out
        return cls(folder, read_documents(folder / "wiki.txt"), pairs, questions, study.asked)

    @property
    def documents(self) -> int:
        return self.text.count("\n")

    @property
    def source(self) -> Path:
        """The file that the training pairs were read from."""
        return self.folder / "birth_places_train.tsv"

    @property
    def asked_from(self) -> Path:
        """The file that the questions were read from."""
        return self.source if self.asked == SPLIT else self.folder / self.asked


# ------------------------------------------------------------------------------- one entry


def carry_out(
    study: Study,
    entry: Entry,
    seed: int,
    material: Material,
    device: torch.device,
    kept: Checkpoints | None = None,
) -> StudyRecord:
    """Train the entry's model and ask it; no record is written.

    kept: the checkpoints of the pretraining, which goes on from there; the rest is short
    """
    clock = Clock()
    begun = kept.newest(entry.recipe.precision) if kept is not None else None
    recipe, vocabulary = entry.recipe, Vocabulary.of_text(material.text)
    model = recipe.model(entry.variant, len(vocabulary), seed)
    runs, answers = [], []
    stages = ["pretrain", "finetune"] if entry.finetunes else ["pretrain"]
    for run in stages:
        data = training_data(
            run, recipe, material.text, vocabulary, material.pairs, material.source, seed
        )
        trained = train(
            model, data, recipe, recipe.stage(run), material.documents, seed, device,
            recipe.precision, checkpoints=kept if run == "pretrain" else None,
            begun=begun if run == "pretrain" else None,
        )  # fmt: skip
        runs.append(_run(run, recipe.stage(run).epochs, trained))
        if study.asked_twice or run == stages[-1]:
            answers.append(_answers(run, model, vocabulary, material))
    return StudyRecord(
        provenance=_provenance(clock, study, entry, seed, material, device),
        study=study.name,
        entry=entry.name,
        sentence=entry.sentence,
        variant=entry.variant,
        recipe=recipe.name,
        recipe_hash=recipe.sha256,
        hyperparameters=recipe.hyperparameters(),
        corpus=material.folder.resolve().name,
        documents=material.documents,
        parameters=model.count(),
        threads=torch.get_num_threads(),
        asked=material.asked,
        runs=tuple(runs),
        answers=tuple(answers),
        measures=study.measure(model, vocabulary, material.folder) if study.measure else {},
    )


def checkpoints(
    path: Path, entry: Entry, seed: int, material: Material, device: torch.device
) -> Checkpoints:
    """Of the entry's pretraining, beside its record at `path`; those of another run are removed."""
    files = {material.folder / "wiki.txt", material.source, material.asked_from}
    settings = {
        "hyperparameters": entry.recipe.hyperparameters(), "variant": entry.variant, "seed": seed,
        "asked": material.asked, "files": {file.name: sha256(file) for file in files},
        "device": device.type,
    }  # fmt: skip
    made = Clock().provenance(seed)
    identity = Identity(settings, made.sources, {"torch": made.versions["torch"]})
    kept = Checkpoints(path.with_suffix(".params"), identity)
    try:
        kept.newest(entry.recipe.precision)
    except AnotherRunError:
        kept.drop()
    return kept


def _provenance(
    clock: Clock, study: Study, entry: Entry, seed: int, material: Material, device: torch.device
) -> Provenance:
    """With the command that makes this record alone, and the corpus's files by name."""
    made = clock.provenance(seed, (), *describe(device))
    inputs = {material.folder / "wiki.txt", material.source, material.asked_from}
    command = f"python -m gpt.study {study.name} --entries {entry.name} --seeds {seed}"
    return replace(made, command=command, inputs={path.name: sha256(path) for path in inputs})


def _run(run: str, epochs: int, trained: Trained) -> StudyRun:
    by_epoch = groupby(trained.points, key=lambda point: point.epoch)
    losses = tuple(round(fmean(p.loss for p in points), 6) for _, points in by_epoch)
    return StudyRun(
        run=run,  # type: ignore[arg-type]  # one of the three stages of a recipe
        epochs=epochs,
        steps=trained.steps,
        tokens=trained.tokens,
        seconds=round(trained.seconds, 3),
        precision=trained.precision,
        losses=losses,
    )


def _answers(run: str, model: GPT, vocabulary: Vocabulary, material: Material) -> StudyAnswers:
    begin = time.perf_counter()
    right = ask(model, vocabulary, material.questions, material.asked_from).right
    return StudyAnswers(
        after=run,  # type: ignore[arg-type]  # one of the three stages of a recipe
        result=count(right),
        right="".join("01"[r] for r in right),
        seconds=round(time.perf_counter() - begin, 3),
    )


# ------------------------------------------------------------------------------ all entries


def record_path(folder: Path, study: str, entry: str, seed: int) -> Path:
    return folder / study / f"{entry}.seed{seed}.json"


def is_done(path: Path, entry: Entry, material: Material) -> bool:
    """Whether the entry's record is there, of its present recipe and of the same corpus."""
    try:
        made = read(path, StudyRecord)
    except RecordError:
        return False
    here = (entry.recipe.sha256, entry.variant, material.folder.resolve().name, material.asked)
    return here == (made.recipe_hash, made.variant, made.corpus, made.asked)


def summary(record: StudyRecord) -> str:
    """One line on what an entry cost and answered."""
    found = ", ".join(
        f"{a.result.correct} of {a.result.n} ({a.result.accuracy:.1%}) after {a.after}"
        for a in record.answers
    )
    return (
        f"{record.study} {record.entry} seed {record.provenance.seed}: "
        f"{found}; {record.seconds / 60:.1f} minutes"
    )


def main(argv: list[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    if options.list or options.study is None:
        print("\n".join(map(_listed, STUDIES.values())))
        return 0
    study = STUDIES[options.study]
    entries = [study.entry(n) for n in options.entries] if options.entries else study.entries
    read_once = cache(lambda folder: Material.of(study, folder))
    tasks = []
    for number, entry in product(options.seeds, entries):
        material = read_once(entry.folder(options.corpus_folder))
        path = record_path(options.output, study.name, entry.name, number)
        if not is_done(path, entry, material):
            tasks.append((entry, number, material))
    print(f"{len(options.seeds) * len(entries) - len(tasks)} done before, {len(tasks)} to do")
    deadline = time.monotonic() + 60 * options.minutes

    def start(task: tuple[Entry, int, Material]) -> str:
        entry, number, material = task
        if time.monotonic() > deadline:
            return f"{entry.name} seed {number}: not begun; the same command goes on from there"
        if options.side_by_side > 1:
            return _in_a_process(options, entry, number)
        path = record_path(options.output, study.name, entry.name, number)
        require_writable(path)
        with locked([path]):
            device = choose(options.device)
            kept = checkpoints(path, entry, number, material, device)
            record = carry_out(study, entry, number, material, device, kept)
            write(path, record)
            kept.drop()
        return summary(record)

    with ThreadPoolExecutor(options.side_by_side) as pool:
        for line in map(start, tasks) if options.side_by_side == 1 else pool.map(start, tasks):
            print(line, flush=True)
    return 0


def _in_a_process(options: argparse.Namespace, entry: Entry, number: int) -> str:
    """Carry out one entry in a process of its own, with its share of the threads; its last line.

    Raises: InputError with the process's last line if it fails.
    """
    command = [sys.executable, "-m", "gpt.study", options.study, "--entries", entry.name]
    command += ["--seeds", str(number), "--device", options.device]
    command += ["--corpus_folder", str(options.corpus_folder.resolve())]
    command += ["--output", str(options.output.resolve())]
    share = max(1, torch.get_num_threads() // options.side_by_side)
    environment = {"OMP_NUM_THREADS": str(share)} | os.environ
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        lines = (done.stderr or done.stdout).splitlines()
        raise InputError(f"{entry.name} seed {number}: {lines[-1]}")
    return done.stdout.splitlines()[-1]


def _listed(study: Study) -> str:
    entries = (f"  {entry.name}: {entry.sentence}" for entry in study.entries)
    return "\n".join([f"{study.name}: {study.title}; asked {study.asked}", *entries])


def _parser() -> argparse.ArgumentParser:
    parser = ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("study", nargs="?", choices=sorted(STUDIES))
    add("--list", action="store_true", help="the studies and their entries")
    add("--entries", nargs="+", metavar="NAME", help="default: all")
    add("--seeds", nargs="+", type=seed, default=[0])
    add("--device", choices=["auto", "cpu", "cuda"], default="auto")
    add("--side_by_side", type=positive, default=1, metavar="N", help="processes at a time")
    add("--minutes", type=float, default=float("inf"), help="start no entry after so many")
    add("--corpus_folder", type=Path, default=CORPORA / "practical")
    add("--output", type=Path, default=RESULTS, help="default: results/reference")
    return parser


if __name__ == "__main__":
    exit_on_input_error(main)
