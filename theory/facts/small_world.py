"""Worlds small enough to go through all of them: every text, every truth, in exact fractions.

Each person has one birth place, drawn by the shares of the places. A text is n independent draws
of a person, each told with her true place. A model sees the text and puts a probability on every
statement (person, place). Its hallucination is its probability of false statements; its
miscalibration compares, on each set of statements that it finds equally probable, its own
probability of the set with that of the next draw's falling into it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from theory.proof.assumptions import require

Statement = tuple[int, int]
Text = tuple[Statement, ...]
Model = Callable[["SmallWorld", Text], Mapping[Statement, Fraction]]


@dataclass(frozen=True)
class SmallWorld:
    """who: probability of each person in a text; where: share of each place; draws: text length.

    Raises: InputError listing all that is wrong, unless both are positive and sum to 1.
    """

    who: tuple[Fraction, ...]
    where: tuple[Fraction, ...]
    draws: int

    def __post_init__(self) -> None:
        require(
            _distribution("who", self.who),
            _distribution("where", self.where),
            None if self.draws >= 1 else f"draws must be at least 1, got {self.draws}",
        )

    @property
    def statements(self) -> list[Statement]:
        return list(itertools.product(range(len(self.who)), range(len(self.where))))

    @property
    def regular(self) -> bool:
        """Whether no person is more than 1/s times as probable as another (s: largest share)."""
        return max(self.who) * max(self.where) <= min(self.who)

    def texts(self) -> Iterator[Text]:
        """Every text that some truth makes possible."""
        for people in itertools.product(range(len(self.who)), repeat=self.draws):
            told = sorted(set(people))
            for places in itertools.product(range(len(self.where)), repeat=len(told)):
                known = dict(zip(told, places, strict=True))
                yield tuple((person, known[person]) for person in people)

    def truths(self, text: Text) -> Iterator[tuple[Fraction, tuple[int, ...]]]:
        """Every truth that a text allows, with its probability given the text.

        The places of people not told keep their shares: who is told says nothing about them.
        """
        known = dict(text)
        for places in itertools.product(range(len(self.where)), repeat=len(self.who)):
            if all(places[person] == place for person, place in known.items()):
                chance = Fraction(1)
                for person, place in enumerate(places):
                    chance *= 1 if person in known else self.where[place]
                yield chance, places

    def missing(self, text: Text) -> Fraction:
        """The missing mass: the probability that the next draw is a person not told of."""
        told = {person for person, _ in text}
        return sum((p for i, p in enumerate(self.who) if i not in told), Fraction(0))


@dataclass(frozen=True)
class Outcome:
    """What a model does after one text, averaged over the truths that the text allows."""

    hallucination: Fraction
    miscalibration: Fraction
    missing: Fraction


def outcome(world: SmallWorld, text: Text, model: Model) -> Outcome:
    """The expected hallucination and miscalibration of a model that has seen `text`."""
    given = model(world, text)
    false = off = Fraction(0)
    for chance, places in world.truths(text):
        truth = {(i, place): world.who[i] for i, place in enumerate(places)}
        false += chance * sum((g for s, g in given.items() if s not in truth), Fraction(0))
        off += chance * miscalibration(given, truth)
    return Outcome(false, off, world.missing(text))


def miscalibration(
    given: Mapping[Statement, Fraction], truth: Mapping[Statement, Fraction]
) -> Fraction:
    """Half of Σ |truth(B) − given(B)| over the sets B of statements that are equally probable.

    `given` lists every statement, those of probability 0 included.

    >>> half = Fraction(1, 2)
    >>> miscalibration({(0, 0): half, (0, 1): half}, {(0, 1): Fraction(1)})
    Fraction(0, 1)
    """
    gap: dict[Fraction, Fraction] = {}
    for statement, level in given.items():
        gap[level] = gap.get(level, Fraction(0)) + level - truth.get(statement, Fraction(0))
    return sum(map(abs, gap.values()), Fraction(0)) / 2


# ------------------------------------------------------------------------------------ models


def memory(world: SmallWorld, text: Text) -> dict[Statement, Fraction]:
    """Says what the text says, as often as the text does: it never hallucinates."""
    return {s: Fraction(text.count(s), len(text)) for s in world.statements}


def ideal(world: SmallWorld, text: Text) -> dict[Statement, Fraction]:
    """Told facts with their probability; the rest spread over places as the truth spreads it."""
    told = dict(text)
    return {
        (i, c): world.who[i] * (Fraction(told[i] == c) if i in told else world.where[c])
        for i, c in world.statements
    }


def ignorant(world: SmallWorld, text: Text) -> dict[Statement, Fraction]:
    """Every statement is equally probable."""
    return {s: Fraction(1, len(world.statements)) for s in world.statements}


def consistent(world: SmallWorld, text: Text) -> dict[Statement, Fraction]:
    """Every statement that the text does not contradict is equally probable."""
    told = dict(text)
    allowed = [(i, c) for i, c in world.statements if told.get(i, c) == c]
    return {s: Fraction(s in allowed, len(allowed)) for s in world.statements}


def smoothed(world: SmallWorld, text: Text) -> dict[Statement, Fraction]:
    """Half memory, half every statement alike: additive smoothing."""
    remembered, flat = memory(world, text), ignorant(world, text)
    return {s: (remembered[s] + flat[s]) / 2 for s in world.statements}


MODELS: tuple[Model, ...] = (memory, ideal, ignorant, consistent, smoothed)


def least_slack(world: SmallWorld, models: Sequence[Model] = MODELS) -> Fraction:
    """The least of E[hallucination] − (1 − s)(missing − E[miscalibration]), texts and models all.

    >>> third, half = Fraction(1, 3), Fraction(1, 2)
    >>> least_slack(SmallWorld((third, third, third), (half, half), 2))
    Fraction(0, 1)
    """
    share = max(world.where)
    found = (outcome(world, text, model) for text in world.texts() for model in models)
    return min(o.hallucination - (1 - share) * (o.missing - o.miscalibration) for o in found)


def _distribution(name: str, shares: Sequence[Fraction]) -> str | None:
    if shares and min(shares) > 0 and sum(shares) == 1:
        return None
    return f"{name} must be positive and sum to 1, got {', '.join(map(str, shares)) or 'nothing'}"
