"""Does recipe `practical` learn as the plain reference does? Their losses, epoch by epoch.

    python -m benchmarks.loss_curves --seeds 0 1 2 --epochs 20 [--entries plain practical]

Both are trained on the practical's wiki.txt, each with seeds of its own; one record a seed in
results/reference/curves/. A record that is there, of the same recipe and corpus, is kept.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from statistics import fmean

import torch

from benchmarks import course
from gpt.arguments import positive, seed
from gpt.corpus import CORPORA, read_documents
from gpt.device import choose, describe
from gpt.examples import training_data
from gpt.recipe import PRACTICAL, Recipe
from gpt.training.trainer import train
from gpt.vocabulary import Vocabulary
from reports.learning_curves import Compared, compare
from reports.record import (
    ROOT,
    ArgumentParser,
    Clock,
    RecordError,
    StudyRecord,
    StudyRun,
    exit_on_input_error,
    read,
    require_writable,
    sha256,
    write,
)

STUDY = "curves"
PLAIN, OURS = "plain", "practical"
SENTENCES = {
    PLAIN: "The course’s recipe written plainly, without the code of gpt/.",
    OURS: "Recipe “practical”, trained as run.py trains it.",
}
BASE = PRACTICAL


def settings_of(recipe: Recipe) -> course.Settings:
    """The plain reference's settings for a model and pretraining of the recipe's size."""
    stage = recipe.pretrain
    return course.Settings(
        recipe.layers, recipe.heads, recipe.width, recipe.block_size, recipe.dropout,
        stage.batch_size, stage.rate,
    )  # fmt: skip


def plain(
    text: str, recipe: Recipe, seed: int, device: torch.device
) -> tuple[list[tuple[int, float, int]], int]:
    """Epoch, loss and characters of each step of the plain reference, and its parameters."""
    torch.manual_seed(seed)
    sizes = settings_of(recipe)
    data = course.Corruption(text, sizes.block, seed)
    model = course.Model(len(data.symbols), sizes)
    epochs = recipe.pretrain.epochs
    steps = list(course.train(model, data, len(data), epochs, sizes, device.type))
    return steps, sum(p.numel() for p in model.parameters())


def ours(
    text: str, recipe: Recipe, seed: int, device: torch.device
) -> tuple[list[tuple[int, float, int]], int]:
    """The same of our own training, in fp32 as the recipe says."""
    vocabulary = Vocabulary.of_text(text)
    model = recipe.model("vanilla", len(vocabulary), seed)
    data = training_data("pretrain", recipe, text, vocabulary, [], Path(), seed)
    done = train(model, data, recipe, recipe.pretrain, text.count("\n"), seed, device, "fp32")
    before = [0, *(point.tokens for point in done.points)]
    steps = [(p.epoch, p.loss, p.tokens - b) for p, b in zip(done.points, before, strict=False)]
    return steps, model.count()


TRAININGS = {PLAIN: plain, OURS: ours}


def carry_out(
    entry: str, folder: Path, recipe: Recipe, seed: int, device: torch.device
) -> StudyRecord:
    """Train one entry with one seed; nothing is written."""
    clock = Clock()
    text = read_documents(folder / "wiki.txt")
    begin = time.perf_counter()
    steps, parameters = TRAININGS[entry](text, recipe, seed, device)
    seconds = time.perf_counter() - begin
    by_epoch = groupby(steps, key=lambda step: step[0])
    run = StudyRun(
        run="pretrain",
        epochs=recipe.pretrain.epochs,
        steps=len(steps),
        tokens=sum(characters for *_, characters in steps),
        seconds=round(seconds, 3),
        precision="fp32",
        losses=tuple(round(fmean(loss for _, loss, _ in part), 6) for _, part in by_epoch),
    )
    return StudyRecord(
        provenance=replace(
            clock.provenance(seed, (), *describe(device)),
            command=f"python -m benchmarks.loss_curves --entries {entry} --seeds {seed} "
            f"--epochs {recipe.pretrain.epochs}",
            inputs={"wiki.txt": sha256(folder / "wiki.txt")},
        ),
        study=STUDY,
        entry=entry,
        sentence=SENTENCES[entry],
        variant="vanilla",
        recipe=recipe.name,
        recipe_hash=recipe.sha256,
        hyperparameters=recipe.hyperparameters(),
        corpus=folder.resolve().name,
        documents=text.count("\n"),
        parameters=parameters,
        threads=torch.get_num_threads(),
        asked=None,
        runs=(run,),
        answers=(),
        measures={},
    )


def main(argv: list[str] | None = None) -> int:
    parser = ArgumentParser(
        prog="python -m benchmarks.loss_curves",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--entries", nargs="+", choices=list(TRAININGS), default=list(TRAININGS))
    add("--seeds", nargs="+", type=seed, default=[0, 1, 2])
    add("--epochs", type=positive, default=20)
    add("--device", choices=["auto", "cpu", "cuda"], default="auto")
    add("--corpus_folder", type=Path, default=CORPORA / "practical")
    add("--output", type=Path, default=ROOT / "results" / "reference")
    options = parser.parse_args(argv)
    recipe = BASE.with_epochs("pretrain", options.epochs)
    losses: dict[str, list[tuple[float, ...]]] = {}
    for number in dict.fromkeys(options.seeds):  # a seed given twice is one curve
        for entry in dict.fromkeys(options.entries):
            path = options.output / STUDY / f"{entry}.seed{number}.json"
            record = _made(path, recipe, options.corpus_folder)
            if record is None:
                require_writable(path)
                device = choose(options.device)
                record = carry_out(entry, options.corpus_folder, recipe, number, device)
                write(path, record)
            (run,) = record.runs
            losses.setdefault(entry, []).append(run.losses)
            print(
                f"{entry} seed {number}: loss {run.losses[-1]:.4f} in epoch {run.epochs}, "
                f"{run.seconds / 60:.1f} minutes",
                flush=True,
            )
    found = compare(losses.get(PLAIN, []), losses.get(OURS, []))
    if found is not None:
        print(_summary(found))
    return 0


def _summary(found: Compared) -> str:
    return (
        f"{found.verdict}: {found.outside} of {len(found.allowed)} epochs differ by more than the "
        f"seeds explain (false alarm {found.false_alarm:g}); largest difference "
        f"{found.largest:.4f} nats, allowed {min(found.allowed):.4f} to {max(found.allowed):.4f}"
    )


def _made(path: Path, recipe: Recipe, folder: Path) -> StudyRecord | None:
    """The record at `path` if it is there, of this recipe and of the corpus in `folder`."""
    try:
        found = read(path, StudyRecord)
    except RecordError:
        return None
    here = (recipe.sha256, folder.resolve().name)
    return found if here == (found.recipe_hash, found.corpus) else None


if __name__ == "__main__":
    exit_on_input_error(main)
