"""Question 2d.2: what changes if the samples with q_1ᵀk_a < 0 are left out, as it allows."""

from __future__ import annotations

import numpy as np

from simulate.attention import largest
from simulate.experiments import multi_head
from simulate.keys import A
from simulate.setting import RADIAL, Setting
from simulate.streams import SIZE
from simulate.tables.table import Run, Table
from simulate.tallies import Moments

N = 16
TRIALS = 4 * SIZE


def table(run: Run) -> Table:
    """Two heads with and without the samples in which q_1ᵀk_a < 0, as β grows without end.

    condition: 'all' samples, or 'kept', those with q_1ᵀk_a ≥ 0; misses: samples among them in
    which head 1 misses v_a; variance: of the output's weight on v_a among them
    """
    rows = []
    for noise in multi_head.noises(run.alpha):
        (draw,) = run.draws(f"excluded.alpha{noise:g}", 1, TRIALS)
        scores = draw.scores(Setting(noise, 1.0, N, RADIAL).two_heads())
        hits = largest(scores, A)
        for condition, among in (("all", np.full(draw.trials, True)), ("kept", scores[0, A] >= 0)):
            misses = np.count_nonzero(~hits[0, among])
            output = Moments.of(hits[:, among].mean(axis=0))
            rows.append((noise, N, condition, output.trials, misses, output.variance()))
    return ("alpha", "n", "condition", "trials", "misses", "variance"), rows
