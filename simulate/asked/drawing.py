"""Figures that answer a question of one's own, as SVG and PNG; matplotlib is loaded here alone."""

from __future__ import annotations

import io
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from simulate.asked.places import EDGES, Places
from simulate.experiment import Result

SAMPLE, LAW, WRONG, GREY = "#56B4E9", "#D55E00", "#CC79A7", "#6b7280"
"""Of Okabe and Ito's palette, told apart by the colour-blind."""
WIDTH = 6.3
"""Inches, that of a page's text."""
STYLE = {
    "font.family": "STIXGeneral",
    "mathtext.fontset": "stix",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "simulate",
    "figure.constrained_layout.use": True,
}
FAINTEST = 1e-3
"""The least distance that is drawn, in thresholds."""


def of_places(title: str, found: Places) -> dict[str, bytes]:
    """Histogram of where the outputs lie, beside the law; files by their ending."""
    with mpl.rc_context(STYLE):
        canvas = Figure(figsize=(WIDTH, 3.0))
        axes = canvas.subplots()
        trials = found.histogram.trials
        axes.bar(
            EDGES[:-1], found.histogram.counts / trials, np.diff(EDGES), align="edge",
            color=SAMPLE, label=f"{trials:,} samples",
        )  # fmt: skip
        axes.stairs(found.probabilities, EDGES, color=LAW, linewidth=1.2, label=found.law)
        axes.set_xlim(-1, 1)
        axes.set_xticks([-1, 0, 1], ["$v_b$", r"$\frac{1}{2}(v_a+v_b)$", "$v_a$"])
        axes.set_xlabel(found.coordinate)
        axes.set_ylabel("probability of a bin")
        axes.set_title(title, fontsize=10)
        canvas.legend(loc="outside lower center", ncols=2)
        return _files(canvas, title)


def of_results(title: str, results: Sequence[Result]) -> dict[str, bytes]:
    """How far each experiment is from its law, in units of its threshold; files by their ending."""
    with mpl.rc_context(STYLE):
        canvas = Figure(figsize=(WIDTH, 1.3 + 0.24 * len(results)))
        axes = canvas.subplots()
        for row, r in enumerate(results):
            j = r.judgement
            ratio = j.distance / j.threshold if j.threshold else float(j.distance > 0)
            colour = WRONG if j.verdict == "contradicted" else SAMPLE
            axes.barh(row, max(ratio, FAINTEST), color=colour, height=0.6)
        axes.axvline(1, color=LAW, linewidth=1.2)
        axes.set_yticks(range(len(results)), [r.experiment.key for r in results], fontsize=8)
        axes.invert_yaxis()
        axes.set_xscale("log")
        axes.set_xlim(left=FAINTEST / 2)
        axes.set_xlabel(
            "distance from the law, in thresholds: beyond 1 the law is contradicted\n"
            f"(what is smaller is drawn as {FAINTEST:g}; a bound on every trial that is attained, "
            "as 1)"
        )
        axes.set_title(title, fontsize=10)
        return _files(canvas, title)


def _files(canvas: Figure, title: str) -> dict[str, bytes]:
    """The same bytes for the same numbers."""
    found = {}
    for ending, metadata in (("svg", {"Date": None, "Title": title}), ("png", {})):
        buffer = io.BytesIO()
        canvas.savefig(buffer, format=ending, dpi=150, metadata=metadata)
        found[ending] = buffer.getvalue()
    return found
