"""Question 2c.1 and 2c.2: a share whose logit is normal, whatever made it so."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from scipy import integrate

from simulate.attention import share
from simulate.experiment import Experiment, at_most, number
from simulate.samplers import Draw
from simulate.statistics import Distribution, Mean, Probability, Range
from theory import law

if TYPE_CHECKING:
    from jaxtyping import Float

SPREAD = 1.0
LARGEST_VARIANCE = 0.25
"""(s - 1/2)^2 is never more."""

MEAN, WIDE_SPREAD = 0.5, 2.0
BETWEEN = (0.6, 0.9)
"""Where the share is counted, to the right of the middle."""


def experiments(alpha: float) -> list[Experiment]:
    """Variance and density of the share; noise of variance `alpha` plays no part."""
    wide: dict[str, float] = {"m": MEAN, "tau": WIDE_SPREAD}
    return [
        _variance("above", at_most("share_variance.variance_above", SPREAD)),
        _variance(
            "below", lambda: (number("share_variance.variance_below", SPREAD), LARGEST_VARIANCE)
        ),
        Experiment(
            key="logistic_normal.density",
            claim="logistic_normal.density",
            question="2c.2",
            title="how often the share lies in an interval: the integral of its density",
            law="logistic_normal.density",
            parameters={**wide, "from": BETWEEN[0], "to": BETWEEN[1]},
            measure=_is_between,
            check=Probability(_integral),
        ),
        Experiment(
            key="logistic_normal.distribution",
            claim="logistic_normal.density",
            question="2c.2",
            title="the distribution of the share",
            law="logistic_normal.distribution",
            parameters=wide,
            measure=lambda draw: _shares(draw, MEAN, WIDE_SPREAD),
            check=Distribution(
                lambda s: law("logistic_normal.distribution")(s, MEAN, WIDE_SPREAD),
                share(np.linspace(-12, 12, 4001)),
            ),
        ),
    ]


def _variance(side: str, bounds: Callable[[], Range]) -> Experiment:
    return Experiment(
        key=f"logistic_normal.variance_{side}",
        claim=f"logistic_normal.variance_{side}",
        question="2c.1",
        title=f"the variance of the share, bounded from {side}",
        law=f"share_variance.variance_{side}",
        parameters={"tau": SPREAD},
        measure=lambda draw: (_shares(draw, 0.0, SPREAD) - 0.5) ** 2,
        check=Mean(bounds, width=LARGEST_VARIANCE),
    )


def _is_between(draw: Draw) -> Float[np.ndarray, " trials"]:
    shares = _shares(draw, MEAN, WIDE_SPREAD)
    return ((shares > BETWEEN[0]) & (shares < BETWEEN[1])).astype(float)


def _integral() -> Range:
    density = law("logistic_normal.density")
    found, _ = integrate.quad(lambda s: density(s, MEAN, WIDE_SPREAD), *BETWEEN, epsabs=1e-12)
    return found, found


def _shares(draw: Draw, mean: float, spread: float) -> Float[np.ndarray, " trials"]:
    """1/(1 + e^(-x)) of normal logits x."""
    return share(mean + spread * draw.generator().standard_normal(draw.trials))
