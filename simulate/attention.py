"""Attention as question 2a defines it, for many trials at once: no 1/√d in the scores."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulate.arrays import namespace

if TYPE_CHECKING:
    from jaxtyping import Bool, Float


def log_weights(
    scores: Float[np.ndarray, "*heads n trials"],
) -> Float[np.ndarray, "*heads n trials"]:
    """Logarithms of the softmax over the keys; finite however far apart the scores are."""
    xp = namespace(scores)
    shifted = scores - xp.amax(scores, axis=-2, keepdims=True)
    shifted -= xp.log(xp.exp(shifted).sum(axis=-2, keepdims=True))
    return shifted


def weights(
    scores: Float[np.ndarray, "*heads n trials"],
) -> Float[np.ndarray, "*heads n trials"]:
    """Softmax over the keys."""
    xp = namespace(scores)
    found = scores - xp.amax(scores, axis=-2, keepdims=True)
    xp.exp(found, out=found)
    found /= found.sum(axis=-2, keepdims=True)
    return found


def logit(
    scores: Float[np.ndarray, "*heads n trials"], a: int, b: int
) -> Float[np.ndarray, "*heads trials"]:
    """log(α_a/α_b), the logit of the share of key a against key b; never rounded to 0 or 1."""
    logarithms = log_weights(scores)
    return logarithms[..., a, :] - logarithms[..., b, :]


def share(logits: Float[np.ndarray, "*batch"]) -> Float[np.ndarray, "*batch"]:
    """α_a/(α_a + α_b) of its logit, without overflow."""
    xp = namespace(logits)
    return (1 + xp.tanh(logits / 2)) / 2


def largest(
    scores: Float[np.ndarray, "*heads n trials"], key: int
) -> Bool[np.ndarray, "*heads trials"]:
    """Whether no key has a larger score than this one; false where a score is NaN."""
    return scores[..., key, :] >= namespace(scores).amax(scores, axis=-2)
