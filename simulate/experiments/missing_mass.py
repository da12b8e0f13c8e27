"""Question 4c: how far the missing mass and the share of singletons stray from their means.

With equally likely facts the probabilities are known exactly; with others only the bounds are.
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulate.ensembles.texts import Pack, Texts
from simulate.experiment import Experiment, at_most
from simulate.samplers import Draw
from simulate.statistics import Probability, Range
from theory.facts.occupancy import singletons_and_missing

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

    Shares = Float[np.ndarray, "*batch"]
    Event = Callable[[Shares, Shares], Bool[np.ndarray, "*batch"]]

EQUAL = Texts(Pack.even(32), 32)
UNEQUAL = Texts(Pack((64, 48, 32, 24, 20, 16, 12, 10, 8, 6, 5, 4, 3, 2, 1, 1)), 16)
SHORT = Texts(Pack((127, 129)), 2)
"""Two draws from two facts: nowhere else do the bounds come so near to the probabilities."""

DEVIATION = 0.1


@dataclass(frozen=True)
class Tail:
    """One tail bound: law, its name in theory/; short: the deviation looked for in SHORT texts."""

    name: str
    law: str
    words: str
    deviation: Callable[[Texts, Shares, Shares], Shares]
    short: float

    def event(self, texts: Texts, least: float) -> Event:
        """Whether G or M of texts strays from its mean by `least` or more."""
        return lambda G, M: self.deviation(texts, G, M) >= least


TAILS = (
    Tail(
        "singletons",
        "singletons_tail",
        "the share of singletons lies far above its mean",
        lambda texts, G, M: G - texts.mean_singletons,
        0.49,
    ),
    Tail(
        "singletons",
        "singletons_tail",
        "the share of singletons lies far below its mean",
        lambda texts, G, M: texts.mean_singletons - G,
        0.49,
    ),
    Tail(
        "lower_tail",
        "lower_tail",
        "the missing mass lies far below its mean",
        lambda texts, G, M: texts.mean_missing - M,
        0.245,
    ),
    Tail(
        "upper_tail",
        "upper_tail",
        "the missing mass lies far above its mean",
        lambda texts, G, M: M - texts.mean_missing,
        0.245,
    ),
)


def experiments(alpha: float) -> list[Experiment]:
    """Exact probabilities and bounds; noise of variance `alpha` plays no part."""
    above, below, *of_missing = TAILS
    return [
        *(_exact(tail) for tail in (above, *of_missing)),
        *(_bounded(tail, "unequal", UNEQUAL, DEVIATION) for tail in (below, *of_missing)),
        *(_bounded(tail, "short", SHORT, tail.short) for tail in (below, *of_missing)),
    ]


def _exact(tail: Tail) -> Experiment:
    event = tail.event(EQUAL, DEVIATION)
    return Experiment(
        key=f"missing_mass.{tail.name}.equal",
        claim=f"missing_mass.{tail.name}",
        question="4c",
        title=f"how often {tail.words}, if all facts are equally likely",
        law="occupancy.singletons_and_missing",
        parameters={"n": EQUAL.draws, "facts": len(EQUAL.facts.cards), "t": DEVIATION},
        measure=happens(EQUAL, event),
        check=Probability(probability(EQUAL, event)),
    )


def _bounded(tail: Tail, world: str, texts: Texts, least: float) -> Experiment:
    name = f"missing_mass.{tail.law}"
    facts = "some facts are commoner" if world == "unequal" else "a text is two draws of two facts"
    return Experiment(
        key=f"missing_mass.{tail.name}.{world}",
        claim=f"missing_mass.{tail.name}",
        question="4c",
        title=f"{tail.words} no more often than its bound, if {facts}",
        law=name,
        parameters={"n": texts.draws, "facts": len(texts.facts.cards), "t": least},
        measure=happens(texts, tail.event(texts, least)),
        check=Probability(at_most(name, texts.draws, least)),
    )


def happens(texts: Texts, event: Event) -> Callable[[Draw], Float[np.ndarray, " trials"]]:
    """1 where the event of G and M happens, 0 where not, for random texts."""

    def measure(draw: Draw) -> Float[np.ndarray, " trials"]:
        times = texts.times(draw.generator(), draw.trials)
        return event(texts.singletons(times), texts.missing(times)).astype(float)

    return measure


def probability(texts: Texts, event: Event, at_most: float = 1.0) -> Callable[[], Range]:
    """The exact probability of an event of G and M where the facts are equally likely.

    at_most: what a claim says of it. Were it more, the lower bound would lie above the upper, and
    the check, which tests each, would contradict whatever is counted.
    """

    def exactly() -> Range:
        chance, G, M = singletons_and_missing(texts.draws, len(texts.facts.cards))
        found = float(chance[event(G, M)].sum())
        return found, min(found, at_most)

    return exactly
