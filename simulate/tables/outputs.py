"""Question 2d.2: sampled outputs of one head and of two on the same keys."""

from __future__ import annotations

import numpy as np

from simulate.attention import weights
from simulate.experiments import multi_head
from simulate.experiments.multi_head import RADIAL
from simulate.keys import A, B, Scores, one_head, two_heads
from simulate.tables.table import Run, Table

N = 16
SHOWN = 400


def table(run: Run) -> Table:
    """Weights of sampled outputs on v_a and v_b, of one head and of two on the same keys.

    Radial noise, n = 16, β = 30. heads: 1 or 2; trial: number of the sample
    """
    beta = multi_head.BETA
    (draw,) = run.draws("outputs", 1, SHOWN)
    single, *heads = weights(draw.scores(all_heads(run.alpha, beta)))
    rows = [
        (count, trial, alphas[A, trial], alphas[B, trial])
        for count, alphas in ((1, single), (2, np.mean(heads, axis=0)))
        for trial in range(SHOWN)
    ]
    return ("heads", "trial", "weight_a", "weight_b"), rows


def all_heads(alpha: float, beta: float) -> Scores:
    """The scores of one set of keys under the single query and under both of the two heads."""
    single, both = one_head(N, alpha, beta, RADIAL), two_heads(N, alpha, beta, RADIAL)
    return Scores(single.keys, np.concatenate([single.queries, both.queries]))
