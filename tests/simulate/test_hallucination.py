"""Planted mistakes in what models say: the experiments on facts made up and guessed find them.

Every run has the default number of trials and spends what one check of the whole catalogue may.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from simulate.ensembles.texts import PACK, Pack, Texts
from simulate.experiments import guessing, hallucination
from simulate.samplers import Draw, reduced
from simulate.statistics import Mean, Probability, Range
from simulate.streams import Block
from tests.simulate.verdicts import contradicted, verdicts

EXPERIMENTS = [*hallucination.experiments(1e-3), *guessing.experiments(1e-3)]
BOUNDED = {
    "hallucination.calibrated.any",
    "hallucination.no_repetition.unequal",
    "guessing.error.drawn",
    "guessing.price.drawn",
}


def test_the_laws_hold() -> None:
    assert set(verdicts(EXPERIMENTS).values()) == {"consistent"}


Draws = Callable[..., np.ndarray]
TIMES, PACK_DRAW = Texts.times, Pack.draw


def _a_draw_fewer(texts: Texts, rng: np.random.Generator, trials: int) -> np.ndarray:
    return TIMES(dataclasses.replace(texts, draws=texts.draws - 1), rng, trials)


def _all_alike(pack: Pack, rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Every outcome equally likely, whatever the cards."""
    return rng.integers(0, len(pack.cards), shape, dtype=np.uint8)


def _one_for_all(pack: Pack, rng: np.random.Generator, *shape: int) -> np.ndarray:
    """One draw shared by all trials of a block."""
    drawn: np.ndarray = np.repeat(PACK_DRAW(pack, rng, *shape[:-1], 1), shape[-1], axis=-1)
    return drawn


MISTAKES: dict[str, tuple[type, str, Draws, set[str]]] = {
    "a draw fewer": (
        Texts, "times", _a_draw_fewer,
        {
            "hallucination.calibrated", "hallucination.miscalibrated", "hallucination.singletons",
            "hallucination.no_repetition.equal", "guessing.asked",
        },
    ),
    "shares ignored": (
        Pack, "draw", _all_alike, {"guessing.error.commonest", "guessing.price.commonest"}
    ),
    "one draw for all trials": (
        Pack, "draw", _one_for_all, {"guessing.error.commonest", "hallucination.calibrated"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_in_what_is_drawn_are_found(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    what, function, wrong, keys = MISTAKES[name]
    monkeypatch.setattr(what, function, wrong)
    assert contradicted([e for e in EXPERIMENTS if e.key in keys]) == keys


def test_no_exact_law_is_left_without_a_mistake_that_it_finds() -> None:
    found = set.union(*(keys for *_, keys in MISTAKES.values()))
    assert found == {e.key for e in EXPERIMENTS} - BOUNDED


def test_flipped_inequalities_are_found() -> None:
    """A lower bound for an upper one, and the other way round."""
    flipped = []
    for e in EXPERIMENTS:
        if e.key in BOUNDED:
            assert isinstance(e.check, Probability | Mean)
            flipped.append(dataclasses.replace(e, check=_flipped(e.check)))
    assert contradicted(flipped) == BOUNDED


def _flipped(check: Probability | Mean) -> Probability | Mean:
    width = check.width if isinstance(check, Mean) else 1.0
    low, high = check.law()
    law: Range = (high, width) if low == 0 else (0.0, low)
    return dataclasses.replace(check, law=lambda: law)


def test_a_model_that_knows_better_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that sees the places that the text leaves open beats the bound for any model."""

    class Peeking(Pack):
        def draw(self, rng: np.random.Generator, *shape: int) -> np.ndarray:
            return np.zeros(shape, dtype=np.uint8)

    monkeypatch.setattr(hallucination, "PLACES", Peeking(hallucination.PLACES.cards))
    assert "hallucination.calibrated.any" in contradicted(EXPERIMENTS[:3])


def test_the_share_of_the_commonest_places_by_hand() -> None:
    wrong = Fraction(0)
    for name, places in zip(guessing.NAMES.cards, guessing.PLACES, strict=True):
        wrong += Fraction(name, PACK) * (1 - Fraction(max(places.cards), PACK))
    (commonest,) = [e for e in EXPERIMENTS if e.key == "guessing.error.commonest"]
    assert isinstance(commonest.check, Probability)
    assert commonest.check.law() == (pytest.approx(float(wrong)),) * 2


def test_different_draws_by_all_texts() -> None:
    """Three draws of five facts; a false alarm, six deviations away, has probability 1e-8."""
    shares = [Fraction(card, PACK) for card in (128, 64, 32, 31, 1)]
    texts = Texts(Pack((128, 64, 32, 31, 1)), 3)
    exact = float(sum(a * b * c for a, b, c in itertools.permutations(shares, 3)))
    found = hallucination._all_different(Draw(Block(0, "different", 0), reduced), texts)
    trials = len(found)
    deviation = math.sqrt(exact * (1 - exact) / trials)
    assert abs(found.mean() - exact) < 6 * deviation
