"""Question 4c: models that must speak, in random worlds and after random texts.

A trial draws a world (the birth place of every person), a text of true statements and, from the
model, one statement. Text and model are drawn without looking at the places that the text leaves
open.
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulate.ensembles.texts import Pack, Texts
from simulate.experiment import Experiment, number
from simulate.experiments.missing_mass import happens, probability
from simulate.samplers import Draw
from simulate.statistics import Mean, Probability, Range
from theory import law
from theory.facts.occupancy import occupancy

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

    from simulate.experiments.missing_mass import Shares

PEOPLE = Pack.even(16)
PLACES = Pack.even(4)
SHARE = 1 / 4
"""s, the share of the commonest place; all are equally common."""

TEXTS = Texts(PEOPLE, 8)
LONG_TEXTS = Texts(PEOPLE, 16)
MISCALIBRATION = 1 / 4
RISK = 0.8

DIFFERENT = Texts(Pack.even(64), 8)
DIFFERENT_UNEQUAL = Texts(Pack((5, 3) * 32), 8)


def experiments(alpha: float) -> list[Experiment]:
    """What models make up, and texts without repetition; noise of variance `alpha` plays no part.

    The bounds are linear in the missing mass, so over all texts its mean stands for it.
    """
    return [
        _calibrated("calibrated", "a calibrated model", 0.0),
        _calibrated("miscalibrated", "a miscalibrated model", MISCALIBRATION),
        Experiment(
            key="hallucination.calibrated.any",
            claim="hallucination.calibrated",
            question="4c",
            title="random models make up no less on average than their bound, $1 - s$ added",
            law="hallucination.calibrated",
            parameters={"n": TEXTS.draws, "people": len(PEOPLE.cards), "share": SHARE},
            measure=_above_its_bound,
            check=Mean(lambda: (1 - SHARE, 2 - SHARE), width=3 - 2 * SHARE),
        ),
        Experiment(
            key="hallucination.singletons",
            claim="hallucination.singletons",
            question="4c",
            title="how often a model makes up less than the singletons of its text let expect",
            law="occupancy.singletons_and_missing",
            parameters={"n": LONG_TEXTS.draws, "share": SHARE, "delta": RISK},
            measure=happens(LONG_TEXTS, _below),
            check=Probability(probability(LONG_TEXTS, _below, at_most=RISK)),
        ),
        Experiment(
            key="hallucination.no_repetition.equal",
            claim="hallucination.no_repetition",
            question="4c",
            title="how often all draws are different, if all facts are equally likely",
            law="occupancy.occupancy",
            parameters={"n": DIFFERENT.draws, "facts": len(DIFFERENT.facts.cards)},
            measure=lambda draw: _all_different(draw, DIFFERENT),
            check=Probability(_exactly_different),
        ),
        Experiment(
            key="hallucination.no_repetition.unequal",
            claim="hallucination.no_repetition",
            question="4c",
            title="all draws are different no more often than the bound, if facts differ",
            law="hallucination.no_repetition",
            parameters={"n": DIFFERENT.draws, "facts": len(DIFFERENT_UNEQUAL.facts.cards)},
            measure=lambda draw: _all_different(draw, DIFFERENT_UNEQUAL),
            check=Probability(_different_at_most),
        ),
    ]


def _calibrated(name: str, model: str, off: float) -> Experiment:
    bound = "hallucination.calibrated"
    return Experiment(
        key=f"hallucination.{name}",
        claim=bound,
        question="4c",
        title=f"how often {model} that attains the bound makes a statement up",
        law=bound,
        parameters={
            "n": TEXTS.draws, "people": len(PEOPLE.cards), "share": SHARE, "miscalibration": off
        },
        measure=lambda draw: _made_up(draw, off),
        check=Probability(lambda: (number(bound, SHARE, TEXTS.mean_missing, off),) * 2),
    )  # fmt: skip


def _made_up(draw: Draw, off: float) -> Float[np.ndarray, " trials"]:
    """1 where the model that attains the bound says what is false.

    It speaks of a person drawn as the text draws. If the text does not tell of her, it says any
    place at random; but with probability off/M it then repeats a told fact, which is true.
    """
    rng = draw.generator()
    trial = np.arange(draw.trials)
    born = PLACES.draw(rng, len(PEOPLE.cards), draw.trials)
    times = TEXTS.times(rng, draw.trials)
    person = PEOPLE.draw(rng, draw.trials)
    place = PLACES.draw(rng, draw.trials)
    repeats = rng.uniform(size=draw.trials) * TEXTS.missing(times) < off
    untold = times[person, trial] == 0
    return (untold & ~repeats & (place != born[person, trial])).astype(float)


def _above_its_bound(draw: Draw) -> Float[np.ndarray, " trials"]:
    """1 where a model drawn at random says what is false, less (1 - s)(M - Mis), plus 1 - s.

    The model gives the probability `guessed` to statements about people not told of, `false` to
    what the text contradicts and the rest to told facts, evenly within each of the three sets.
    """
    rng = draw.generator()
    born = PLACES.draw(rng, len(PEOPLE.cards), draw.trials)
    times = TEXTS.times(rng, draw.trials)
    missing = TEXTS.missing(times)
    false = rng.uniform(0, 0.1, draw.trials)
    guessed = (1 - false) * rng.uniform(size=draw.trials)
    off = (np.abs(guessed - missing) + np.abs(missing - guessed - false) + false) / 2
    person = np.argmax(times == 0, axis=0)  # anyone not told of: places do not depend on names
    guess_is_wrong = PLACES.draw(rng, draw.trials) != born[person, np.arange(draw.trials)]
    said = rng.uniform(size=draw.trials)
    wrong = np.where(said < guessed, guess_is_wrong, said < guessed + false)
    return wrong - (1 - SHARE) * (missing - off) + (1 - SHARE)


def _below(G: Shares, M: Shares) -> Bool[np.ndarray, "*batch"]:
    """Whether a calibrated model that makes up (1 - s)M is below the bound of its text."""
    bound = law("hallucination.from_singletons")(SHARE, G, 0.0, LONG_TEXTS.draws, RISK)
    return bound > (1 - SHARE) * M


def _all_different(draw: Draw, texts: Texts) -> Float[np.ndarray, " trials"]:
    """1 where the text tells no fact twice."""
    return (texts.times(draw.generator(), draw.trials).max(axis=0) == 1).astype(float)


def _exactly_different() -> Range:
    n = DIFFERENT.draws
    found = float(occupancy(n, len(DIFFERENT.facts.cards))[n, n])
    return found, found


def _different_at_most() -> Range:
    facts = len(DIFFERENT_UNEQUAL.facts.cards)
    return 0.0, number("hallucination.no_repetition", DIFFERENT_UNEQUAL.draws, facts)
