"""Questions 2c and 2d: for which gain and noise the output is near the average."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reports.figures import INK, Figure, canvas, finished
from reports.theory_figures.rows import Rows, column, groups, heads_in_words, number

if TYPE_CHECKING:
    from jaxtyping import Float
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh

_NOISE = {"isotropic": "round noise", "radial": "uncertain length"}
_BOUNDARY = "#ffffff"


def draw(rows: Rows) -> Figure:
    """One map for each number of heads and kind of noise, with the boundaries of the theory.

    Columns heads, setting, n, epsilon, alpha, beta, near, trials, leak, law.
    """
    heads, settings = groups(rows, "heads"), groups(rows, "setting")
    with canvas(2.15 * len(heads)) as drawing:
        grid = drawing.subplots(len(heads), len(settings), squeeze=False, sharex=True, sharey=True)
        for axes, ((count, setting), points) in zip(
            grid.ravel(), groups(rows, "heads", "setting").items(), strict=True
        ):
            mesh = _map(axes, points)
            axes.set_title(f"{heads_in_words(count)}, {_NOISE.get(setting, setting)}")
        for axes in grid[-1]:
            axes.set_xlabel(r"gain $\beta$")
        for axes in grid[:, 0]:
            axes.set_ylabel(r"noise $\alpha$")
        bar = drawing.colorbar(mesh, ax=grid, shrink=0.6, aspect=30)
        bar.set_label("share of samples near the average")
        bar.outline.set_visible(False)
    return finished("phases", _message(rows), drawing)


def _map(axes: Axes, points: Rows) -> QuadMesh:
    """The measured shares as colours, theory's boundaries as lines, the regions named."""
    alpha, beta = (np.unique(column(points, name)) for name in ("alpha", "beta"))
    near, leak, law = (_over_grid(points, name) for name in ("near", "leak", "law"))
    near /= _over_grid(points, "trials")
    mesh = axes.pcolormesh(
        _edges(beta), _edges(alpha), near, cmap="cividis", vmin=0, vmax=1, rasterized=True,
    )  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.minorticks_off()
    axes.grid(visible=False)
    epsilon = number(points[0], "epsilon")
    for values, level, line in ((leak, epsilon, "--"), (law, 0.5, "-")):
        axes.contour(
            beta, alpha, values, [level], colors=_BOUNDARY, linestyles=[line], linewidths=1.4
        )
    lost = "coin flip" if points[0]["heads"] == "1" else "wrong keys win"
    _name(axes, "gain too small", beta, alpha, leak > epsilon, upright=True)
    _name(axes, lost, beta, alpha, (leak <= epsilon) & (law < 0.5))
    _name(axes, "average", beta, alpha, (leak <= epsilon) & (law >= 0.5), colour=INK)
    return mesh


def _over_grid(points: Rows, name: str) -> Float[np.ndarray, "alphas betas"]:
    """A column as a matrix, the noise down and the gain across, both ascending."""
    alpha, beta = column(points, "alpha"), column(points, "beta")
    order = np.lexsort((beta, alpha))
    values: Float[np.ndarray, "alphas betas"] = column(points, name)[order].reshape(
        len(np.unique(alpha)), -1
    )
    return values


def _edges(places: Float[np.ndarray, " places"]) -> Float[np.ndarray, " places+1"]:
    """Edges of the cells about places that are evenly spaced on a logarithmic axis."""
    step = np.sqrt(places[1] / places[0])
    return np.append(places / step, places[-1] * step)


def _name(
    axes: Axes,
    name: str,
    beta: Float[np.ndarray, " betas"],
    alpha: Float[np.ndarray, " alphas"],
    region: Float[np.ndarray, "alphas betas"],
    colour: str = "#ffffff",
    upright: bool = False,
) -> None:
    """Write a region's name at its middle, or upright at its left, if there is such a region."""
    if not region.any():
        return
    down, across = np.nonzero(region)
    x = beta[int(np.quantile(across, 1 / 3 if upright else 1 / 2))]
    axes.text(
        x, alpha[int(np.median(down))], name, color=colour, ha="center", va="center",
        rotation=90 if upright else 0, fontsize=8.5,
    )  # fmt: skip


def _message(rows: Rows) -> str:
    """How the points that are mostly near the average lie to the boundaries, map by map."""
    told = []
    for (heads, setting), points in groups(rows, "heads", "setting").items():
        mostly = [r for r in points if number(r, "near") >= number(r, "trials") / 2]
        inside = [
            number(r, "leak") <= number(r, "epsilon") and number(r, "law") >= 0.5 for r in mostly
        ]
        told.append(
            f"{heads_in_words(heads)}, {_NOISE.get(setting, setting)}: {len(mostly)} of "
            f"{len(points)}, of which {sum(inside)} within theory's boundary"
        )
    return (
        "Share of samples near the average over gain and noise. Points of the grid at which it is "
        f"one half or more: {'; '.join(told)}."
    )
