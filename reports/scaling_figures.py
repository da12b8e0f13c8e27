"""Figures of the cost of attention against the length: time and memory, on logarithmic axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from reports.figures import COLOURS, LINES, MARKERS, Figure, canvas, finished, legend
from reports.scaling import Cell, Grown

PANELS: tuple[tuple[str, str, Callable[[Cell], float | None]], ...] = (
    ("forward", "ms", lambda cell: cell.forward),
    ("forward and backward", "ms", lambda cell: cell.both),
    ("memory of both", "MiB", lambda cell: cell.memory),
)
"""Title, unit, and what is drawn."""
LABELLED = 3
"""Each third length is labelled."""


def draw(grown: Sequence[Grown]) -> list[Figure]:
    """One figure for each precision of each record."""
    return [growth(found) for found in grown]


def growth(found: Grown) -> Figure:
    """Time of the forward pass, of both passes, and memory of both, against the length."""
    told = []
    lengths = list(found.cells)[::LABELLED]
    with canvas(2.9) as drawing:
        panels = drawing.subplots(1, len(PANELS))
        for axes, (title, unit, of) in zip(panels, PANELS, strict=True):
            ends = [
                f"{way} {_ends(points, unit)}"
                for i, way in enumerate(found.ways)
                if (points := _line(axes, found, i, of))
            ]
            axes.set_title(title)
            axes.set_xscale("log")
            axes.set_yscale("log")
            axes.set_xticks(lengths, [str(length) for length in lengths])
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_minor_formatter(NullFormatter())
            axes.set_xlabel("length")
            axes.set_ylabel(unit)
            told.append(f"{title}: {', '.join(ends)}")
        legend(panels[0])
    name, precision = found.scaled.provenance.device_name, found.scaling.precision
    alt = f"Cost of attention against its length in {precision} on {name}. {'; '.join(told)}."
    return finished(f"scaling-{found.key}", alt, drawing)


def _line(
    axes: Axes, found: Grown, i: int, of: Callable[[Cell], float | None]
) -> list[tuple[int, float]]:
    """Draw what was measured of the i-th way; returns it, by length."""
    values = {length: of(cells[i]) for length, cells in found.cells.items()}
    points = [(length, value) for length, value in values.items() if value is not None]
    if points:
        axes.plot(
            *zip(*points, strict=True), marker=MARKERS[i % len(MARKERS)],
            linestyle=LINES[i % len(LINES)], color=COLOURS[i % len(COLOURS)], label=found.ways[i],
        )  # fmt: skip
    return points


def _ends(points: Sequence[tuple[int, float]], unit: str) -> str:
    """The first and the last point in words."""
    first, last = points[0], points[-1]
    return f"{first[1]:.3g} {unit} at {first[0]} to {last[1]:.3g} {unit} at {last[0]}"
