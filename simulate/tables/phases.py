"""Questions 2c and 2d: for which gain and noise the output is near the average."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from simulate.attention import weights
from simulate.experiment import number
from simulate.keys import A, B
from simulate.setting import RADIAL, Setting
from simulate.tables.table import Run, Table
from theory import law

if TYPE_CHECKING:
    from jaxtyping import Float, Int

N = 16
TOLERANCE = 0.2
GAINS = np.geomspace(1, 300, 25)
NOISES = np.geomspace(1e-6, 1, 25)
TRIALS = 4096


def table(run: Run) -> Table:
    """How often c is within ε·D of the average, D the distance of two of the orthonormal values.

    near: samples that are, of all trials; the same keys for all gains. leak: the error without
    noise, in units of D; law: the probability of being near but for the leak, exactly for one head
    and as the gain grows without end for two
    """
    rows = []
    for heads in (1, 2):
        errors = _errors(heads)
        for setting, radial in (("isotropic", 0.0), ("radial", RADIAL)):
            for number_of_noise, alpha in enumerate(NOISES):
                key = f"phases.heads{heads}.{setting}.{number_of_noise}"
                near = _near(run, key, heads, alpha, radial)
                laws = _law(heads, alpha, radial)
                for beta, count, error, value in zip(GAINS, near, errors, laws, strict=True):
                    rows.append(
                        (heads, setting, N, TOLERANCE, alpha, beta, count, TRIALS, error, value)
                    )
    names = ("heads", "setting", "n", "epsilon", "alpha", "beta", "near", "trials", "leak", "law")
    return names, rows


def _near(run: Run, key: str, heads: int, alpha: float, radial: float) -> Int[np.ndarray, " gains"]:
    """How many samples are near the average at each gain."""
    (draw,) = run.draws(key, 1, TRIALS)
    setting = Setting(alpha, 1.0, N, radial)
    drawn = draw.scores(setting.one_head() if heads == 1 else setting.two_heads())
    counts = []
    for beta in GAINS:
        output = weights(beta * drawn).mean(axis=0)
        output[[A, B]] -= 0.5
        squared = np.einsum("nt,nt->t", output, output)
        counts.append(np.count_nonzero(squared <= 2 * TOLERANCE**2))
    return np.array(counts)


def _errors(heads: int) -> Float[np.ndarray, " gains"]:
    """Without noise the output is off by the leak times the way to the mean of the others."""
    leak = law("averaging.leak" if heads == 1 else "multi_head.leak")(GAINS, N)
    return leak * math.sqrt((1 / (N - 2) + 1 / 2) / 2)


def _law(heads: int, alpha: float, radial: float) -> Float[np.ndarray, " gains"]:
    """One head: that the split is within ε of one half; two: that neither misses its value."""
    if heads == 1:
        return law("regimes.undecided")(0.5 - TOLERANCE, alpha, GAINS, radial)
    hits = [1 - number("missing.miss", alpha, N, r) for r in (radial, 0.0)]
    return np.full(len(GAINS), hits[0] * hits[1])
