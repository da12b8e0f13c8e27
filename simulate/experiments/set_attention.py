"""Question 2e.2: attention to sets of sources with weights, with random values."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulate.attention import weights
from simulate.ensembles.frames import length
from simulate.experiment import Experiment
from simulate.experiments.convex_hull import mixtures
from simulate.samplers import Draw
from simulate.statistics import Bound
from theory import law

if TYPE_CHECKING:
    from jaxtyping import Float

N, SIZE_OF_SET, D = 7, 3, 4
LARGEST_MARGIN = 8.0


def experiments(alpha: float) -> list[Experiment]:
    """Errors and margins for random weights; noise of variance `alpha` plays no part."""
    size: dict[str, float] = {"n": N, "size": SIZE_OF_SET, "d": D}
    return [
        Experiment(
            key="set_attention.error",
            claim="set_attention.error",
            question="2e.2",
            title="the distance of the output from the one wanted stays below its bound",
            law="set_attention.error",
            parameters=size,
            measure=_error,
            check=Bound(reach=1 - 1e-9),
        ),
        Experiment(
            key="set_attention.margin",
            claim="set_attention.margin",
            question="2e.2",
            title="the margin that an error asks for keeps the output within it",
            law="set_attention.margin",
            parameters=size,
            measure=_tolerance,
            check=Bound(reach=1 - 1e-9),
        ),
    ]


def _error(draw: Draw) -> Float[np.ndarray, " trials"]:
    rng = draw.generator()
    wanted, off, diameter = _wanted(rng, draw.trials)
    margin = rng.uniform(0, LARGEST_MARGIN, draw.trials)
    missed = _missed(rng, wanted, off, margin)
    return missed / law("set_attention.error")(margin, N, SIZE_OF_SET, diameter)


def _tolerance(draw: Draw) -> Float[np.ndarray, " trials"]:
    rng = draw.generator()
    wanted, off, diameter = _wanted(rng, draw.trials)
    tolerance = diameter * rng.uniform(1e-3, 0.5, draw.trials)
    margin = law("set_attention.margin")(tolerance, N, SIZE_OF_SET, diameter)
    return _missed(rng, wanted, off, margin) / tolerance


def _wanted(
    rng: np.random.Generator, trials: int
) -> tuple[
    Float[np.ndarray, "size trials"], Float[np.ndarray, "n d trials"], Float[np.ndarray, " trials"]
]:
    """Weights wanted in the set; all values less the output wanted; how far the others are off.

    In every other trial the other values are all equal.
    """
    wanted = mixtures(rng, SIZE_OF_SET, trials)
    values = rng.standard_normal((N, D, trials))
    values[SIZE_OF_SET:, :, ::2] = values[-1, :, ::2]
    values -= np.einsum("it,idt->dt", wanted, values[:SIZE_OF_SET])
    return wanted, values, length(values[SIZE_OF_SET:]).max(axis=0)


def _missed(
    rng: np.random.Generator,
    wanted: Float[np.ndarray, "size trials"],
    off: Float[np.ndarray, "n d trials"],
    margin: Float[np.ndarray, " trials"],
) -> Float[np.ndarray, " trials"]:
    """Distance of the output from the one wanted; in every other trial no margin is larger."""
    lower = rng.standard_exponential((N - SIZE_OF_SET, len(margin)))
    lower[:, ::2] = 0
    attended = weights(np.concatenate([np.log(wanted), -margin - lower]))
    return length(np.einsum("it,idt->dt", attended, off))
