"""The training loop: one stage of a recipe, from a model to a trained model and its curve."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

import torch
from torch.nn.utils import clip_grad_norm_
from tqdm import tqdm

from gpt.batches import Batch, TrainingData, batches
from gpt.model import GPT
from gpt.recipe import Recipe, Stage
from gpt.training.optimizer import optimizers, set_factor
from gpt.training.precision import Precision, faster_precision, loss_of
from gpt.training.schedule import COURSE_FINAL_EPOCHS, course_factor, linear_factor
from gpt.vocabulary import PAD_ID
from reports.record import InputError


@dataclass(frozen=True)
class Point:
    """One step of the curve; `loss` in nats a target character, `seconds` since the first step."""

    step: int
    epoch: int
    loss: float
    learning_rate: float
    tokens: int
    seconds: float


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
) -> Trained:
    """Train `model` in place on `data` for the epochs of `stage`.

    precision: 'auto' times both on the first batch and keeps the faster
    log: a file that gets one JSON object a step

    Raises: InputError if a loss is not finite (before the optimizer's step).
    """
    torch.manual_seed(seed)
    model.to(device).train()
    first = next(batches(data, stage.batch_size, recipe.block_size, recipe.shuffle, seed, 0))
    if precision == "auto":
        precision = faster_precision(model, first, device)
    made = optimizers(model, stage, recipe.weight_decay)
    steps = stage.epochs * -(-len(data) // stage.batch_size)
    final_labels = COURSE_FINAL_EPOCHS * pretraining_documents * recipe.block_size
    set_factor(made, 1.0 if recipe.schedule == "course" else linear_factor(0, steps))
    points: list[Point] = []
    labels = tokens = 0
    begin = time.perf_counter()
    with _open(log) as file, tqdm(total=steps, unit="step", mininterval=0.5) as bar:
        for epoch, batch in _epochs(data, recipe, stage, seed):
            loss = loss_of(model, batch, device, precision)
            value = float(loss.detach())
            if not torch.isfinite(loss):
                raise InputError(f"loss is {value} at step {len(points)} (epoch {epoch}): stopped")
            loss.backward()
            clip_grad_norm_(model.parameters(), recipe.clip)
            for optimizer in made:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            labels += batch.labels
            tokens += int((batch.x != PAD_ID).sum())
            seconds = time.perf_counter() - begin
            rate = made[0].param_groups[0]["lr"]
            points.append(Point(len(points), epoch, value, rate, tokens, round(seconds, 3)))
            if recipe.schedule == "course":
                set_factor(made, course_factor(labels, final_labels))
            else:
                set_factor(made, linear_factor(len(points), steps))
            if file is not None:
                file.write(json.dumps(vars(points[-1])) + "\n")
            bar.set_postfix_str(
                f"loss {value:.3f}, rate {rate:.1e}, {tokens / seconds:,.0f} tokens/s"
            )
            bar.update()
    seconds = time.perf_counter() - begin
    last = [p.loss for p in points if p.epoch == stage.epochs - 1]
    return Trained(points, steps, tokens, seconds, precision, sum(last) / len(last))


def _epochs(
    data: TrainingData, recipe: Recipe, stage: Stage, seed: int
) -> Iterator[tuple[int, Batch]]:
    for epoch in range(stage.epochs):
        for batch in batches(
            data, stage.batch_size, recipe.block_size, recipe.shuffle, seed, epoch
        ):
            yield epoch, batch


def _open(log: Path | None) -> AbstractContextManager[IO[str] | None]:
    if log is None:
        return nullcontext(None)
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return log.open("w", encoding="utf-8", buffering=1)
    except OSError as problem:
        raise InputError(f"{log}: cannot be written: {problem.strerror}") from None
