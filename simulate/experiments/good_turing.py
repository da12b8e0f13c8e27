"""Question 4c: the share of singletons as an estimate of the missing mass."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from simulate.ensembles.texts import Pack, Texts
from simulate.experiment import Experiment, at_most, exactly, number
from simulate.experiments.missing_mass import EQUAL, UNEQUAL, happens, probability
from simulate.samplers import Draw
from simulate.statistics import Distribution, Mean, Probability, Range
from theory.facts.occupancy import singletons_and_missing

if TYPE_CHECKING:
    from jaxtyping import Float

    from simulate.experiments.missing_mass import Event, Shares

    Difference = Callable[[Shares, Shares], Shares]

SHORT_EQUAL = Texts(Pack.even(4), 4)
SHORT_UNEQUAL = Texts(Pack((32, 64, 64, 96)), 4)
"""With few draws the bias is large."""

RISK = 0.95
"""A risk δ so large that the event can be counted: the bounds hold for any."""
EVEN_RISK = 0.5
"""A risk at which a bound with a wrong sign would be exceeded more often than that."""


def experiments(alpha: float) -> list[Experiment]:
    """Mean, distribution and tails of G - M; noise of variance `alpha` plays no part."""
    bias = "good_turing.bias"
    return [
        _bias("equal", SHORT_EQUAL, exactly(bias, SHORT_EQUAL.draws)),
        _bias("unequal", SHORT_UNEQUAL, at_most(bias, SHORT_UNEQUAL.draws)),
        _difference(),
        _equal("shortfall", lambda G, M: G - M),
        _equal("excess", lambda G, M: M - G),
        _unequal("shortfall", lambda G, M: G - M),
        _unequal("excess", lambda G, M: M - G),
    ]


def _bias(name: str, texts: Texts, bias: Callable[[], Range]) -> Experiment:
    """G - M lies between -1 and 1: with 1 added it is a value that the check of means takes."""

    def measure(draw: Draw) -> Float[np.ndarray, " trials"]:
        times = texts.times(draw.generator(), draw.trials)
        return 1 + texts.singletons(times) - texts.missing(times)

    def shifted() -> Range:
        low, high = bias()
        return 1 + low, 1 + high

    return Experiment(
        key=f"good_turing.bias.{name}",
        claim="good_turing.bias",
        question="4c",
        title=f"$1 + G - M$ on average, with {name} probabilities of the facts",
        law="good_turing.bias",
        parameters={"n": texts.draws, "facts": len(texts.facts.cards)},
        measure=measure,
        check=Mean(shifted, width=2),
    )


def _difference() -> Experiment:
    """With as many facts as draws, n(G - M) is a whole number: singletons less untold facts.

    A random part of one is added to it, so that its distribution has no jumps.
    """
    n = EQUAL.draws
    whole = np.arange(-n, n + 2)

    def measure(draw: Draw) -> Float[np.ndarray, " trials"]:
        rng = draw.generator()
        times = EQUAL.times(rng, draw.trials)
        difference = n * (EQUAL.singletons(times) - EQUAL.missing(times))
        return np.rint(difference) + rng.random(draw.trials)

    def cumulative(x: Float[np.ndarray, " x"]) -> Float[np.ndarray, " x"]:
        chance, G, M = singletons_and_missing(n, n)
        steps = np.rint(n * (G - M)).astype(int) + n
        below = np.cumsum(np.bincount(steps.ravel(), chance.ravel(), 2 * n + 1))
        return np.interp(x, whole, np.append(0.0, below))

    return Experiment(
        key="good_turing.difference",
        claim="good_turing.bias",
        question="4c",
        title="the distribution of $n(G - M)$, all facts being equally likely, plus a part of one",
        law="occupancy.singletons_and_missing",
        parameters={"n": n, "facts": n},
        measure=measure,
        check=Distribution(cumulative, whole.astype(float)),
    )


def _beyond(name: str, difference: Difference, texts: Texts, risk: float) -> Event:
    """Whether the difference exceeds the bound that holds but for a probability of `risk`."""
    return lambda G, M: difference(G, M) > number(f"good_turing.{name}", texts.draws, risk)


def _equal(name: str, difference: Difference) -> Experiment:
    event = _beyond(name, difference, EQUAL, RISK)
    return Experiment(
        key=f"good_turing.{name}.equal",
        claim=f"good_turing.{name}",
        question="4c",
        title=f"how often the {name} exceeds its bound, if all facts are equally likely",
        law="occupancy.singletons_and_missing",
        parameters={"n": EQUAL.draws, "facts": len(EQUAL.facts.cards), "delta": RISK},
        measure=happens(EQUAL, event),
        check=Probability(probability(EQUAL, event, at_most=RISK)),
    )


def _unequal(name: str, difference: Difference) -> Experiment:
    event = _beyond(name, difference, UNEQUAL, EVEN_RISK)
    return Experiment(
        key=f"good_turing.{name}.unequal",
        claim=f"good_turing.{name}",
        question="4c",
        title=rf"the {name} exceeds its bound with probability at most $\delta$",
        law=f"good_turing.{name}",
        parameters={"n": UNEQUAL.draws, "facts": len(UNEQUAL.facts.cards), "delta": EVEN_RISK},
        measure=happens(UNEQUAL, event),
        check=Probability(lambda: (0.0, EVEN_RISK)),
    )
