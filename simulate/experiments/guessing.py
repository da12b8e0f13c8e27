"""Question 4c: answers about people of whom nothing is told.

Names are of two kinds, each with its own shares of the birth places; the model knows the shares.
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulate.ensembles.texts import Pack
from simulate.experiment import Experiment, exactly, number
from simulate.experiments.missing_mass import EQUAL, happens, probability
from simulate.samplers import Draw
from simulate.statistics import Mean, Probability
from theory import law

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, UInt8

    from simulate.experiments.missing_mass import Shares

NAMES = Pack((96, 160))
PLACES = (Pack((128, 64, 32, 32)), Pack((32, 48, 144, 32)))
"""Shares of the two kinds of names, and of the places among the people of each kind."""

LARGEST = max(float(places.shares.max()) for places in PLACES)
"""No place has a larger share for any kind of name."""

OF_ANY_NAME = 0.25
"""Share of the commonest place where names tell nothing."""

SPOKEN = 0.5
"""How often a model that may keep silent answers."""

RISK = 0.95


def experiments(alpha: float) -> list[Experiment]:
    """Wrong answers against their least number; noise of variance `alpha` plays no part."""
    share = float(NAMES.shares @ [places.shares.max() for places in PLACES])
    right = SPOKEN * PLACES[1].shares.max()
    return [
        Experiment(
            key="guessing.error.commonest",
            claim="guessing.error",
            question="4c",
            title="how often the commonest place of a stranger's kind of name is wrong",
            law="guessing.error",
            parameters={"share": share},
            measure=_commonest_is_wrong,
            check=Probability(exactly("guessing.error", share)),
        ),
        Experiment(
            key="guessing.error.drawn",
            claim="guessing.error",
            question="4c",
            title="places drawn by their shares are wrong no less often",
            law="guessing.error",
            parameters={"share": share},
            measure=_drawn_is_wrong,
            check=Probability(lambda: (number("guessing.error", share), 1.0)),
        ),
        Experiment(
            key="guessing.asked",
            claim="guessing.asked",
            question="4c",
            title="how often fewer answers are wrong than the singletons of the text let expect",
            law="occupancy.singletons_and_missing",
            parameters={"n": EQUAL.draws, "share": OF_ANY_NAME, "delta": RISK},
            measure=happens(EQUAL, _better_than_its_text),
            check=Probability(probability(EQUAL, _better_than_its_text, at_most=RISK)),
        ),
        Experiment(
            key="guessing.price.commonest",
            claim="guessing.price",
            question="4c",
            title="how often a model that answers half of the time is wrong, with the best answer",
            law="guessing.price",
            parameters={"right": right, "share": LARGEST},
            measure=_spoken_and_wrong,
            check=Probability(exactly("guessing.price", right, LARGEST)),
        ),
        Experiment(
            key="guessing.price.drawn",
            claim="guessing.price",
            question="4c",
            title="wrong answers less the price of the right ones, here with that price added",
            law="guessing.price",
            parameters={"share": LARGEST},
            measure=_beyond_the_price,
            check=Mean(lambda: (price_of_one(), 1 + price_of_one()), width=1 + price_of_one()),
        ),
    ]


def price_of_one() -> float:
    """Wrong answers for one right answer, at the least."""
    return number("guessing.price", LARGEST, LARGEST) / LARGEST


def _commonest_is_wrong(draw: Draw) -> Float[np.ndarray, " trials"]:
    rng = draw.generator()
    kind, born = _strangers(rng, draw.trials)
    commonest = np.array([places.shares.argmax() for places in PLACES])
    return (commonest[kind] != born).astype(float)


def _drawn_is_wrong(draw: Draw) -> Float[np.ndarray, " trials"]:
    rng = draw.generator()
    kind, born = _strangers(rng, draw.trials)
    return (_place(rng, kind) != born).astype(float)


def _better_than_its_text(G: Shares, M: Shares) -> Bool[np.ndarray, "*batch"]:
    """Whether a model wrong about strangers alone, as seldom as can be, is below the bound."""
    wrong = number("guessing.error", OF_ANY_NAME) * M
    return wrong < law("guessing.asked")(OF_ANY_NAME, G, EQUAL.draws, RISK)


def _spoken_and_wrong(draw: Draw) -> Float[np.ndarray, " trials"]:
    """1 where a model that answers half of the time is wrong, about people of the second kind."""
    rng = draw.generator()
    places = PLACES[1]
    speaks = rng.uniform(size=draw.trials) < SPOKEN
    return (speaks & (places.draw(rng, draw.trials) != places.shares.argmax())).astype(float)


def _beyond_the_price(draw: Draw) -> Float[np.ndarray, " trials"]:
    """Wrong less the price of right, plus that price: from 0 (right) to 1 more than it (wrong).

    The model is silent about half of the people of the second kind, else draws a place.
    """
    rng = draw.generator()
    kind, born = _strangers(rng, draw.trials)
    right = _place(rng, kind) == born
    silent = (kind == 1) & (rng.uniform(size=draw.trials) < SPOKEN)
    price = price_of_one()
    return np.where(silent, price, np.where(right, 0.0, 1 + price))


def _strangers(
    rng: np.random.Generator, trials: int
) -> tuple[UInt8[np.ndarray, " trials"], UInt8[np.ndarray, " trials"]]:
    """Kinds of the names of random people, and where they were born."""
    kind = NAMES.draw(rng, trials)
    return kind, _place(rng, kind)


def _place(
    rng: np.random.Generator, kind: UInt8[np.ndarray, " trials"]
) -> UInt8[np.ndarray, " trials"]:
    """A place for each person, drawn by the shares of her kind of name."""
    return np.where(kind == 0, *(places.draw(rng, len(kind)) for places in PLACES))
