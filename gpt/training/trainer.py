"""The training loop: one stage of a recipe, from a model to a trained model and its curve."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from signal import Signals
from typing import Literal, Never

import torch
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer
from tqdm import tqdm

from gpt.batches import Batch, TrainingData, batches
from gpt.model import GPT
from gpt.ranks import ALONE, Ranks
from gpt.recipe import Recipe, Stage
from gpt.training.checkpoint import Checkpoint, Checkpoints
from gpt.training.estimate import estimate
from gpt.training.interruption import Interruption, StoppedBySignalError
from gpt.training.log import Log
from gpt.training.microbatches import gradient
from gpt.training.optimizer import optimizers, set_factor
from gpt.training.precision import Precision, faster_precision
from gpt.training.progress import Point, Progress
from gpt.training.schedule import COURSE_FINAL_EPOCHS, course_factor, linear_factor
from gpt.training.state import capture, restore
from gpt.vocabulary import PAD
from reports.record import InputError

TIMED = 3  # batches of which an estimate is made


@dataclass(frozen=True)
class Trained:
    """What a run measured; the model itself is trained in place.

    tokens: characters read that are not PAD; final_loss: mean over the last epoch
    """

    points: list[Point]
    steps: int
    tokens: int
    seconds: float
    precision: Precision
    final_loss: float


def train(
    model: GPT,
    data: TrainingData,
    recipe: Recipe,
    stage: Stage,
    pretraining_documents: int,
    seed: int,
    device: torch.device,
    precision: Precision | Literal["auto"] = "auto",
    log: Path | None = None,
    *,
    checkpoints: Checkpoints | None = None,
    begun: Checkpoint | None = None,
    interruption: Interruption | None = None,
    ranks: Ranks = ALONE,
    accumulate: int = 1,
    estimated: bool = False,
) -> Trained:
    """Train `model` in place on `data` for the epochs of `stage`.

    precision: 'auto' times both on the first batch and keeps the faster
    log: a file that gets one JSON object a step
    checkpoints: where the state is saved when it is due; begun: the saved state to go on from, as
    if the run had never been cut; interruption: ends the run after the step in which it is noted
    ranks: those that share every batch; only the first has a log and checkpoints; accumulate:
    microbatches of a step on each
    estimated: print first what memory and time the run will take, if it is not over at once

    Raises: InputError if a loss or a gradient is not finite (before the optimizer's step), or if a
    checkpoint cannot be written; StoppedBySignalError.
    """
    data = data.to(device)
    steps = stage.epochs * -(-len(data) // stage.batch_size)
    final_labels = COURSE_FINAL_EPOCHS * pretraining_documents * recipe.block_size
    run = _begin(model, data, recipe, stage, seed, device, precision, begun, ranks)
    progress = run.progress
    if begun is not None:
        print(f"resumed at step {progress.step} of {steps}")
    if estimated and steps - progress.step > 50 * TIMED:
        print(_expected(run, data, recipe, stage, seed, steps, ranks, accumulate))
    begin = time.perf_counter() - progress.seconds
    bar = tqdm(total=steps, initial=progress.step, unit="step", mininterval=0.5)
    lines = closing(Log(log, progress.points)) if log is not None else nullcontext()
    with lines as written, bar:
        for batch in _remaining(progress, data, recipe, stage, seed):
            _set_rate(run, recipe, steps, final_labels)
            ranks.reseed(seed, progress.step)
            mean = gradient(model, batch, run.precision, ranks, accumulate)
            length = clip_grad_norm_(model.parameters(), recipe.clip)
            loss, norm = torch.stack((mean, length)).tolist()  # the step's one wait for a device
            _require_finite(loss, norm, run, steps, batch, data)
            for optimizer in run.optimizers:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            point = _advance(run, batch, loss, time.perf_counter() - begin)
            if written is not None:
                written.add(point)
            _show(bar, point)
            signal = ranks.largest((interruption and interruption.signal) or 0)
            if checkpoints is not None and (signal or checkpoints.due(progress.step)):
                checkpoints.save(run.checkpoint())
            if signal and progress.step < steps:
                ranks.wait()  # until the first has saved
                raise StoppedBySignalError(Signals(signal), progress.step, steps)
    last = [p.loss for p in progress.points if p.epoch == stage.epochs - 1]
    seconds = time.perf_counter() - begin
    final_loss = sum(last) / len(last)
    return Trained(progress.points, steps, progress.tokens, seconds, run.precision, final_loss)


# ------------------------------------------------------------------------- a run's state


@dataclass
class Run:
    """What changes from step to step."""

    model: GPT
    optimizers: list[Optimizer]
    device: torch.device
    precision: Precision
    progress: Progress

    def checkpoint(self) -> Checkpoint:
        """All that decides the rest of the run."""
        state = capture(self.model, self.optimizers, self.device)
        return Checkpoint(self.progress, self.precision, torch.get_num_threads(), state)


def _begin(
    model: GPT,
    data: TrainingData,
    recipe: Recipe,
    stage: Stage,
    seed: int,
    device: torch.device,
    precision: Precision | Literal["auto"],
    begun: Checkpoint | None,
    ranks: Ranks,
) -> Run:
    """The run before its first step, or as it was when `begun` was saved.

    A saved run keeps its precision and its number of threads, which decide how sums are rounded.
    """
    model.to(device).train()
    made = optimizers(model, stage, recipe.weight_decay)
    if begun is not None:
        if torch.get_num_threads() != begun.threads:
            print(f"with {begun.threads} threads, as the run began")
            torch.set_num_threads(begun.threads)
        restore(begun.tensors, model, made, device)
        return Run(model, made, device, begun.precision, begun.progress)
    torch.manual_seed(seed)
    if precision == "auto":
        first = next(batches(data, stage.batch_size, recipe.block_size, recipe.shuffle, seed, 0))
        precision = faster_precision(model, first)
    return Run(model, made, device, ranks.of_first(precision), Progress())


def _remaining(
    progress: Progress, data: TrainingData, recipe: Recipe, stage: Stage, seed: int
) -> Iterator[Batch]:
    """The batches from the position in `progress` on, which moves to each batch that is given."""
    done = progress.batch
    for epoch in range(progress.epoch, stage.epochs):
        made = batches(data, stage.batch_size, recipe.block_size, recipe.shuffle, seed, epoch)
        progress.epoch, progress.batch = epoch, done
        yield from islice(made, done, None)
        done = 0


def _advance(run: Run, batch: Batch, loss: float, seconds: float) -> Point:
    """Count a step that was taken."""
    progress = run.progress
    rate = run.optimizers[0].param_groups[0]["lr"]
    tokens = progress.tokens + batch.read
    point = Point(progress.step, progress.epoch, loss, rate, tokens, round(seconds, 3))
    progress.points.append(point)
    progress.batch += 1
    progress.labels += batch.labels
    return point


# ----------------------------------------------------------------------------- a step


def _set_rate(run: Run, recipe: Recipe, steps: int, final_labels: int) -> None:
    """Set the rates of the step that comes, a function of the progress alone."""
    if recipe.schedule == "linear":
        set_factor(run.optimizers, linear_factor(run.progress.step, steps))
    elif run.progress.step > 0:  # the course sets the rate after a step
        set_factor(run.optimizers, course_factor(run.progress.labels, final_labels))


def _require_finite(
    loss: float, norm: float, run: Run, steps: int, batch: Batch, data: TrainingData
) -> None:
    """Raises: InputError naming the step, its batch and what is not finite."""
    for name, value in (("loss", loss), ("gradient's norm", norm)):
        if not math.isfinite(value):
            progress = run.progress
            read = data.corruption if data.corruption is not None else data.names
            assert read is not None
            first = read.vocabulary.decode(batch.x[0].tolist()).rstrip(PAD)
            raise InputError(
                f"{name} is {value} at step {progress.step} of {steps} (epoch {progress.epoch}, "
                f"batch {progress.batch}, {len(batch.x)} rows, the first {first!r:.60}): stopped "
                "before the step; what was saved stands"
            )


# ------------------------------------------------------------------------- what it shows


def _expected(
    run: Run,
    data: TrainingData,
    recipe: Recipe,
    stage: Stage,
    seed: int,
    steps: int,
    ranks: Ranks,
    accumulate: int,
) -> str:
    """What memory and time the rest of the run will take, in a sentence."""
    epoch = batches(data, stage.batch_size, recipe.block_size, recipe.shuffle, seed, 0)
    return estimate(
        run.model, recipe, stage, list(islice(epoch, TIMED)), steps - run.progress.step,
        run.device, run.precision, ranks, accumulate,
    ).sentence()  # fmt: skip


def _show(bar: tqdm[Never], point: Point) -> None:
    speed = point.tokens / max(point.seconds, 1e-9)
    bar.set_postfix_str(
        f"loss {point.loss:.3f}, rate {point.learning_rate:.1e}, {speed:,.0f} tokens/s",
        refresh=False,  # shown at the bar's own pace
    )
    bar.update()
