"""Figures that set a Monte Carlo sample beside the law that theory/ derived for it.

Each function takes the rows of one table of simulate.json (CSV, so every value is text) and
returns a figure. Columns are named in the first line of each docstring.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from jaxtyping import Float

from reports.figures import COLOURS, GREY, LINES, MARKERS, Figure, canvas, finished, legend
from reports.record import RecordError

Rows = Sequence[dict[str, str]]
Values: TypeAlias = Float[np.ndarray, " rows"]
_SETTINGS = {"isotropic": "round noise", "radial": "uncertain length"}


def number(row: dict[str, str], column: str) -> float:
    """The value of a column as a number.

    Raises: RecordError naming the column.
    """
    try:
        return float(row[column])
    except (KeyError, TypeError, ValueError):
        raise RecordError(
            f"simulate.json: column {column!r} of a figure's table holds {row.get(column)!r}; "
            "run `make simulate`"
        ) from None


def groups(rows: Rows, *columns: str) -> dict[tuple[str, ...], list[dict[str, str]]]:
    """Rows by the text of some columns, in order of first appearance."""
    found: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for row in rows:
        found.setdefault(tuple(row.get(c, "") for c in columns), []).append(row)
    return found


def _column(rows: Rows, column: str) -> Values:
    return np.array([number(row, column) for row in rows])


def _plain(text: str) -> str:
    """A number as a reader writes it: 0.010 as 0.01, 1e-06 as 10⁻⁶ in mathematics."""
    value = float(text)
    if value != 0 and (abs(value) < 1e-3 or abs(value) >= 1e5):
        mantissa, exponent = f"{value:.0e}".split("e")
        power = rf"10^{{{int(exponent)}}}"
        return power if mantissa == "1" else rf"{mantissa}\times {power}"
    return f"{value:g}"


def leak(rows: Rows) -> Figure:
    """2b, columns n, beta, measured_max, measured_mean, bound: error against the gain."""
    series = groups(rows, "n")
    with canvas(2.9) as drawing:
        axes = drawing.subplots()
        for i, ((n,), of_n) in enumerate(series.items()):
            colour, beta = COLOURS[i % len(COLOURS)], _column(of_n, "beta")
            axes.plot(
                beta, _column(of_n, "bound"), LINES[0], color=colour, label=f"bound, $n$ = {n}"
            )
            axes.plot(
                beta, _column(of_n, "measured_max"), MARKERS[i % len(MARKERS)], color=colour,
                label=f"largest measured, $n$ = {n}",
            )  # fmt: skip
            axes.plot(beta, _column(of_n, "measured_mean"), LINES[3], color=colour)
        axes.set_yscale("log")
        axes.set_xlabel(r"gain $\beta$ of the query $\beta(k_a+k_b)$")
        axes.set_ylabel("error (distance of the farthest value = 1)")
        axes.set_title("Error of the average (dotted: mean)")
        axes.legend(ncols=1, loc="center left", bbox_to_anchor=(1.0, 0.5))
    crossed = sum(number(r, "measured_max") > number(r, "bound") for r in rows)
    alt = (
        f"Largest measured error against the gain beta for {len(series)} numbers of keys, on a "
        f"logarithmic axis, beside the derived bound; {crossed} of {len(rows)} points lie above it."
    )
    return finished("leak", alt, drawing)


def split(rows: Rows) -> Figure:
    """2c, columns setting, alpha, beta, left, right, count, n, law_probability: the split's law."""
    series = groups(rows, "setting", "alpha", "beta")
    settings = groups(rows, "setting")
    across = -(-len(series) // len(settings))
    with canvas(0.4 + 1.55 * len(settings)) as drawing:
        grid = drawing.subplots(len(settings), across, squeeze=False, sharex=True).ravel()
        for axes, ((_, alpha, beta), bins) in zip(grid, series.items(), strict=True):
            left, right = _column(bins, "left"), _column(bins, "right")
            density = _column(bins, "count") / _column(bins, "n") / (right - left)
            law = _column(bins, "law_probability") / (right - left)
            axes.bar(left, density, right - left, align="edge", color=COLOURS[5], label="sample")
            axes.stairs(law, [*left, right[-1]], color=COLOURS[1], linewidth=1.2, label="law")
            axes.set_xlim(0, 1)
            axes.set_xticks([0, 0.5, 1], ["0", "½", "1"])
            axes.set_title(rf"$\alpha={_plain(alpha)}$, $\beta={_plain(beta)}$")
        for axes, (setting,) in zip(grid[::across], settings, strict=True):
            axes.set_ylabel(f"{_SETTINGS.get(setting, setting)}: density")
        for axes in grid[-across:]:
            axes.set_xlabel("share of $v_a$")
        legend(grid[0])
    worst = max(
        float(np.abs(_column(b, "count") / _column(b, "n") - _column(b, "law_probability")).max())
        for b in series.values()
    )
    alt = (
        f"Histograms of the weight of v_a in {len(series)} settings, each with the logit-normal "
        f"law drawn over it; no bin differs from its law by more than {worst:.2g} in probability."
    )
    return finished("split", alt, drawing)


def outputs(rows: Rows) -> Figure:
    """2d, columns heads, trial, weight_a, weight_b: where the output falls between v_b and v_a."""
    series = groups(rows, "heads")
    with canvas(2.6) as drawing:
        panels = drawing.subplots(1, len(series), sharex=True, squeeze=False)[0]
        for i, (axes, ((heads,), samples)) in enumerate(zip(panels, series.items(), strict=True)):
            share, height = _share(samples), _spread(len(samples))
            axes.hist(share, np.linspace(0, 1, 41), color=COLOURS[5 if i == 0 else 4], density=True)
            top = axes.get_ylim()[1]
            axes.plot(share, -top * (0.05 + 0.16 * height), ".", color=COLOURS[i], markersize=1.6)
            axes.axhline(0, color=GREY, linewidth=0.7)
            axes.set_title(_heads(heads))
            axes.set_xlim(-0.02, 1.02)
            axes.set_xticks([0, 0.5, 1], ["$v_b$", r"$\frac{1}{2}(v_a+v_b)$", "$v_a$"])
            axes.set_yticks([])
            axes.set_xlabel("output $c$ between the two values")
        panels[0].set_ylabel("density; below: samples")
    spread = ", ".join(
        f"{_heads(heads)} {float(_share(samples).std()):.2g}"
        for (heads,), samples in series.items()
    )
    alt = f"Where sampled outputs fall between v_b (0) and v_a (1); standard deviation: {spread}."
    return finished("outputs", alt, drawing)


def _share(samples: Rows) -> Values:
    """Position of c between v_b (0) and v_a (1): the weight of v_a among the two."""
    a, b = _column(samples, "weight_a"), _column(samples, "weight_b")
    share: Values = a / (a + b)
    return share


def _spread(count: int) -> Values:
    """Heights in [0, 1) that keep neighbouring samples apart: multiples of the golden ratio."""
    golden = (np.sqrt(5) - 1) / 2
    heights: Values = np.mod(np.arange(count) * golden, 1.0)
    return heights


def _heads(count: str) -> str:
    return {"1": "one head", "2": "two heads"}.get(count, f"{count} heads")


def variance(rows: Rows) -> Figure:
    """2d, columns beta, alpha, n, heads, variance, standard_error, limit: variance against gain."""
    series = groups(rows, "heads", "alpha")
    with canvas(2.8) as drawing:
        axes = drawing.subplots()
        for i, ((heads, alpha), points) in enumerate(series.items()):
            colour, beta = COLOURS[i % len(COLOURS)], _column(points, "beta")
            axes.errorbar(
                beta, _column(points, "variance"), 4 * _column(points, "standard_error"),
                color=colour, marker=MARKERS[i % len(MARKERS)], linestyle=LINES[i % len(LINES)],
                capsize=2, label=rf"{_heads(heads)}, $\alpha={_plain(alpha)}$",
            )  # fmt: skip
            axes.plot(beta, _column(points, "limit"), LINES[3], color=colour, linewidth=1)
        axes.set_xlabel(r"gain $\beta$")
        axes.set_ylabel("variance of the weight of $v_a$")
        axes.set_title(r"Variance of the output (dotted: limit for $\beta\to\infty$)")
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    alt = (
        "Variance of the weight of v_a against the gain beta; largest value by heads and alpha: "
        + ", ".join(
            f"{_heads(heads)}, alpha {float(alpha):g}: {_column(p, 'variance').max():.2g}"
            for (heads, alpha), p in series.items()
        )
        + "."
    )
    return finished("variance", alt, drawing)


def miss(rows: Rows) -> Figure:
    """2d.2, columns alpha, n, beta, misses, trials, lower, upper, law, negative_score."""
    series = groups(rows, "n", "beta")
    with canvas(2.9) as drawing:
        axes = drawing.subplots()
        for i, ((n, beta), points) in enumerate(series.items()):
            alpha, rate = (
                _column(points, "alpha"),
                _column(points, "misses") / _column(points, "trials"),
            )
            below, above = rate - _column(points, "lower"), _column(points, "upper") - rate
            colour = COLOURS[i % len(COLOURS)]
            axes.errorbar(
                alpha, rate, [below.clip(0), above.clip(0)], fmt=MARKERS[i % len(MARKERS)],
                color=colour, capsize=2,
                label=rf"sample, $n$ = {n}, $\beta={_plain(beta)}$",
            )  # fmt: skip
            axes.plot(
                alpha, _column(points, "law"), LINES[0], color=colour, label=f"law, $n$ = {n}"
            )
        first = next(iter(series.values()))
        axes.plot(
            _column(first, "alpha"), _column(first, "negative_score"), LINES[1], color=GREY,
            label=r"$P(q_1^\top k_a<0)$",
        )  # fmt: skip
        if min(number(r, "alpha") for r in rows) > 0:
            axes.set_xscale("log")
        axes.set_ylim(bottom=0)
        axes.set_xlabel(r"noise $\alpha$")
        axes.set_ylabel("probability")
        axes.set_title("Head 1 misses $v_a$, and its score for $k_a$ is negative")
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return finished("miss", _miss_message(rows), drawing)


def _miss_message(rows: Rows) -> str:
    inside = sum(number(r, "lower") <= number(r, "law") <= number(r, "upper") for r in rows)
    return (
        "Probability that head 1 misses v_a against alpha, sampled and by the law; the law lies "
        f"inside {inside} of {len(rows)} intervals. The probability of a negative score is drawn "
        "dashed and is a different curve."
    )


DRAWINGS: dict[str, Callable[[Rows], Figure]] = {
    "leak": leak, "split": split, "outputs": outputs, "variance": variance, "miss": miss,
}  # fmt: skip
