"""Question 3g.2: how often BigBird's random keys draw a token, or join two within two layers."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from simulate.ensembles.attention_graphs import attends, one_layer_further, with_random_keys
from simulate.experiment import Experiment, exactly
from simulate.samplers import Draw
from simulate.statistics import Probability
from theory.graphs.regular_graphs import ring

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, UInt64

    Event = Callable[[UInt64[np.ndarray, "n trials"], int], Bool[np.ndarray, " trials"]]


def experiments(alpha: float) -> list[Experiment]:
    """Short sequences and longer ones; noise of variance `alpha` plays no part."""
    return [
        _experiment("undrawn", "how often no token draws a given one", _undrawn, 16, 1, 2),
        *(
            _experiment(
                "two_layers",
                "how often random keys and the window join two tokens within two layers",
                _joined,
                *size,
            )
            for size in ((12, 1, 1), (32, 2, 3))
        ),
    ]


def _experiment(
    name: str, title: str, event: Event, n: int, window: int, random_keys: int
) -> Experiment:
    """An event in graphs on a ring, where every window is whole, all of whose keys are drawn."""

    def measure(draw: Draw) -> Float[np.ndarray, " trials"]:
        certain = ring(n, window).astype(bool)
        rows = with_random_keys(draw.generator(), certain, random_keys, draw.trials)
        return event(rows, window).astype(float)

    return Experiment(
        key=f"random_attention.{name}.n{n}",
        claim=f"random_attention.{name}",
        question="3g.2",
        title=title,
        law=f"random_attention.{name}",
        parameters={"n": n, "window": window, "random_keys": random_keys},
        measure=measure,
        check=Probability(exactly(f"random_attention.{name}", n, window, random_keys)),
    )


def _undrawn(rows: UInt64[np.ndarray, "n trials"], window: int) -> Bool[np.ndarray, " trials"]:
    """Nobody but the tokens in its window attends to token 0."""
    outside = rows[window + 1 : len(rows) - window]
    return np.logical_not(attends(outside, 0).any(axis=0))


def _joined(rows: UInt64[np.ndarray, "n trials"], window: int) -> Bool[np.ndarray, " trials"]:
    """Two layers lead from token 0 to the one opposite."""
    return attends(one_layer_further(rows, rows[0]), len(rows) // 2)
