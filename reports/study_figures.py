"""Figures of the studies: accuracy against minutes, what models hold, learning curves."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from reports.figures import COLOURS, LINES, MARKERS, Figure, canvas, finished, legend
from reports.formats import counted
from reports.studies import Made, Studies
from reports.study_tables import CapacityRow, StudyEvidence, losses, weigh

T = TypeVar("T")


def draw(studies: Studies) -> list[Figure]:
    """The figures of the studies that were made."""
    found: StudyEvidence = weigh(studies)
    drawn = []
    if found.minutes:
        drawn.append(minutes(found.minutes))
    if found.capacity:
        drawn.append(capacity(found.capacity))
    if found.alike is not None:
        entries = studies["curves"]
        drawn.append(loss_curves(losses(entries, "plain"), losses(entries, "practical")))
    return drawn


def minutes(runs: Sequence[Made]) -> Figure:
    """Accuracy (%) with Wilson's interval against minutes, one series a device and way."""
    told = []
    with canvas(2.9) as drawing:
        axes = drawing.subplots()
        for i, (series, group) in enumerate(_grouped(runs, _series).items()):
            x = [made.record.seconds / 60 for made in group]
            share = np.array([100 * made.last.result.accuracy for made in group])
            bounds = 100 * np.array([made.last.result.interval for made in group])
            whiskers = [(share - bounds[:, 0]).clip(0), (bounds[:, 1] - share).clip(0)]
            axes.errorbar(
                x, share, yerr=whiskers, fmt=MARKERS[i % len(MARKERS)], linestyle=LINES[i % 6],
                color=COLOURS[i % len(COLOURS)], capsize=3, elinewidth=0.9, label=series,
            )  # fmt: skip
            points = ", ".join(f"{y:.1f} % in {m:.1f}" for m, y in zip(x, share, strict=True))
            told.append(f"{series}: {points} minutes")
        axes.set_xscale("log")
        _plain_ticks(axes)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("minutes, all stages")
        axes.set_ylabel("right answers (%)")
        legend(axes)
    return finished("minutes", f"Accuracy against minutes. {'; '.join(told)}.", drawing)


def capacity(rows: Sequence[CapacityRow]) -> Figure:
    """Accuracy (%) and bits a parameter against the number of people, one series a width."""
    told = []
    with canvas(2.9) as drawing:
        left, right = drawing.subplots(1, 2)
        for i, (width, group) in enumerate(sorted(_grouped(rows, lambda row: row.width).items())):
            people = sorted({row.people for row in group})
            share = [_mean(group, n, lambda r: 100 * r.made.last.result.accuracy) for n in people]
            bits = [_mean(group, n, lambda r: r.bits_a_parameter) for n in people]
            for axes, values in ((left, share), (right, bits)):
                axes.plot(
                    people, values, marker=MARKERS[i % len(MARKERS)], linestyle=LINES[i % 6],
                    color=COLOURS[i % len(COLOURS)], label=f"width {width}",
                )  # fmt: skip
            points = ", ".join(
                f"{n} people {y:.1f} % and {b:.3g} bits a parameter"
                for n, y, b in zip(people, share, bits, strict=True)
            )
            told.append(f"width {width}: {points}")
        for axes, label in ((left, "right answers (%)"), (right, "bits a parameter")):
            axes.set_xscale("log")
            _plain_ticks(axes)
            axes.set_xlabel("people in the text")
            axes.set_ylabel(label)
        left.set_ylim(bottom=0)
        legend(left)
    return finished("capacity", f"{'; '.join(told)}.", drawing)


def loss_curves(plain: Sequence[Sequence[float]], ours: Sequence[Sequence[float]]) -> Figure:
    """Mean loss an epoch of both programs, the spread of their seeds shaded, and the difference."""
    epochs = np.arange(1, len(plain[0]) + 1)
    with canvas(2.7) as drawing:
        left, right = drawing.subplots(1, 2)
        for i, (curves, label) in enumerate(((plain, "plain reference"), (ours, "practical"))):
            values = np.array(curves)
            left.plot(epochs, values.mean(0), LINES[i], color=COLOURS[i], label=label)
            left.fill_between(
                epochs, values.min(0), values.max(0), color=COLOURS[i], alpha=0.25, linewidth=0
            )
            centred = values - np.array(plain).mean(0)
            right.plot(epochs, centred.T, LINES[i], color=COLOURS[i], linewidth=0.9)
        left.set_ylabel("loss (nats a character)")
        right.set_ylabel("loss less the reference’s mean")
        for axes in (left, right):
            axes.set_xlabel("epoch")
            axes.locator_params(axis="x", integer=True)
        legend(left)
    last = np.array(plain)[:, -1].mean(), np.array(ours)[:, -1].mean()
    alt = (
        f"Loss by epoch of both programs; in epoch {len(epochs)} the plain reference is at "
        f"{last[0]:.4g}, practical at {last[1]:.4g} nats a character."
    )
    return finished("loss-curves", alt, drawing)


def _series(made: Made) -> str:
    """The device, and the way: what its entries are called before the number of epochs."""
    return f"{_device(made)}, {made.record.entry.rpartition('-')[0]}"


def _device(made: Made) -> str:
    record = made.record
    name = record.provenance.device_name.split(",")[0]
    return (
        name
        if record.provenance.device == "cuda"
        else f"{name}, {counted(record.threads, 'thread')}"
    )


def _grouped(rows: Sequence[T], key: Callable[[T], Hashable]) -> dict[Hashable, list[T]]:
    groups: dict[Hashable, list[T]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def _mean(rows: Sequence[CapacityRow], people: int, of: Callable[[CapacityRow], float]) -> float:
    return float(np.mean([of(row) for row in rows if row.people == people]))


def _plain_ticks(axes: Axes) -> None:
    """Label 1, 2, 5, 10, 20, … on a logarithmic axis, not powers of ten."""
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
