"""Questions 2c and 2d: where the output falls between v_b and v_a, row by row a construction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from reports.figures import COLOURS, INK, Figure, canvas, finished
from reports.theory_figures.rows import Rows, column, groups, heads_in_words, number, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas
    from numpy.typing import NDArray

_NOISE = {"isotropic": "round noise", "radial": "uncertain length"}
_TICKS = [0, 0.1, 0.25, 0.5, 1]


def draw(rows: Rows) -> Figure:
    """Histograms with their laws.

    Columns setting, heads, n, alpha, beta, left, right, count, trials, law, law_probability.
    """
    settings = groups(rows, "setting", "heads", "n")
    across = max(len(groups(of_setting, "beta")) for of_setting in settings.values())
    with canvas(0.7 + 1.1 * len(settings)) as drawing:
        grid = drawing.subplots(len(settings), across, squeeze=False, sharex=True, sharey=True)
        for line, ((setting, heads, n), of_setting) in zip(grid, settings.items(), strict=True):
            for axes, bins in zip(line, groups(of_setting, "beta").values(), strict=False):
                _histogram(axes, bins)
            words = f"{heads_in_words(heads)}, {n} keys,\n{_NOISE.get(setting, setting)}"
            line[0].set_ylabel(words, fontsize=8.5)
        for axes, (beta,) in zip(grid[0], groups(rows, "beta"), strict=False):
            axes.set_title(rf"$\beta={plain(beta)}$")
        for axes in grid[-1]:
            axes.set_xlim(-1.06, 1.06)
            axes.set_xticks([-1, 0, 1], ["$v_b$", "average", "$v_a$"])
        grid[0, 0].set_ylim(0, 1)
        grid[0, 0].set_yscale("function", functions=(np.sqrt, np.square))
        grid[0, 0].set_yticks(_TICKS, [f"{tick:g}" for tick in _TICKS])
        _legend(drawing, grid)
        drawing.supylabel("share of samples in a bin", fontsize=9.5)
        drawing.supxlabel("place of the output $c$ on the line through both values", fontsize=9.5)
    return finished("positions", _message(rows), drawing)


def _histogram(axes: Axes, bins: Rows) -> None:
    """The sample as bars; its law as an outline, or as rings where it is that of a large gain."""
    left, right = column(bins, "left"), column(bins, "right")
    shares, law = column(bins, "count") / column(bins, "trials"), column(bins, "law_probability")
    axes.bar(left, shares, right - left, align="edge", color=COLOURS[5], label="sample")
    if bins[0]["law"] == "exact":
        axes.stairs(law, [*left, right[-1]], color=INK, linewidth=0.9, label="its law")
        return
    seen = law > 1e-3
    axes.plot(
        ((left + right) / 2)[seen], law[seen], "o", color=INK, fillstyle="none",
        label=r"law for $\beta\to\infty$",
    )  # fmt: skip


def _legend(drawing: Canvas, grid: NDArray[np.object_]) -> None:
    """One legend above all panels, each kind of mark once."""
    named: dict[str, Any] = {}
    for axes in grid[:, 0]:
        handles, labels = axes.get_legend_handles_labels()
        named |= dict(zip(labels, handles, strict=True))
    order = sorted(named, key=len)
    drawing.legend([named[k] for k in order], order, loc="outside upper right", ncols=len(order))


def _message(rows: Rows) -> str:
    """What share of each row's samples lies near v_b, the average and v_a, at the last gain."""
    told = []
    for (setting, heads, n), of_setting in groups(rows, "setting", "heads", "n").items():
        ((beta,), bins) = list(groups(of_setting, "beta").items())[-1]
        shares = column(bins, "count") / column(bins, "trials")
        third = len(bins) // 3
        parts = (shares[:third], shares[third:-third], shares[-third:])
        row = f"{heads_in_words(heads)}, {n} keys, {_NOISE.get(setting, setting)}"
        told.append(
            f"{row}, beta {plain(beta)}: " + ", ".join(f"{part.sum():.0%}" for part in parts)
        )
    worst = max(
        abs(number(r, "count") / number(r, "trials") - number(r, "law_probability"))
        for r in rows
        if r["law"] == "exact"
    )
    return (
        "Where sampled outputs fall: share in the third of the line next to v_b, in the middle "
        f"third and in that next to v_a. {'; '.join(told)}. Where the law is exact no "
        f"bin differs from it by more than {worst:.2g} in probability."
    )
