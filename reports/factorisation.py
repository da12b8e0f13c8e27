"""Figure 1 of the handout, redrawn with what was counted and timed: A V, and Q′ (K′ᵀ V)."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from reports.figures import COLOURS, GREY, INK, Figure, canvas, finished
from reports.record import ScalingRow
from reports.scaling import Grown

EXACT, FEATURES = "sdpa", "performer"
LONG, FEW, WIDE = 4.0, 1.3, 0.9
"""Sides drawn for the length, the features and the width of values; the ratios are not to scale."""
GAP = 0.45


@dataclass(frozen=True)
class Sides:
    """What the two ways cost at one length: rows of the forward pass at the longest measured."""

    length: int
    features: int
    size: int
    exact: ScalingRow
    approximate: ScalingRow


def sides(grown: Sequence[Grown]) -> Sides | None:
    """Of the first record, at the longest length at which both were timed; None without one."""
    for found in grown:
        rows = {
            (row.way, row.length): row
            for row in found.scaling.rows
            if row.work == "forward" and row.skipped is None
        }
        both = [n for way, n in rows if way == EXACT and (FEATURES, n) in rows]
        if both:
            record = found.scaled.record
            return Sides(
                max(both), record.options[FEATURES]["features"], record.size,
                rows[EXACT, max(both)], rows[FEATURES, max(both)],
            )  # fmt: skip
    return None


def draw(found: Sides) -> Figure:
    """Matrices as rectangles; what is computed first stands in a dashed box."""
    L, m, d = (f"{n:,}".replace(",", "\u202f") for n in (found.length, found.features, found.size))
    with canvas(2.7) as drawing:
        widths = (LONG + WIDE + 3 * GAP, FEW + LONG + WIDE + 4 * GAP)
        left, right = drawing.subplots(1, 2, width_ratios=widths)  # so both have one scale
        end = _matrix(left, 0.0, LONG, LONG, "A", f"{L} × {L}", COLOURS[0])
        _dashed(left, 0.0, end)
        end = _matrix(left, end + GAP, WIDE, LONG, "V", f"{L} × {d}", COLOURS[2])
        _finish(left, end, f"A V: {_cost(found.exact)}")
        end = _matrix(right, 0.0, FEW, LONG, "Q′", f"{L} × {m}", COLOURS[1])
        begin = end + GAP
        end = _matrix(right, begin, LONG, FEW, r"K′$^\top$", f"{m} × {L}", COLOURS[1])
        end = _matrix(right, end + GAP, WIDE, LONG, "V", f"{L} × {d}", COLOURS[2])
        _dashed(right, begin, end)
        _finish(right, end, r"Q′ (K′$^\top$ V): " + _cost(found.approximate))
    alt = (
        f"Attention at length {L} with {m} features and values of width {d}: exact, "
        f"{_cost(found.exact)}; through features, {_cost(found.approximate)}."
    )
    return finished("factorisation", alt, drawing)


def _cost(row: ScalingRow) -> str:
    """Multiply-adds that the forward pass needs, and how long it took."""
    seconds = statistics.median(row.seconds)
    return f"{row.multiply_adds / 1e9:.3g} billion multiply-adds, {1000 * seconds:,.0f} ms"


def _matrix(
    axes: Axes, x: float, width: float, height: float, name: str, shape: str, colour: str
) -> float:
    """A matrix that begins at x, centred on the others; returns where it ends."""
    low = (LONG - height) / 2
    axes.add_patch(
        Rectangle((x, low), width, height, facecolor=colour, alpha=0.25, edgecolor=INK, lw=0.8)
    )
    axes.text(x + width / 2, LONG / 2, name, ha="center", va="center")
    axes.text(
        x + width / 2, low - 0.12, shape, ha="center", va="top", fontsize="x-small", color=GREY
    )
    return x + width


def _dashed(axes: Axes, begin: float, end: float) -> None:
    """The box around what is computed first."""
    pad = GAP / 3
    axes.add_patch(
        Rectangle(
            (begin - pad, -3.5 * pad), end - begin + 2 * pad, LONG + 4.5 * pad,
            fill=False, linestyle="--", edgecolor=GREY, lw=0.9,
        )
    )  # fmt: skip


def _finish(axes: Axes, end: float, title: str) -> None:
    axes.set_title(title, fontsize="small")
    axes.set_xlim(-GAP, end + GAP)
    axes.set_ylim(-2 * GAP, LONG + GAP)
    axes.set_aspect("equal")
    axes.axis("off")
