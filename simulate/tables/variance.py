"""Question 2d.2: the variance of the output against the gain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulate.attention import weights
from simulate.experiment import number
from simulate.experiments.multi_head import RADIAL
from simulate.keys import A
from simulate.samplers import Draw
from simulate.tables.outputs import N, all_heads
from simulate.tables.table import Run, Table
from simulate.tallies import Moments

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

GAINS = (1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 50.0, 100.0)
BLOCKS = 4


def table(run: Run) -> Table:
    """Variance of the output's weight on v_a over samples of the keys, with radial noise.

    heads: 1 or 2; standard_error: of the variance; limit: as β grows without end, a
    fair coin's variance for one head (exact for vanishing α), the law's for two
    """
    alpha = run.alpha
    limits = {
        1: number("share_variance.variance_bound", alpha, 1e12, RADIAL),
        2: number("multi_head.limit_variance", alpha, N, RADIAL),
    }
    rows = []
    for beta in GAINS:
        measured = {1: Moments.none(), 2: Moments.none()}
        for draw in run.draws(f"variance.beta{beta:g}", BLOCKS):
            one, other = (_weights_on_a(twin, alpha, beta) for twin in draw.twins())
            for heads in measured:
                measured[heads] += Moments.of((one[heads] - other[heads]) ** 2 / 2)
        for heads, tally in measured.items():
            rows.append((beta, alpha, N, heads, tally.mean, tally.standard_error(), limits[heads]))
    return ("beta", "alpha", "n", "heads", "variance", "standard_error", "limit"), rows


def _weights_on_a(draw: Draw, alpha: float, beta: float) -> dict[int, Float[np.ndarray, " trials"]]:
    """The output's weight on v_a with one head, and with two, on the same keys."""
    single, first, second = weights(draw.scores(all_heads(alpha, beta)))[:, A]
    return {1: single, 2: (first + second) / 2}
