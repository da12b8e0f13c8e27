"""Questions 2c and 2d: how the numbers that matter change with β, α, n, d and the heads' share.

Every number is a probability or a mean of bounded values, and stands beside its law with an
interval that misses it with probability RISK at most (Clopper-Pearson, Hoeffding).
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simulate.attention import largest, weights
from simulate.experiment import exactly, number
from simulate.keys import A, B, Scores
from simulate.samplers import SAMPLERS, Draw
from simulate.setting import RADIAL, Setting
from simulate.statistics import Check, Judgement, Mean, Probability
from simulate.streams import SIZE
from simulate.tables.table import Run, Table
from simulate.tallies import Tally, indicator

if TYPE_CHECKING:
    from jaxtyping import Float

RISK = 1e-6
BLOCKS = 16
BETA = 10.0
HEADS = 8
LARGEST_DEVIATION = 100
"""Of the logit of a share, for its variance to be known."""
WIDTH = 0.5
"""The largest value of half a squared difference of weights."""

Series = dict[str, "Float[np.ndarray, ' trials']"]
"""Values of a block of trials, by the name of the curve."""


@dataclass(frozen=True)
class Point:
    """One place on the horizontal axis of a panel, with what is measured there and its laws.

    beta: the gain; inf where each head copies the value of its largest score
    """

    x: float
    alpha: float
    beta: float
    n: int
    measure: Callable[[Draw], Series]
    checks: Mapping[str, Mean | Probability]
    blocks: int = BLOCKS


def table(run: Run) -> Table:
    """One row for each number. panel: what x is; series: which curve; beta: 'inf' in the limit.

    measured: frequency or mean over the trials; lower, upper: its interval; law: its value; law_is:
    'exact' or 'bound', a value that it cannot exceed
    """
    rows = []
    for panel, points in PANELS.items():
        # The reduced sampler draws no coordinates, so that it could not show what d does.
        sampled = replace(run, sampler=SAMPLERS["full"]) if panel == "d" else run
        for point in points(run.alpha):
            trials = point.blocks * SIZE
            place = (point.alpha, point.beta if math.isfinite(point.beta) else "inf", point.n)
            for series, found in _judged(sampled, panel, point).items():
                assert found.interval is not None
                low, high = point.checks[series].law()
                kind = "exact" if low == high else "bound"
                rows.append(
                    (panel, series, point.x, *place, found.observed,
                     *found.interval, RISK, trials, kind, high)
                )  # fmt: skip
    names = ("panel", "series", "x", "alpha", "beta", "n", "measured", "lower", "upper",
             "risk", "trials", "law_is", "law")  # fmt: skip
    return names, rows


def _judged(run: Run, panel: str, point: Point) -> dict[str, Judgement]:
    """The judgement of every curve at one point."""
    checks: Mapping[str, Check[Any]] = point.checks
    tallies: dict[str, Tally] = {}
    for draw in run.draws(f"sweeps.{panel}.{point.x:g}", point.blocks):
        for series, values in point.measure(draw).items():
            tally = checks[series].tally(values)
            tallies[series] = tallies[series] + tally if series in tallies else tally
    trials = point.blocks * SIZE
    return {series: checks[series].judge(tally, trials, RISK) for series, tally in tallies.items()}


def _over_gains(alpha: float) -> Iterator[Point]:
    """Variance of the weight of v_a, with a key of uncertain length."""
    for beta in (1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 50.0, 100.0):
        # Beyond, the variance is that of a coin, and its integral has no proved error.
        if number("single_head.split_variance", alpha, beta, RADIAL) < LARGEST_DEVIATION**2:
            yield _variances(beta, alpha, beta, RADIAL)


def _over_noises(alpha: float) -> Iterator[Point]:
    """Variance of the weight of v_a, with round noise: whatever the noise of the run is."""
    for noise in np.geomspace(1e-5, 1, 11):
        yield _variances(float(noise), float(noise), BETA, 0.0)


def _over_dimensions(alpha: float) -> Iterator[Point]:
    """Variance of the weight of v_a, with a key of uncertain length, from whole keys in R^d."""
    for d in (2, 8, 32, 128, 512):
        yield replace(_variances(d, alpha, BETA, RADIAL, d), blocks=2)


def _variances(x: float, alpha: float, beta: float, radial: float, d: int = 2) -> Point:
    """With two keys, on the same keys for one head and for two."""
    n = 2
    setting = Setting(alpha, beta, n, radial, d)
    single, both = setting.one_head(), setting.two_heads()
    scores = Scores(single.keys, np.concatenate([single.queries, both.queries]))

    def outputs(draw: Draw) -> Series:
        one, first, second = weights(draw.scores(scores))[:, A]
        return {"one": one, "two": (first + second) / 2}

    def half_squared_differences(draw: Draw) -> Series:
        found, other = (outputs(twin) for twin in draw.twins())
        return {series: (found[series] - other[series]) ** 2 / 2 for series in found}

    spread = number("single_head.split_variance", alpha, beta, radial) ** 0.5
    one = exactly("logistic_normal.variance", spread)
    two = exactly("heads.finite_variance", alpha, beta, radial, 0.5)
    checks = {"one": Mean(one, width=WIDTH), "two": Mean(two, width=WIDTH)}
    return Point(x, alpha, beta, n, half_squared_differences, checks)


def _over_keys(alpha: float) -> Iterator[Point]:
    """How often head 1 misses v_a, with much noise, and with a key of uncertain length besides."""
    for n in (2, 4, 8, 16, 32, 64, 128, 256):
        yield _misses(n, 100 * alpha)


def _misses(n: int, alpha: float) -> Point:
    """Both settings, on independent keys."""
    isotropic, radial = (Setting(alpha, 1.0, n, r).first_head() for r in (0.0, RADIAL))

    def missed(draw: Draw, law: Scores) -> Float[np.ndarray, " trials"]:
        scores = draw.scores(law)[0]
        return indicator(~largest(scores, A), scores.sum(axis=0))

    def measure(draw: Draw) -> Series:
        one, other = draw.twins()
        return {"isotropic": missed(one, isotropic), "radial": missed(other, radial)}

    checks = {
        "isotropic": Probability(exactly("missing.miss", alpha, n, 0.0)),
        "radial": Probability(exactly("missing.miss", alpha, n, RADIAL)),
    }
    return Point(n, alpha, math.inf, n, measure, checks, blocks=4)


def _over_others(alpha: float) -> Iterator[Point]:
    """The mean weight of one head on all values but v_a and v_b, with round noise."""
    for n in (4, 8, 16, 32, 64, 128, 256):
        yield _strayed(n, alpha)


def _strayed(n: int, alpha: float) -> Point:
    beta = BETA / 2
    scores = Setting(alpha, beta, n).one_head()

    def measure(draw: Draw) -> Series:
        found = weights(draw.scores(scores)[0])
        return {"one": found[B + 1 :].sum(axis=0)}

    bound = number("background.mean_bound", alpha, beta, n)
    checks = {"one": Mean(lambda: (0.0, bound), width=1.0)}
    return Point(n, alpha, beta, n, measure, checks, blocks=8)


def _over_shares(alpha: float) -> Iterator[Point]:
    """Of eight heads, x·8 ask for v_a and the others for v_b; a key of uncertain length."""
    for asking in range(HEADS + 1):
        yield _mixture(asking / HEADS, 10 * alpha)


def _mixture(share: float, alpha: float) -> Point:
    """Variance of the weight of v_a, and its mean squared distance from one half."""
    n = 16
    scores = Setting(alpha, 1.0, n, RADIAL).two_heads()

    def weight(draw: Draw) -> Float[np.ndarray, " trials"]:
        drawn = draw.scores(scores)
        first, second = indicator(largest(drawn, A), drawn.sum(axis=1))
        return share * first + (1 - share) * second

    def measure(draw: Draw) -> Series:
        one, other = (weight(twin) for twin in draw.twins())
        return {"variance": (one - other) ** 2 / 2, "distance": (one - 0.5) ** 2}

    variance = number("heads.share_variance", alpha, n, RADIAL, share)
    hit = 1 - number("missing.miss", alpha, n, RADIAL)
    strayed = number("missing.miss", alpha, n, 0.0) / (n - 1)
    distance = variance + (share * hit + (1 - share) * strayed - 0.5) ** 2
    checks = {
        "variance": Mean(lambda: (variance, variance), width=WIDTH),
        "distance": Mean(lambda: (distance, distance), width=WIDTH / 2),
    }
    return Point(share, alpha, math.inf, n, measure, checks, blocks=8)


PANELS: dict[str, Callable[[float], Iterator[Point]]] = {
    "beta": _over_gains,
    "alpha": _over_noises,
    "d": _over_dimensions,
    "n": _over_keys,
    "others": _over_others,
    "h": _over_shares,
}
