"""Figures of training and evaluation: learning curves, and accuracies beside the baselines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from reports.figures import COLOURS, GREY, LINES, Figure, canvas, finished
from reports.record import Count
from reports.shelf import Trained

STEPS_DRAWN = 400
"""Points of a learning curve; a longer one is averaged over equal stretches of steps."""


@dataclass(frozen=True)
class Bar:
    """One bar of the accuracy figure; kind decides its colour."""

    label: str
    count: Count
    kind: str


def smoothed(
    run: Trained, points: int = STEPS_DRAWN
) -> tuple[Float[np.ndarray, " points"], Float[np.ndarray, " points"]]:
    """Steps and losses of the curve, averaged over at most `points` stretches of steps."""
    steps = np.array([row["step"] for row in run.curve])
    losses = np.array([row["loss"] for row in run.curve])
    parts = np.array_split(np.arange(len(steps)), min(points, len(steps)))
    return np.array([steps[p].mean() for p in parts]), np.array([losses[p].mean() for p in parts])


def curves(runs: Sequence[Trained]) -> Figure:
    """Learning curves, one panel a run: loss (nats a character) against optimisation steps."""
    with canvas(2.4) as drawing:
        panels = drawing.subplots(1, len(runs), squeeze=False)[0]
        for i, (axes, run) in enumerate(zip(panels, runs, strict=True)):
            steps, losses = smoothed(run)
            axes.plot(steps, losses, LINES[0], color=COLOURS[i % len(COLOURS)])
            axes.set_title(_stage(run.record.run))
            axes.set_xlabel("step")
            axes.set_ylim(bottom=0)
            axes.locator_params(axis="x", nbins=4)
        panels[0].set_ylabel("loss (nats a character)")
    alt = "Loss against step; last value: " + ", ".join(
        f"{_stage(run.record.run)} {run.record.final_loss:.3g}" for run in runs
    )
    return finished("curves", alt + ".", drawing)


def _stage(run: str) -> str:
    return {
        "pretrain": "pretraining",
        "finetune": "finetuning after pretraining",
        "scratch": "finetuning from scratch",
    }.get(run, run)


def accuracies(bars: Sequence[Bar]) -> Figure:
    """Accuracies with their Wilson 95 % intervals, baselines hatched."""
    with canvas(0.8 + 0.32 * len(bars)) as drawing:
        axes = drawing.subplots()
        place = np.arange(len(bars))[::-1]
        share = np.array([100 * bar.count.accuracy for bar in bars])
        low = share - [100 * bar.count.interval[0] for bar in bars]
        high = np.array([100 * bar.count.interval[1] for bar in bars]) - share
        kinds = list(dict.fromkeys(bar.kind for bar in bars))
        colours = [
            "#d1d5db" if b.kind == "baseline" else COLOURS[kinds.index(b.kind) % 6] for b in bars
        ]
        axes.barh(
            place, share, 0.62, color=colours, edgecolor=GREY, linewidth=0.6,
            hatch=["///" if b.kind == "baseline" else "" for b in bars],
        )  # fmt: skip
        axes.errorbar(
            share, place, xerr=[low.clip(0), high.clip(0)], fmt="none", ecolor="#111111",
            elinewidth=1.1, capsize=3,
        )  # fmt: skip
        for y, x, bar in zip(place, share + high, bars, strict=True):
            axes.text(x, y, f"  {100 * bar.count.accuracy:.1f} %", va="center", fontsize=8.5)
        axes.set_yticks(place, [bar.label for bar in bars])
        axes.set_xlim(0, min(112.0, max(5.0, 1.18 * float((share + high).max()))))
        axes.grid(False, axis="y")
        axes.set_xlabel("right answers (%), with Wilson 95 % interval")
    alt = "Accuracy with 95 % interval: " + "; ".join(
        f"{b.label} {100 * b.count.accuracy:.1f} % "
        f"({100 * b.count.interval[0]:.1f} to {100 * b.count.interval[1]:.1f})"
        for b in bars
    )
    return finished("accuracies", alt + ".", drawing)
