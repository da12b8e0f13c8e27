"""Planted mistakes in random texts: the experiments on missing mass and singletons find them.

Every run has the default number of trials and spends what one check of the whole catalogue may.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

import theory
from simulate.ensembles.texts import Texts
from simulate.experiments import good_turing, guessing, hallucination, missing_mass
from simulate.statistics import Mean, Probability
from tests.simulate.verdicts import contradicted, verdicts
from theory.proof.claim import Claim

EXPERIMENTS = [*missing_mass.experiments(1e-3), *good_turing.experiments(1e-3)]
BOUNDED = {e.key for e in EXPERIMENTS if e.key.endswith((".unequal", ".short"))}


def test_the_laws_hold() -> None:
    assert set(verdicts(EXPERIMENTS).values()) == {"consistent"}


def _a_draw_fewer(texts: Texts, rng: np.random.Generator, trials: int) -> np.ndarray:
    return TIMES(dataclasses.replace(texts, draws=texts.draws - 1), rng, trials)


def _told_at_most_once(texts: Texts, rng: np.random.Generator, trials: int) -> np.ndarray:
    """Every fact is told once or not at all: no text of independent draws."""
    told: np.ndarray = np.minimum(TIMES(texts, rng, trials), 1)
    return told


def _one_text_for_all(texts: Texts, rng: np.random.Generator, trials: int) -> np.ndarray:
    return np.repeat(TIMES(texts, rng, 1), trials, axis=1)


TIMES = Texts.times
MISTAKES: dict[str, tuple[Callable[[Texts, np.random.Generator, int], np.ndarray], str]] = {
    "a draw fewer": (_a_draw_fewer, "missing_mass.upper_tail.equal"),
    "no fact told twice": (_told_at_most_once, "good_turing.bias.unequal"),
    "one text for all trials": (_one_text_for_all, "missing_mass.singletons.equal"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_in_the_texts_are_found(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    wrong, key = MISTAKES[name]
    monkeypatch.setattr(Texts, "times", wrong)
    assert {key, "good_turing.difference"} <= contradicted(EXPERIMENTS)


def test_every_exact_law_finds_a_draw_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    """In longer texts too few are lost with a draw: not the tail, but the whole law shows it."""
    monkeypatch.setattr(Texts, "times", _a_draw_fewer)
    exact = {e.key for e in EXPERIMENTS} - BOUNDED
    assert exact - contradicted(EXPERIMENTS) == {"missing_mass.singletons.equal"}


def test_flipped_inequalities_are_found() -> None:
    """An exact event for its opposite, an upper bound for a lower one."""
    flipped = []
    for e in EXPERIMENTS:
        if isinstance(e.check, Probability):
            low, high = e.check.law()
            wrong = (1 - high, 1 - low) if low == high else (high, 1.0)
            flipped.append(dataclasses.replace(e, check=_stating(*wrong)))
    assert contradicted(flipped) == {e.key for e in flipped}


def _stating(low: float, high: float) -> Probability:
    return Probability(lambda: (low, high))


@pytest.mark.parametrize("tail", ["singletons", "lower_tail", "upper_tail"])
def test_the_false_twin_of_a_bound_is_contradicted(tail: str) -> None:
    """Two draws from two facts tell a bound from the twin that theory refutes."""
    (claim,) = theory.find(f"missing_mass.{tail}")
    assert isinstance(claim, Claim)
    twin = dataclasses.replace(claim.law, expression=claim.twin)
    (short,) = [e for e in EXPERIMENTS if e.key == f"missing_mass.{tail}.short"]
    bound = twin(short.parameters["n"], short.parameters["t"])
    wrong = dataclasses.replace(short, check=_stating(0.0, bound))
    assert contradicted([wrong]) == {short.key}


@pytest.mark.parametrize(
    ("module", "name", "experiments", "key"),
    [
        ("facts.good_turing", "shortfall", good_turing, "good_turing.shortfall.unequal"),
        ("facts.good_turing", "excess", good_turing, "good_turing.excess.unequal"),
        ("hallucination", "from_singletons", hallucination, "hallucination.singletons"),
        ("facts.guessing", "asked", guessing, "guessing.asked"),
    ],
)
def test_an_allowance_of_the_wrong_sign_is_contradicted(
    monkeypatch: pytest.MonkeyPatch, module: str, name: str, experiments: ModuleType, key: str
) -> None:
    """The twin moves the event and its probability alike; what the claim says of it stays."""
    place = importlib.import_module(f"theory.{module}")
    claim = next(c for c in place.CLAIMS if c.law is getattr(place, name))
    monkeypatch.setattr(place, name, dataclasses.replace(claim.law, expression=claim.twin))
    (wrong,) = [e for e in experiments.experiments(1e-3) if e.key == key]
    assert contradicted([wrong]) == {key}


def test_the_twin_of_the_bias_is_contradicted() -> None:
    (claim,) = theory.find("good_turing.bias")
    assert isinstance(claim, Claim)
    (equal,) = [e for e in EXPERIMENTS if e.key == "good_turing.bias.equal"]
    bias = dataclasses.replace(claim.law, expression=claim.twin)(equal.parameters["n"])
    wrong = dataclasses.replace(equal, check=Mean(lambda: (1 + bias, 1 + bias), width=2))
    assert contradicted([wrong]) == {equal.key}
