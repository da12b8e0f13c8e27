"""Figures as SVG: one style, the same bytes for the same numbers, a message for who cannot see."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

INK, GREY = "#111111", "#6b7280"
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's palette, told apart by the colour-blind; every series also has its own line."""
LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1, 1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P")
WIDTH = 6.3
"""Inches: the width of the text block, so that the lettering is not scaled."""

_STYLE = {
    "font.family": "STIXGeneral",
    "mathtext.fontset": "stix",
    "font.size": 9.5,
    "axes.titlesize": 10,
    "axes.labelsize": 9.5,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.linewidth": 0.7,
    "axes.grid": True,
    "grid.color": "#e5e7eb",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "lines.linewidth": 1.4,
    "lines.markersize": 4,
    "svg.fonttype": "path",
    "figure.constrained_layout.use": True,
}


@dataclass(frozen=True)
class Figure:
    """A drawn figure: its key in the templates, what it tells in words, and the SVG."""

    key: str
    alt: str
    svg: bytes


@contextmanager
def canvas(height: float) -> Iterator[Canvas]:
    """An empty figure of full width and `height` inches in the report's style."""
    with mpl.rc_context(_STYLE):
        yield Canvas(figsize=(WIDTH, height))


def finished(key: str, alt: str, drawing: Canvas) -> Figure:
    """`drawing` as SVG without date, with identifiers that depend on `key` alone."""
    buffer = io.BytesIO()
    with mpl.rc_context({**_STYLE, "svg.hashsalt": key}):
        drawing.savefig(buffer, format="svg", metadata={"Date": None, "Title": alt})
    return Figure(key, alt, buffer.getvalue())


def legend(axes: Axes, columns: int = 1) -> None:
    axes.legend(ncols=columns, handlelength=2.4, borderaxespad=0.2)
