"""Question 2b: random orthonormal keys and random values against the exact error."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulate.attention import weights
from simulate.ensembles.frames import length, orthonormal
from simulate.experiment import Experiment
from simulate.keys import A, B
from simulate.samplers import Draw
from simulate.statistics import Bound, Identity
from theory import law

if TYPE_CHECKING:
    from jaxtyping import Float

N, D, SUBSET = 5, 6, 3
LARGEST_GAIN = 8.0


@dataclass(frozen=True)
class Size:
    """n orthonormal keys in R^d under queries of gain beta; None for a gain drawn in each trial."""

    n: int
    d: int
    beta: float | None = None

    def gains(self, rng: np.random.Generator, trials: int) -> Float[np.ndarray, " trials"]:
        if self.beta is None:
            return rng.uniform(0, LARGEST_GAIN, trials)
        return np.full(trials, self.beta)

    @property
    def parameters(self) -> dict[str, float]:
        """As a record holds them."""
        found: dict[str, float] = {"n": self.n, "d": self.d}
        return found if self.beta is None else found | {"beta": self.beta}


def experiments(alpha: float) -> list[Experiment]:
    """Exact formulas for orthonormal keys; noise of variance `alpha` plays no part."""
    size = Size(N, D)
    return [leak(size), error(size), bound(size), gain(size), subset(size)]


def leak(size: Size) -> Experiment:
    """The weight off a and b."""

    def relative(draw: Draw) -> Float[np.ndarray, " trials"]:
        rng = draw.generator()
        beta = size.gains(rng, draw.trials)
        expected = law("averaging.leak")(beta, size.n)
        found = pair_weights(rng, beta, size.n, size.d)[B + 1 :].sum(axis=0)
        return np.abs(found / expected - 1)

    return Experiment(
        key="averaging.leak",
        claim="averaging.output",
        question="2b",
        title="the weight on neither $v_a$ nor $v_b$ is the leak exactly",
        law="averaging.leak",
        parameters=size.parameters,
        measure=relative,
        check=Identity(),
    )


def error(size: Size) -> Experiment:
    """The output against the average, for random values."""

    def relative(draw: Draw) -> Float[np.ndarray, " trials"]:
        rng = draw.generator()
        beta = size.gains(rng, draw.trials)
        alpha = pair_weights(rng, beta, size.n, size.d)
        centred = about_average(rng.standard_normal((size.n, size.d, draw.trials)))
        return difference(alpha, centred, B + 1, law("averaging.leak")(beta, size.n))

    return Experiment(
        key="averaging.error",
        claim="averaging.output",
        question="2b",
        title="the error is the leak times the distance of the other values' mean, exactly",
        law="averaging.leak",
        parameters=size.parameters,
        measure=relative,
        check=Identity(),
    )


def bound(size: Size) -> Experiment:
    """In every other trial the other values coincide: there the bound is attained."""

    def ratio(draw: Draw) -> Float[np.ndarray, " trials"]:
        rng = draw.generator()
        beta = size.gains(rng, draw.trials)
        alpha = pair_weights(rng, beta, size.n, size.d)
        values = rng.standard_normal((size.n, size.d, draw.trials))
        values[B + 2 :, :, ::2] = values[B + 1, :, ::2]
        centred = about_average(values)
        error = length(np.einsum("nt,ndt->dt", alpha, centred))
        farthest = length(centred[B + 1 :]).max(axis=0)
        return error / (law("averaging.leak")(beta, size.n) * farthest)

    return Experiment(
        key="averaging.bound",
        claim="averaging.output",
        question="2b",
        title="the error stays below the leak times the largest distance of another value",
        law="averaging.leak",
        parameters=size.parameters,
        measure=ratio,
        check=Bound(reach=1 - 1e-9),
    )


def gain(size: Size) -> Experiment:
    """The gain follows from a tolerance that is drawn in each trial, whatever size.beta is.

    No gain above 0 leaks more than a gain of 0.
    """

    def relative(draw: Draw) -> Float[np.ndarray, " trials"]:
        rng = draw.generator()
        largest = min(0.5, law("averaging.leak")(0.0, size.n))
        tolerance = rng.uniform(1e-3, largest, draw.trials)
        beta = law("averaging.gain")(tolerance, size.n)
        alpha = pair_weights(rng, beta, size.n, size.d)
        return np.abs(alpha[B + 1 :].sum(axis=0) / tolerance - 1)

    return Experiment(
        key="averaging.gain",
        claim="averaging.gain",
        question="2b",
        title="the gain that a tolerance asks for leaks exactly the tolerance",
        law="averaging.gain",
        parameters={"n": size.n, "d": size.d},
        measure=relative,
        check=Identity(),
    )


def subset(size: Size) -> Experiment:
    """q = Σ (β + log w_i) k_i over the first keys, with weights w uniform on the simplex."""

    def relative(draw: Draw) -> Float[np.ndarray, " trials"]:
        rng = draw.generator()
        beta = size.gains(rng, draw.trials)
        wanted = rng.dirichlet(np.ones(SUBSET), draw.trials).T
        keys = orthonormal(rng, draw.trials, size.n, size.d)
        query = np.einsum("mt,mdt->dt", beta + np.log(wanted), keys[:SUBSET])
        alpha = weights(np.einsum("ndt,dt->nt", keys, query))
        values = rng.standard_normal((size.n, size.d, draw.trials))
        centred = values - np.einsum("mt,mdt->dt", wanted, values[:SUBSET])
        expected = law("averaging.subset_leak")(beta, size.n, SUBSET)
        return difference(alpha, centred, SUBSET, expected)

    return Experiment(
        key="averaging.subset",
        claim="averaging.subset",
        question="2b",
        title="any positive weights on a subset: the error is exact",
        law="averaging.subset_leak",
        parameters=size.parameters | {"size": SUBSET},
        measure=relative,
        check=Identity(),
    )


def pair_weights(
    rng: np.random.Generator, beta: Float[np.ndarray, " trials"], n: int, d: int
) -> Float[np.ndarray, "n trials"]:
    """Weights under q = β(k_a + k_b) for random orthonormal keys."""
    keys = orthonormal(rng, len(beta), n, d)
    query = beta * (keys[A] + keys[B])
    return weights(np.einsum("ndt,dt->nt", keys, query))


def about_average(values: Float[np.ndarray, "n d trials"]) -> Float[np.ndarray, "n d trials"]:
    """Values relative to the average of v_a and v_b, so that small errors are not rounded away."""
    return values - values[[A, B]].mean(axis=0)


def difference(
    weights: Float[np.ndarray, "n trials"],
    centred: Float[np.ndarray, "n d trials"],
    wanted: int,
    leak: Float[np.ndarray, " trials"],
) -> Float[np.ndarray, " trials"]:
    """Between the error c - target and leak · (mean of the other values - target), relative.

    centred: values less the target; the first `wanted` of them are those that are averaged
    """
    error = np.einsum("nt,ndt->dt", weights, centred)
    expected = leak * centred[wanted:].mean(axis=0)
    return length(error - expected) / length(expected)
