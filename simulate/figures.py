"""Tables of numbers that the report draws its figures from, one CSV file each.

What an experiment has already tallied is taken from its result; the rest is a small sample of its
own, from its own random stream.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from reports import record
from simulate.attention import largest, weights
from simulate.experiment import Result, number
from simulate.experiments import averaging, multi_head, single_head
from simulate.keys import SETTINGS, A, B, Scores, one_head, two_heads
from simulate.samplers import Draw, Sampler
from simulate.statistics import Distribution
from simulate.streams import SIZE, Block
from simulate.tallies import Count, Cumulative, Moments
from theory import law

if TYPE_CHECKING:
    from jaxtyping import Float

Table = tuple[Sequence[str], Iterable[Sequence[Any]]]
"""Names of the columns, and the rows."""

N = 16
RADIAL = 0.5
SHOWN = 400
GAINS = (1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 50.0, 100.0)
BLOCKS = 4
ROTATIONS = 100


def write(
    results: Mapping[str, Result], alpha: float, seed: int, sampler: Sampler, path: Path
) -> tuple[record.Figure, ...]:
    """Write every table beside the record at `path`; results are by key of the experiment.

    Raises: InputError if the folder cannot be written.
    """
    tables: dict[str, Callable[[], Table]] = {
        "split": lambda: split(results, alpha),
        "outputs": lambda: outputs(alpha, seed, sampler),
        "miss": lambda: miss(results, alpha),
        "variance": lambda: variance(alpha, seed, sampler),
        "excluded": lambda: excluded(alpha, seed, sampler),
        "leak": lambda: leak(seed),
    }
    return tuple(_write(key, table(), path) for key, table in tables.items())


def split(results: Mapping[str, Result], alpha: float) -> Table:
    """Histogram of the share α_a/(α_a + α_b) on 50 bins, beside its law.

    setting: 'isotropic' (Σ_a = αI) or 'radial' (Σ_a = αI + ½μ_aμ_aᵀ); count: shares in the bin
    from left to right; n: all shares; law_probability: the law's probability of the bin
    """
    rows = []
    bins = np.linspace(0, 1, single_head.BINS + 1)
    for setting, radial in SETTINGS:
        for beta in single_head.GAINS:
            result = results[single_head.split_key(setting, beta)]
            tally, check = result.tally, result.experiment.check
            assert isinstance(tally, Cumulative)
            assert isinstance(check, Distribution)
            places = np.searchsorted(check.edges, special.logit(bins[1:-1]))
            counts = np.diff(tally.at_most[places], prepend=0, append=tally.trials)
            inner = law("single_head.split_cdf")(bins[1:-1], alpha, beta, radial)
            for left, right, count, probability in zip(
                bins, bins[1:], counts, np.diff(inner, prepend=0, append=1), strict=False
            ):
                rows.append((setting, alpha, beta, left, right, count, tally.trials, probability))
    names = ("setting", "alpha", "beta", "left", "right", "count", "n", "law_probability")
    return names, rows


def outputs(alpha: float, seed: int, sampler: Sampler) -> Table:
    """Weights of sampled outputs on v_a and v_b, of one head and of two on the same keys.

    Radial noise, n = 16, β = 30. heads: 1 or 2; trial: number of the sample
    """
    beta = multi_head.BETA
    draw = Draw(Block(seed, "figure.outputs", 0, SHOWN), sampler)
    single, *heads = weights(draw.scores(_all_heads(alpha, beta)))
    rows = [
        (count, trial, alphas[A, trial], alphas[B, trial])
        for count, alphas in ((1, single), (2, np.mean(heads, axis=0)))
        for trial in range(SHOWN)
    ]
    return ("heads", "trial", "weight_a", "weight_b"), rows


def miss(results: Mapping[str, Result], alpha: float) -> Table:
    """How often head 1 gives another value more weight than v_a, with radial noise.

    β does not matter for which weight is the largest; the column says at which it was sampled.
    lower, upper: Clopper-Pearson interval at the experiment's false-alarm probability;
    negative_score: the law of P(q_1ᵀk_a < 0)
    """
    rows = []
    for noise in multi_head.noises(alpha):
        for n in multi_head.SIZES:
            result = results[multi_head.miss_key(noise, n)]
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


def variance(alpha: float, seed: int, sampler: Sampler) -> Table:
    """Variance of the output's weight on v_a over samples of the keys, with radial noise.

    heads: 1 or 2; standard_error: of the variance; limit: as β grows without end, a
    fair coin's variance for one head (exact for vanishing α), the law's for two
    """
    limits = {
        1: number("share_variance.variance_bound", alpha, 1e12, RADIAL),
        2: number("multi_head.limit_variance", alpha, N, RADIAL),
    }
    rows = []
    for beta in GAINS:
        measured = {1: Moments.none(), 2: Moments.none()}
        for number_of_block in range(BLOCKS):
            draw = Draw(Block(seed, f"figure.variance.beta{beta:g}", number_of_block), sampler)
            one, other = (_weights_on_a(twin, alpha, beta) for twin in draw.twins())
            for heads in measured:
                measured[heads] += Moments.of((one[heads] - other[heads]) ** 2 / 2)
        for heads, tally in measured.items():
            rows.append((beta, alpha, N, heads, tally.mean, tally.standard_error(), limits[heads]))
    return ("beta", "alpha", "n", "heads", "variance", "standard_error", "limit"), rows


def excluded(alpha: float, seed: int, sampler: Sampler) -> Table:
    """Two heads with and without the samples in which q_1ᵀk_a < 0, as β grows without end.

    condition: 'all' samples, or 'kept', those with q_1ᵀk_a ≥ 0; misses: samples among them in
    which head 1 misses v_a; variance: of the output's weight on v_a among them
    """
    rows = []
    for noise in multi_head.noises(alpha):
        draw = Draw(Block(seed, f"figure.excluded.alpha{noise:g}", 0, BLOCKS * SIZE), sampler)
        scores = draw.scores(two_heads(N, noise, 1.0, RADIAL))
        hits = largest(scores, A)
        for condition, among in (("all", np.full(draw.trials, True)), ("kept", scores[0, A] >= 0)):
            misses = np.count_nonzero(~hits[0, among])
            output = hits[:, among].mean(axis=0)
            rows.append((noise, N, condition, len(output), misses, output.var(ddof=1)))
    return ("alpha", "n", "condition", "trials", "misses", "variance"), rows


def leak(seed: int) -> Table:
    """Error of the average against the gain, for random orthonormal keys and random values.

    measured_max, measured_mean: largest and mean distance of c from (v_a + v_b)/2 over the trials,
    in units of the distance of the farthest other value from it; bound: the leak
    """
    rows = []
    for n in (4, N, 64):
        for beta in np.linspace(0, 10, 11):
            rng = Block(seed, f"figure.leak.n{n}.beta{beta:g}", 0).generator()
            alphas = averaging.pair_weights(rng, np.full(ROTATIONS, beta), n, n)
            centred = averaging.about_average(rng.standard_normal((ROTATIONS, n, n)))
            error = np.linalg.norm(np.einsum("tn,tnd->td", alphas, centred), axis=1)
            relative = error / np.linalg.norm(centred[:, B + 1 :], axis=2).max(axis=1)
            bound = number("averaging.leak", beta, n)
            rows.append((n, beta, relative.max(), relative.mean(), bound))
    return ("n", "beta", "measured_max", "measured_mean", "bound"), rows


def _weights_on_a(draw: Draw, alpha: float, beta: float) -> dict[int, Float[np.ndarray, " trials"]]:
    """The output's weight on v_a with one head, and with two, on the same keys."""
    single, first, second = weights(draw.scores(_all_heads(alpha, beta)))[:, A]
    return {1: single, 2: (first + second) / 2}


def _all_heads(alpha: float, beta: float) -> Scores:
    """The scores of one set of keys under the single query and under both of the two heads."""
    single, both = one_head(N, alpha, beta, RADIAL), two_heads(N, alpha, beta, RADIAL)
    return Scores(single.keys, np.concatenate([single.queries, both.queries]))


def _write(key: str, table: Table, path: Path) -> record.Figure:
    """One CSV file; numbers are written so that they read back exactly."""
    names, rows = table
    lines = [",".join(names), *(",".join(_cell(value) for value in row) for row in rows)]
    file = path.with_name(f"{path.stem}.{key}.csv")
    record.write_text(file, "\n".join(lines) + "\n")
    return record.Figure(key=key, file=file.name, sha256=record.sha256(file))


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | np.integer):
        return str(value)
    return repr(float(value)) if math.isfinite(value) else ""
