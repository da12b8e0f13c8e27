"""Question 2b: the error of the average against the gain."""

from __future__ import annotations

import numpy as np

from simulate.ensembles.frames import length
from simulate.experiment import number
from simulate.experiments import averaging
from simulate.keys import B
from simulate.tables.table import Run, Table

SIZES = (4, 16, 64)
ROTATIONS = 100


def table(run: Run) -> Table:
    """Errors for random orthonormal keys and random values.

    measured_max, measured_mean: largest and mean distance of c from (v_a + v_b)/2 over the trials,
    in units of the distance of the farthest other value from it; bound: the leak
    """
    rows = []
    for n in SIZES:
        for beta in np.linspace(0, 10, 11):
            rng = run.block(f"leak.n{n}.beta{beta:g}").generator()
            alphas = averaging.pair_weights(rng, np.full(ROTATIONS, beta), n, n)
            centred = averaging.about_average(rng.standard_normal((n, n, ROTATIONS)))
            error = length(np.einsum("nt,ndt->dt", alphas, centred))
            relative = error / length(centred[B + 1 :]).max(axis=0)
            bound = number("averaging.leak", beta, n)
            rows.append((n, beta, relative.max(), relative.mean(), bound))
    return ("n", "beta", "measured_max", "measured_mean", "bound"), rows
