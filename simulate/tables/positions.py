"""Questions 2c and 2d: where the output falls on the line through the two values."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from simulate.attention import weights
from simulate.experiment import number
from simulate.experiments.multi_head import RADIAL
from simulate.keys import A, B, Scores, one_head, two_heads
from simulate.tables.table import Run, Table
from simulate.tallies import Histogram
from theory import law

if TYPE_CHECKING:
    from jaxtyping import Float

GAINS = (3.0, 10.0, 30.0)
BLOCKS = 128
BINS = 41
"""An odd number: the average lies in the middle of a bin, as v_a and v_b lie in the outer two."""
EDGES = np.linspace(-1, 1, BINS + 1)


@dataclass(frozen=True)
class Setting:
    """One row of the figure: so many heads over n keys, the length of k_a with variance radial."""

    name: str
    heads: int
    n: int
    radial: float

    def scores(self, alpha: float) -> Scores:
        """At gain 1; they are proportional to the gain."""
        return (one_head if self.heads == 1 else two_heads)(self.n, alpha, 1.0, self.radial)


SETTINGS = (
    Setting("isotropic", 1, 2, 0.0),
    Setting("radial", 1, 2, RADIAL),
    Setting("radial", 2, 2, RADIAL),
    Setting("radial", 2, 16, RADIAL),
)


def table(run: Run) -> Table:
    """Histogram of x = W_a - W_b, with W the output's weights, at several gains on the same keys.

    For orthonormal values x is the coordinate of c along v_a - v_b: 1 at v_a, 0 at the average
    and -1 at v_b. count: samples in the bin from left to right; law: 'exact' for two keys, where
    the law of x is known at every gain, 'limit' for more, where it is known as the gain grows
    without end; law_probability: its probability of the bin
    """
    rows = []
    for setting in SETTINGS:
        for beta, histogram in zip(GAINS, _counted(run, setting), strict=True):
            if setting.n == 2:
                kind, probabilities = "exact", _exact(setting, run.alpha, beta)
            else:
                kind, probabilities = "limit", _limit(setting, run.alpha)
            first = (setting.name, setting.heads, setting.n, run.alpha, beta)
            for left, right, count, probability in zip(
                EDGES[:-1], EDGES[1:], histogram.counts, probabilities, strict=True
            ):
                rows.append((*first, left, right, count, histogram.trials, kind, probability))
    names = ("setting", "heads", "n", "alpha", "beta", "left", "right", "count", "trials", "law",
             "law_probability")  # fmt: skip
    return names, rows


def _counted(run: Run, setting: Setting) -> list[Histogram]:
    """A million samples of x at each gain, block by block."""
    scores = setting.scores(run.alpha)
    key = f"positions.{setting.name}.heads{setting.heads}.n{setting.n}"
    found: list[Histogram] = []
    for draw in run.draws(key, BLOCKS):
        drawn = draw.scores(scores)
        outputs = (weights(beta * drawn).mean(axis=0) for beta in GAINS)
        block = [Histogram.of(output[A] - output[B], EDGES[1:-1]) for output in outputs]
        found = [one + other for one, other in zip(found, block, strict=True)] if found else block
    return found


def _exact(setting: Setting, alpha: float, beta: float) -> Float[np.ndarray, " bins"]:
    """With two keys x = 2s - 1 for one head, and w_1 - w_2, independent, for two."""
    if setting.heads == 1:
        inner = law("single_head.split_cdf")((1 + EDGES[1:-1]) / 2, alpha, beta, setting.radial)
    else:
        inner = _difference(setting, alpha, beta)
    return np.diff(inner, prepend=0, append=1)


def _difference(setting: Setting, alpha: float, beta: float) -> Float[np.ndarray, " edges"]:
    """P(w_1 - w_2 ≤ x) at the inner edges: the mean of F_1(x + w_2) over the law of w_2.

    w_1 is head 1's weight on v_a and w_2 head 2's on v_b, which does not meet the radial noise.
    The law of w_2 is cut into steps at 2^12 points, F_1 taken as linear on each.
    """
    cdf = law("multi_head.head_cdf")
    points = special.expit(beta + beta * np.sinh(np.linspace(-4, 4, 2**12)))
    points = np.unique(np.clip(points, 1e-300, 1 - 2**-53))
    mass = np.diff(cdf(points, alpha, beta, 0.0), prepend=0, append=1)
    ends = np.concatenate([[0.0], points, [1.0]])
    shifted = EDGES[1:-1, None] + ends
    below = cdf(np.clip(shifted, 1e-300, 1 - 2**-53), alpha, beta, setting.radial)
    below = np.where(shifted <= 0, 0.0, np.where(shifted >= 1, 1.0, below))
    return (below[:, :-1] + below[:, 1:]) @ mass / 2


def _limit(setting: Setting, alpha: float) -> Float[np.ndarray, " bins"]:
    """As the gain grows each head copies one value; those that it should not, it copies alike."""
    others = setting.n - 1
    missed = number("missing.miss", alpha, setting.n, setting.radial)
    astray = number("missing.miss", alpha, setting.n, 0.0)
    first = {1: 1 - missed, -1: missed / others, 0: missed * (others - 1) / others}
    second = {1: astray / others, -1: 1 - astray, 0: astray * (others - 1) / others}
    outcomes = [((i + j) / 2, p * q) for i, p in first.items() for j, q in second.items()]
    places, probabilities = np.array(outcomes).T
    return np.histogram(places, EDGES, weights=probabilities)[0]
