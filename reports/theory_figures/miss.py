"""Question 2d.2: how often head 1 misses its value, and sees a negative score."""

from __future__ import annotations

from reports.figures import COLOURS, GREY, LINES, MARKERS, Figure, canvas, finished
from reports.theory_figures.rows import Rows, column, groups, number, plain


def draw(rows: Rows) -> Figure:
    """2d.2, columns alpha, n, beta, misses, trials, lower, upper, law, negative_score."""
    series = groups(rows, "n", "beta")
    with canvas(2.9) as drawing:
        axes = drawing.subplots()
        for i, ((n, beta), points) in enumerate(series.items()):
            alpha, rate = (
                column(points, "alpha"),
                column(points, "misses") / column(points, "trials"),
            )
            below, above = rate - column(points, "lower"), column(points, "upper") - rate
            colour = COLOURS[i % len(COLOURS)]
            axes.errorbar(
                alpha, rate, [below.clip(0), above.clip(0)], fmt=MARKERS[i % len(MARKERS)],
                color=colour, capsize=2,
                label=rf"sample, $n$ = {n}, $\beta={plain(beta)}$",
            )  # fmt: skip
            axes.plot(alpha, column(points, "law"), LINES[0], color=colour, label=f"law, $n$ = {n}")
        first = next(iter(series.values()))
        axes.plot(
            column(first, "alpha"), column(first, "negative_score"), LINES[1], color=GREY,
            label=r"$P(q_1^\top k_a<0)$",
        )  # fmt: skip
        if min(number(r, "alpha") for r in rows) > 0:
            axes.set_xscale("log")
        axes.set_ylim(bottom=0)
        axes.set_xlabel(r"noise $\alpha$")
        axes.set_ylabel("probability")
        axes.set_title("Misses of $v_a$ by head 1, and negative scores for $k_a$")
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return finished("miss", _message(rows), drawing)


def _message(rows: Rows) -> str:
    inside = sum(number(r, "lower") <= number(r, "law") <= number(r, "upper") for r in rows)
    return (
        "Probability that head 1 misses v_a against alpha, sampled and by the law; the law lies "
        f"inside {inside} of {len(rows)} intervals. The probability of a negative score is drawn "
        "dashed and is a different curve."
    )
