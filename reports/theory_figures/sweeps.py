"""Questions 2c and 2d: how the numbers that matter change with one parameter at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.figures import COLOURS, LINES, MARKERS, Figure, canvas, finished
from reports.theory_figures.rows import Rows, column, groups, number, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Panel:
    """Words for the axes of one panel and for its curves. base: of its logarithmic axis, if any."""

    across: str
    up: str
    series: dict[str, str]
    base: int | None = None


_VARIANCE = "variance of weight of $v_a$"
_HEADS = {"one": "one head", "two": "two heads"}
PANELS = {
    "beta": Panel(r"gain $\beta$", _VARIANCE, _HEADS, 10),
    "alpha": Panel(r"round noise $\alpha$", _VARIANCE, _HEADS, 10),
    "d": Panel("dimension $d$", _VARIANCE, _HEADS, 2),
    "n": Panel(
        "number of keys $n$",
        "head 1 misses $v_a$",
        {"radial": "uncertain length", "isotropic": "round noise"},
        2,
    ),
    "others": Panel("number of keys $n$", "mean weight of others", {"one": "one head"}, 2),
    "h": Panel(
        "share of heads that ask for $v_a$",
        "squared spread of weight",
        {"distance": r"about $\frac{1}{2}$", "variance": "about its mean"},
    ),
}
_CONSTANTS = {"alpha": r"\alpha", "beta": r"\beta", "n": "n"}


def draw(rows: Rows) -> Figure:
    """Samples with intervals on the curves of their laws.

    Columns panel, series, x, alpha, beta, n, measured, lower, upper, risk, trials, law_is, law.
    """
    panels = groups(rows, "panel")
    across = 3
    down = math.ceil(len(panels) / across)
    with canvas(0.2 + 2.1 * down) as drawing:
        grid = drawing.subplots(down, across, squeeze=False).ravel()
        for letter, axes, ((name,), points) in zip("abcdefgh", grid, panels.items(), strict=False):
            _panel(axes, PANELS[name], points)
            axes.set_title(f"({letter})  {_constants(points)}")
        for axes in grid[len(panels) :]:
            axes.set_visible(False)
    return finished("sweeps", _message(rows), drawing)


def _panel(axes: Axes, panel: Panel, points: Rows) -> None:
    for i, ((series,), of_series) in enumerate(groups(points, "series").items()):
        x, measured = column(of_series, "x"), column(of_series, "measured")
        errors = [measured - column(of_series, "lower"), column(of_series, "upper") - measured]
        axes.errorbar(
            x, measured, errors, fmt=MARKERS[i], color=COLOURS[i], markersize=3, capsize=1.5,
            elinewidth=0.8, label=panel.series.get(series, series),
        )  # fmt: skip
        bound = of_series[0]["law_is"] == "bound"
        axes.plot(
            x, column(of_series, "law"), LINES[1 if bound else 0], color=COLOURS[i], linewidth=1,
            label="bound" if bound else None,
        )  # fmt: skip
    if panel.base is not None:
        axes.set_xscale("log", base=panel.base)
    highest = max(*column(points, "upper"), *column(points, "law"))
    axes.set_ylim(0, min(1.0, 1.3 * highest))
    axes.set_xlabel(panel.across)
    axes.set_ylabel(panel.up)
    axes.legend(handlelength=1.4, borderaxespad=0.2, loc="best")


def _constants(points: Rows) -> str:
    """What is the same at all points of a panel, as a formula."""
    told = []
    for name, symbol in _CONSTANTS.items():
        values = {r[name] for r in points}
        if len(values) == 1:
            (value,) = values
            told.append(
                rf"{symbol}\to\infty" if math.isinf(float(value)) else f"{symbol}={plain(value)}"
            )
    return "$" + r",\ ".join(told) + "$"


def _message(rows: Rows) -> str:
    exact = [r for r in rows if r["law_is"] == "exact"]
    inside = sum(number(r, "lower") <= number(r, "law") <= number(r, "upper") for r in exact)
    crossed = sum(number(r, "lower") > number(r, "law") for r in rows if r["law_is"] == "bound")
    return (
        f"{len(groups(rows, 'panel'))} panels of samples beside their laws. The law lies in "
        f"{inside} of {len(exact)} intervals; {crossed} of {len(rows) - len(exact)} intervals lie "
        "above their bound."
    )
