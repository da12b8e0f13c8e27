"""Question 2c: the split between the two values."""

from __future__ import annotations

import numpy as np
from scipy import special

from simulate.experiments import single_head
from simulate.keys import SETTINGS
from simulate.statistics import Distribution
from simulate.tables.table import Run, Table
from simulate.tallies import Cumulative
from theory import law


def table(run: Run) -> Table:
    """Histogram of the share α_a/(α_a + α_b) on 50 bins, beside its law.

    setting: 'isotropic' (Σ_a = αI) or 'radial' (Σ_a = αI + ½μ_aμ_aᵀ); count: shares in the bin
    from left to right; n: all shares; law_probability: the law's probability of the bin
    """
    rows = []
    bins = np.linspace(0, 1, single_head.BINS + 1)
    for setting, radial in SETTINGS:
        for beta in single_head.GAINS:
            result = run.results[single_head.split_key(setting, beta)]
            tally, check = result.tally, result.experiment.check
            assert isinstance(tally, Cumulative)
            assert isinstance(check, Distribution)
            places = np.searchsorted(check.edges, special.logit(bins[1:-1]))
            counts = np.diff(tally.at_most[places], prepend=0, append=tally.trials)
            inner = law("single_head.split_cdf")(bins[1:-1], run.alpha, beta, radial)
            for left, right, count, probability in zip(
                bins, bins[1:], counts, np.diff(inner, prepend=0, append=1), strict=False
            ):
                rows.append(
                    (setting, run.alpha, beta, left, right, count, tally.trials, probability)
                )
    names = ("setting", "alpha", "beta", "left", "right", "count", "n", "law_probability")
    return names, rows
