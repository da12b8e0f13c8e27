"""BigBird's random keys drawn for many graphs at once; a graph is one 64-bit number for each token.

Bit j of row i says whether token i attends to token j. Which pairs are there for certain (window,
global tokens) is theory's to say; a token then draws r more among those it does not attend to yet,
every set of r being equally likely. Trials lie along the last axis.
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int, UInt64

BITS = np.uint64(1) << np.arange(64, dtype=np.uint64)


def with_random_keys(
    rng: np.random.Generator, certain: Bool[np.ndarray, "n n"], random_keys: int, trials: int
) -> UInt64[np.ndarray, "n trials"]:
    """The rows of graphs that hold the certain pairs and `random_keys` more for each token.

    A token that has fewer left to draw attends to all. Raises: ValueError for more than 64 tokens.
    """
    if len(certain) > len(BITS):
        raise ValueError(f"at most {len(BITS)} tokens fit a row, got {len(certain)}")
    rows = np.empty((len(certain), trials), dtype=np.uint64)
    for row, attended in zip(rows, certain, strict=True):
        row[:] = np.bitwise_or.reduce(BITS[np.flatnonzero(attended)])
        row |= subsets(rng, BITS[np.flatnonzero(~attended)], random_keys, trials)
    return rows


def subsets(
    rng: np.random.Generator, bits: UInt64[np.ndarray, " m"], size: int, trials: int
) -> UInt64[np.ndarray, " trials"]:
    """Random sets of `size` of the bits, all equally likely, or all bits if there are fewer.

    Floyd's algorithm (Bentley, Floyd, "A sample of brilliance", CACM 1987): the j-th step draws
    one of the first j bits, and takes the j-th itself where that one has been taken before.
    """
    found = np.zeros(trials, dtype=np.uint64)
    for last in range(max(0, len(bits) - size), len(bits)):
        bit = bits[rng.integers(0, last + 1, trials, dtype=np.uint8)]
        found |= np.where(found & bit, bits[last], bit)
    return found


def attends(
    rows: UInt64[np.ndarray, "*tokens trials"], key: int
) -> Bool[np.ndarray, "*tokens trials"]:
    """Whether the tokens of these rows attend to `key`."""
    return (rows & BITS[key]).astype(bool)


def one_layer_further(
    rows: UInt64[np.ndarray, "n trials"], reached: UInt64[np.ndarray, " trials"]
) -> UInt64[np.ndarray, " trials"]:
    """The tokens that those of a set attend to, and the set itself."""
    farther = reached.copy()
    for row, bit in zip(rows, BITS[: len(rows)], strict=True):
        farther |= np.where(reached & bit, row, np.uint64(0))
    return farther


def layers_to_all(rows: UInt64[np.ndarray, "n trials"], token: int) -> Float[np.ndarray, " trials"]:
    """Layers until the output at `token` can depend on all tokens; NaN if it never can."""
    n = len(rows)
    everything = np.bitwise_or.reduce(BITS[:n])
    reached = np.full(rows.shape[1], BITS[token])
    layers = np.zeros(rows.shape[1])
    for _ in range(n - 1):
        lacking = reached != everything
        if not lacking.any():
            break
        layers += lacking
        reached = one_layer_further(rows, reached)
    return np.where(reached == everything, layers, np.nan)


def pairs(rows: UInt64[np.ndarray, "n trials"]) -> Int[np.ndarray, " trials"]:
    """How many pairs of a query and a key there are."""
    return np.bitwise_count(rows).sum(axis=0, dtype=np.int64)
