"""Question 2b: the error of the average against the gain, beside the derived bound."""

from __future__ import annotations

from reports.figures import COLOURS, LINES, MARKERS, Figure, canvas, finished
from reports.theory_figures.rows import Rows, column, groups, number


def draw(rows: Rows) -> Figure:
    """2b, columns n, beta, measured_max, measured_mean, bound: error against the gain."""
    series = groups(rows, "n")
    with canvas(2.9) as drawing:
        axes = drawing.subplots()
        for i, ((n,), of_n) in enumerate(series.items()):
            colour, beta = COLOURS[i % len(COLOURS)], column(of_n, "beta")
            axes.plot(
                beta, column(of_n, "bound"), LINES[0], color=colour, label=f"bound, $n$ = {n}"
            )
            axes.plot(
                beta, column(of_n, "measured_max"), MARKERS[i % len(MARKERS)], color=colour,
                label=f"largest measured, $n$ = {n}",
            )  # fmt: skip
            axes.plot(beta, column(of_n, "measured_mean"), LINES[3], color=colour)
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
