"""Question 3h: the error of random features against the number of directions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.figures import COLOURS, GREY, LINES, MARKERS, Figure, canvas, finished
from reports.theory_figures.rows import Rows, Values, column, groups, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

_ORTHOGONAL = "orthogonal"


def draw(rows: Rows) -> Figure:
    """Sampled errors on the curves of their laws; last, what orthogonal directions gain.

    Columns total, apart, kernel, dimension, features, draws, trials, measured, lower, upper, risk,
    law_is, law.
    """
    kernels = groups(rows, "kernel")
    sizes = [m for (m,) in groups(rows, "draws")]
    with canvas(2.7) as drawing:
        *panels, last = drawing.subplots(1, len(kernels) + 1)
        for letter, axes, points in zip("ab", panels, kernels.values(), strict=True):
            kernel = number(points[0], "kernel")
            kinds = _errors(axes, points)
            axes.set_title(rf"({letter})  $\mathrm{{SM}}={kernel:.2g}$")
        panels[0].set_ylabel(r"mean squared error over $\mathrm{SM}^2$")
        kinds.append(_gain(last, points))
        last.set_title(r"(c)  orthogonal over $\mathrm{MSE}_+$")
        for axes in (*panels, last):
            axes.set_xscale("log", base=2)
            axes.set_xticks([float(m) for m in sizes], sizes)
            axes.set_xlabel("number of draws $m$")
        drawing.legend(handles=kinds, loc="outside lower center", ncols=len(kinds))
    return finished("feature_error", _message(rows), drawing)


def _errors(axes: Axes, points: Rows) -> list[Line2D]:
    axes.set_yscale("log")
    return [
        _sampled(axes, of_kind, 1, i, features)
        for i, ((features,), of_kind) in enumerate(groups(points, "features").items())
        if features != _ORTHOGONAL
    ]


def _gain(axes: Axes, points: Rows) -> Line2D:
    """Errors of orthogonal directions in units of those of independent ones."""
    kinds = groups(points, "features")
    axes.axhline(1, color=GREY, linewidth=0.7)
    unit = column(kinds["positive",], "law")
    return _sampled(axes, kinds[_ORTHOGONAL,], unit, len(kinds) - 1, "positive, orthogonal")


def _sampled(axes: Axes, points: Rows, unit: Values | int, i: int, label: str) -> Line2D:
    """Intervals about what was measured, and the law: dashed if it is a bound."""
    draws, measured = column(points, "draws"), column(points, "measured") / unit
    errors = [measured - column(points, "lower") / unit, column(points, "upper") / unit - measured]
    axes.errorbar(
        draws, measured, errors, fmt=MARKERS[i], color=COLOURS[i], markersize=3, capsize=1.5,
        elinewidth=0.8,
    )  # fmt: skip
    bound = points[0]["law_is"] == "bound"
    (law,) = axes.plot(
        draws, column(points, "law") / unit, LINES[1 if bound else 0], color=COLOURS[i],
        linewidth=1, marker=MARKERS[i], markersize=3, label=label,
    )  # fmt: skip
    law.set_markevery([])
    return law


def _message(rows: Rows) -> str:
    exact = [r for r in rows if r["law_is"] == "exact"]
    inside = sum(number(r, "lower") <= number(r, "law") <= number(r, "upper") for r in exact)
    crossed = sum(number(r, "lower") > number(r, "law") for r in rows if r["law_is"] == "bound")
    return (
        "Mean squared errors of random features against the number of directions, sampled and by "
        f"their laws. The law lies in {inside} of {len(exact)} intervals; {crossed} of "
        f"{len(rows) - len(exact)} intervals of orthogonal directions lie above their bound."
    )
