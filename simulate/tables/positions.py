"""Questions 2c and 2d: where the output falls on the line through the two values."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulate import output_law
from simulate.attention import weights
from simulate.keys import A, B, Scores
from simulate.setting import RADIAL, Setting
from simulate.tables.table import Run, Table
from simulate.tallies import Histogram

GAINS = (3.0, 10.0, 30.0)
BLOCKS = 128
BINS = 41
"""An odd number: the average lies in the middle of a bin, as v_a and v_b lie in the outer two."""
EDGES = np.linspace(-1, 1, BINS + 1)


@dataclass(frozen=True)
class Panel:
    """One row of the figure: so many heads over n keys, the length of k_a with variance radial."""

    name: str
    heads: int
    n: int
    radial: float

    def at(self, alpha: float, beta: float) -> Setting:
        return Setting(alpha, beta, self.n, self.radial)

    def scores(self, alpha: float) -> Scores:
        """At gain 1; they are proportional to the gain."""
        setting = self.at(alpha, 1.0)
        return setting.one_head() if self.heads == 1 else setting.two_heads()


PANELS = (
    Panel("isotropic", 1, 2, 0.0),
    Panel("radial", 1, 2, RADIAL),
    Panel("radial", 2, 2, RADIAL),
    Panel("radial", 2, 16, RADIAL),
)


def table(run: Run) -> Table:
    """Histogram of x = W_a - W_b, with W the output's weights, at several gains on the same keys.

    For orthonormal values x is the coordinate of c along v_a - v_b: 1 at v_a, 0 at the average
    and -1 at v_b. count: samples in the bin from left to right; law: 'exact' for two keys, where
    the law of x is known at every gain, 'limit' for more, where it is known as the gain grows
    without end; law_probability: its probability of the bin
    """
    rows = []
    for panel in PANELS:
        for beta, histogram in zip(GAINS, _counted(run, panel), strict=True):
            exact, law = output_law.of_bins(panel.heads, panel.at(run.alpha, beta), EDGES)
            kind = "exact" if exact else "limit"
            first = (panel.name, panel.heads, panel.n, run.alpha, beta)
            for left, right, count, probability in zip(
                EDGES[:-1], EDGES[1:], histogram.counts, law, strict=True
            ):
                rows.append((*first, left, right, count, histogram.trials, kind, probability))
    names = ("setting", "heads", "n", "alpha", "beta", "left", "right", "count", "trials", "law",
             "law_probability")  # fmt: skip
    return names, rows


def _counted(run: Run, panel: Panel) -> list[Histogram]:
    """A million samples of x at each gain, block by block."""
    scores = panel.scores(run.alpha)
    key = f"positions.{panel.name}.heads{panel.heads}.n{panel.n}"
    found: list[Histogram] = []
    for draw in run.draws(key, BLOCKS):
        drawn = draw.scores(scores)
        outputs = (weights(beta * drawn).mean(axis=0) for beta in GAINS)
        block = [Histogram.of(output[A] - output[B], EDGES[1:-1]) for output in outputs]
        found = [one + other for one, other in zip(found, block, strict=True)] if found else block
    return found
