"""Random texts of question 4c: independent draws of facts, counted fact by fact.

Facts are drawn from a pack of 256 cards. A draw is one random byte and a look in a table, and every
probability is a multiple of 1/256, which float64 holds exactly.
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float, UInt8

PACK = 256


@dataclass(frozen=True)
class Pack:
    """cards: how many of the 256 cards show each outcome, a fact or a place."""

    cards: tuple[int, ...]

    def __post_init__(self) -> None:
        """Raises: ValueError unless every outcome has a card and there are 256 in all."""
        if min(self.cards) < 1 or sum(self.cards) != PACK:
            raise ValueError(f"{PACK} cards are to be shared out, got {self.cards}")

    @classmethod
    def even(cls, outcomes: int) -> Pack:
        """Equally likely outcomes; their number divides 256."""
        return cls((PACK // outcomes,) * outcomes)

    @cached_property
    def shares(self) -> Float[np.ndarray, " outcomes"]:
        """Probability of each outcome."""
        return np.array(self.cards) / PACK

    @cached_property
    def faces(self) -> UInt8[np.ndarray, " cards"]:
        """What each card shows."""
        return np.repeat(np.arange(len(self.cards), dtype=np.uint8), self.cards)

    def draw(self, rng: np.random.Generator, *shape: int) -> UInt8[np.ndarray, "*shape"]:
        """Independent draws, each from the whole pack."""
        return self.faces[rng.integers(0, PACK, shape, dtype=np.uint8)]


@dataclass(frozen=True)
class Texts:
    """Texts of `draws` independent draws from the facts of a pack."""

    facts: Pack
    draws: int

    def times(self, rng: np.random.Generator, trials: int) -> UInt8[np.ndarray, "facts trials"]:
        """How many times the text of each trial tells each fact."""
        text = self.facts.draw(rng, self.draws, trials)
        facts = range(len(self.facts.cards))
        return np.stack([(text == fact).view(np.uint8).sum(0, np.uint8) for fact in facts])

    def singletons(self, times: UInt8[np.ndarray, "facts trials"]) -> Float[np.ndarray, " trials"]:
        """G: the number of facts told exactly once, over the number of draws."""
        return (times == 1).sum(axis=0) / self.draws

    def missing(self, times: UInt8[np.ndarray, "facts trials"]) -> Float[np.ndarray, " trials"]:
        """M: the probability of all facts that the text does not tell."""
        return self.facts.shares @ (times == 0).astype(float)

    @property
    def mean_singletons(self) -> float:
        """E[G]: a fact is told by a draw and by no other."""
        p = self.facts.shares
        return float(np.sum(p * (1 - p) ** (self.draws - 1)))

    @property
    def mean_missing(self) -> float:
        """E[M]: a fact is told by no draw."""
        p = self.facts.shares
        return float(np.sum(p * (1 - p) ** self.draws))
