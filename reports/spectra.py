"""How near the trained attention is to low rank: the figure, and what the text says of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reports.figures import COLOURS, GREY, LINES, Figure, canvas, finished, legend
from reports.record import SpectrumRecord

PART = 4
"""The text tells of the largest singular values, one in so many."""


@dataclass(frozen=True)
class Spectra:
    """Shares of the largest `count` of all singular values, least and largest over the heads.

    nearer: heads whose share training has raised
    """

    count: int
    trained: tuple[float, float]
    untrained: tuple[float, float]
    nearer: int
    heads: int


def weigh(record: SpectrumRecord) -> Spectra:
    """What the largest quarter of the singular values makes of their sum."""
    count = record.positions // PART
    pairs = [(h.trained[count - 1], h.untrained[count - 1]) for h in record.heads]
    after, before = zip(*pairs, strict=True)
    return Spectra(
        count=count,
        trained=(min(after), max(after)),
        untrained=(min(before), max(before)),
        nearer=sum(a > b for a, b in pairs),
        heads=len(pairs),
    )


def draw(record: SpectrumRecord) -> Figure:
    """Share of the largest k singular values (%) against k; a layer's heads as a band."""
    k = np.arange(1, record.positions + 1)
    layers = sorted({head.layer for head in record.heads})
    told = []
    with canvas(2.6) as drawing:
        axes = drawing.subplots()
        for i, layer in enumerate(layers):
            trained = 100 * np.array([h.trained for h in record.heads if h.layer == layer])
            colour = COLOURS[i % len(COLOURS)]
            axes.fill_between(k, trained.min(0), trained.max(0), color=colour, alpha=0.18, lw=0)
            axes.plot(
                k, trained.mean(0), LINES[i % len(LINES)], color=colour, label=f"layer {layer + 1}"
            )
            told.append(_told(f"layer {layer + 1}", trained.mean(0)))
        untrained = 100 * np.array([h.untrained for h in record.heads])
        axes.plot(k, untrained.mean(0), color=GREY, linewidth=2.2, label="before training")
        told.append(_told("before training", untrained.mean(0)))
        axes.set_xlim(1, record.positions)
        axes.set_ylim(0, 100)
        axes.set_xlabel("k, of the largest singular values")
        axes.set_ylabel("their share of the sum (%)")
        legend(axes)
    return finished(
        "spectrum", f"Share of the largest singular values: {'; '.join(told)}.", drawing
    )


def _told(name: str, shares: np.ndarray) -> str:
    T = len(shares)
    points = ", ".join(f"{shares[T // n - 1]:.0f} % at {T // n}" for n in (8, 4, 2))
    return f"{name} {points}"
