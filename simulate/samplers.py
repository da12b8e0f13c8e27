"""Drawing the scores of random keys: two samplers with one law.

`full` draws the keys, vectors of R^d, as the questions define them. The weights depend on key i
through its H scores alone, which are jointly Gaussian; `reduced` draws those, n·H numbers for n·d.
Trials lie along the last axis: whatever is then done key by key runs along contiguous memory,
twenty times as fast for sixteen keys as with the keys last.

Both spend nearly all of their time drawing normals: what is left to gain lies in the generator.
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulate.arrays import alike, namespace
from simulate.keys import Scores
from simulate.streams import Block

if TYPE_CHECKING:
    from jaxtyping import Float

Sampler = Callable[[Block, int, Scores], "Float[np.ndarray, 'heads n trials']"]
"""(block, number of trials, law) to scores q_gᵀk_i of that law."""

CACHED = 2**15
"""Numbers of the keys that `full` forms at a time: they fit a core's cache."""


@dataclass(frozen=True)
class Draw:
    """One block of trials, to be drawn from its stream by one of the samplers."""

    block: Block
    sampler: Sampler

    @property
    def trials(self) -> int:
        return self.block.size

    def generator(self) -> np.random.Generator:
        """A new generator at the start of the block's stretch of the stream."""
        return self.block.generator()

    def scores(self, law: Scores, trials: int | None = None) -> Float[np.ndarray, "heads n trials"]:
        """Scores of that law for the trials of the block, or for another number of them."""
        return self.sampler(self.block, self.trials if trials is None else trials, law)

    def twins(self) -> tuple[Draw, Draw]:
        """Two independent draws, distinct for distinct blocks."""
        one, other = self.block.twins()
        return Draw(one, self.sampler), Draw(other, self.sampler)


def reduced(block: Block, trials: int, law: Scores) -> Float[np.ndarray, "heads n trials"]:
    """Scores drawn from their own Gaussian law, without ever forming a key."""
    return shaped(block.generator().standard_normal((*law.shape, trials)), law)


def shaped(
    noise: Float[np.ndarray, "heads n trials"], law: Scores
) -> Float[np.ndarray, "heads n trials"]:
    """Independent standard normals made into scores of that law; the noise is overwritten."""
    if law.deviations is not None:
        noise *= alike(law.deviations, noise)[:, :, None]
    else:
        noise = namespace(noise).einsum("ngh,hnt->gnt", alike(law.roots, noise), noise)
    noise += alike(law.means, noise)[:, :, None]
    return noise


def full(block: Block, trials: int, law: Scores) -> Float[np.ndarray, "heads n trials"]:
    """Scores of keys drawn in R^d, a few trials at a time: k_i = μ_i + √a_i z + F_i w."""
    rng = block.generator()
    keys = law.keys
    n, d = keys.means.shape
    spread = np.sqrt([c.isotropic for c in keys.covariances])[:, None]
    scores = np.empty((*law.shape, trials))
    step = max(1, CACHED // (n * d))
    for start in range(0, trials, step):
        stop = min(start + step, trials)
        drawn = rng.standard_normal((stop - start, n, d))
        drawn *= spread
        drawn += keys.means
        for i, covariance in enumerate(keys.covariances):
            if (factor := covariance.factor) is not None:
                drawn[:, i] += rng.standard_normal((stop - start, factor.shape[1])) @ factor.T
        scores[:, :, start:stop] = np.moveaxis(drawn @ law.queries.T, 0, 2).swapaxes(0, 1)
    return scores


SAMPLERS: dict[str, Sampler] = {"reduced": reduced, "full": full}
