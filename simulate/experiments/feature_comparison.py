"""Question 3h: which random features are better where.

Two kinds are drawn independently, and the difference of their squared errors, one of them times
the ratio that theory derives, must have mean 0.
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from simulate.ensembles.feature_moments import one_draw
from simulate.ensembles.features import HYPERBOLIC, POSITIVE, TRIGONOMETRIC, Case, D, Kind
from simulate.experiment import Experiment, number
from simulate.experiments.feature_variance import squared_errors
from simulate.experiments.random_features import TOTAL
from simulate.samplers import Draw
from simulate.statistics import UnboundedMean

if TYPE_CHECKING:
    from jaxtyping import Float

APART = 1.0
DRAWS = 2
NUMBERS = 2 * DRAWS
"""What sines and cosines, or pairs with both signs, make of so many draws."""


def experiments(alpha: float) -> list[Experiment]:
    """At the crossings and elsewhere; noise of variance `alpha` plays no part."""
    return [
        _compared(
            "crossing",
            (POSITIVE, DRAWS),
            (TRIGONOMETRIC, DRAWS),
            {"apart": APART},
            lambda: (_crossing("crossing"), 1.0),
            "mean squared error of positive features less that of as many draws of trigonometric "
            "ones, at the derived crossing",
        ),
        _compared(
            "crossing_of_numbers",
            (POSITIVE, NUMBERS),
            (TRIGONOMETRIC, DRAWS),
            {"apart": APART},
            lambda: (_crossing("crossing_of_numbers"), 1.0),
            "mean squared error of positive features less that of as many trigonometric ones, at "
            "the derived crossing",
        ),
        _compared(
            "paired_ratio",
            (HYPERBOLIC, DRAWS),
            (TRIGONOMETRIC, DRAWS),
            {"total": TOTAL, "apart": APART},
            lambda: (TOTAL, number("feature_comparison.paired_ratio", TOTAL, APART)),
            "mean squared error of hyperbolic features less the derived multiple of that of "
            "trigonometric ones",
        ),
        _compared(
            "pairing_gain",
            (HYPERBOLIC, DRAWS),
            (POSITIVE, NUMBERS),
            {"total": TOTAL, "apart": APART},
            lambda: (TOTAL, number("feature_comparison.pairing_gain", TOTAL)),
            "mean squared error of hyperbolic features less the derived multiple of that of as "
            "many positive ones",
        ),
    ]


def _compared(
    name: str,
    first: tuple[Kind, int],
    second: tuple[Kind, int],
    lengths: dict[str, float],
    derived: Callable[[], tuple[float, float]],
    title: str,
) -> Experiment:
    """first, second: kind and number of draws; derived: ‖x + y‖, and the ratio of the errors."""

    def measure(draw: Draw) -> Float[np.ndarray, " trials"]:
        rng, (total, ratio) = draw.generator(), derived()
        one, other = (
            squared_errors(kind, rng, draw.trials, Case(total, APART, draws))
            for kind, draws in (first, second)
        )
        return one - ratio * other

    def variance() -> float:
        total, ratio = derived()
        one, other = (
            one_draw(kind, total, APART).mean_of(draws).of_square for kind, draws in (first, second)
        )
        return one + ratio**2 * other

    return Experiment(
        key=f"performer.{name}",
        claim=f"performer.{name}",
        question="3h.3",
        title=title,
        law=f"feature_comparison.{name}",
        parameters={**lengths, "draws": DRAWS, "dimension": D},
        measure=measure,
        check=UnboundedMean(lambda: (0.0, 0.0), variance),
    )


def _crossing(name: str) -> float:
    """‖x + y‖ where two errors are derived to be the same."""
    return number(f"feature_comparison.{name}", APART) ** 0.5
