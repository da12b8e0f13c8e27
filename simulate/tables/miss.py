"""Question 2d.2: how often head 1 misses its value, taken from the experiments that counted it."""

from __future__ import annotations

from simulate.experiment import number
from simulate.experiments import multi_head
from simulate.setting import RADIAL
from simulate.tables.table import Run, Table
from simulate.tallies import Count


def table(run: Run) -> Table:
    """How often head 1 gives another value more weight than v_a, with radial noise.

    β does not matter for which weight is the largest; the column says at which it was sampled.
    lower, upper: Clopper-Pearson interval at the experiment's false-alarm probability;
    negative_score: the law of P(q_1ᵀk_a < 0)
    """
    rows = []
    for noise in multi_head.noises(run.alpha):
        for n in multi_head.SIZES:
            result = run.results[multi_head.miss_key(noise, n)]
            tally, interval = result.tally, result.judgement.interval
            assert isinstance(tally, Count)
            assert interval is not None
            expected = number("missing.miss", noise, n, RADIAL)
            negative = number("multi_head.negative_score", noise, RADIAL)
            rows.append(
                (noise, n, multi_head.BETA, tally.hits, tally.trials, *interval, expected, negative)
            )
    names = ("alpha", "n", "beta", "misses", "trials", "lower", "upper", "law", "negative_score")
    return names, rows
