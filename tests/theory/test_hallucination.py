"""Hallucination bounds against worlds that are enumerated here anew, text and truth together."""

from __future__ import annotations

import itertools
import math
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from fractions import Fraction

import pytest

from reports.record import InputError
from theory import hallucination
from theory.facts import guessing
from theory.facts.good_turing import shortfall
from theory.facts.small_world import (
    MODELS,
    Outcome,
    SmallWorld,
    Statement,
    Text,
    consistent,
    ideal,
    least_slack,
    miscalibration,
    outcome,
)

F = Fraction
EQUAL = SmallWorld((F(1, 3),) * 3, (F(1, 2),) * 2, 2)
UNEQUAL = SmallWorld((F(1, 2), F(1, 4), F(1, 4)), (F(1, 2),) * 2, 2)
TOWN = SmallWorld((F(2, 5), F(3, 5)), (F(3, 5), F(3, 10), F(1, 10)), 2)
PAIR = SmallWorld((F(1, 3), F(2, 3)), (F(1, 2),) * 2, 1)
BEYOND = SmallWorld((F(1, 4), F(3, 4)), (F(1, 2),) * 2, 1)
REGULAR = {"equal": EQUAL, "unequal": UNEQUAL, "town": TOWN, "pair": PAIR}
each_world = pytest.mark.parametrize("world", REGULAR.values(), ids=REGULAR)
Levels = dict[Statement, Fraction]


def by_text(world: SmallWorld) -> dict[Text, list[tuple[Fraction, tuple[int, ...]]]]:
    """All truths and all choices of people at once; for each text its truths and their chances."""
    people, places = range(len(world.who)), range(len(world.where))
    found: dict[Text, list[tuple[Fraction, tuple[int, ...]]]] = defaultdict(list)
    for truth in itertools.product(places, repeat=len(people)):
        for drawn in itertools.product(people, repeat=world.draws):
            chance = math.prod((world.where[c] for c in truth), start=F(1))
            chance *= math.prod((world.who[i] for i in drawn), start=F(1))
            found[tuple((i, truth[i]) for i in drawn)].append((chance, truth))
    return found


def directly(
    world: SmallWorld, truths: list[tuple[Fraction, tuple[int, ...]]], given: Mapping
) -> tuple[Fraction, Fraction]:
    """Hallucination and miscalibration, weighted by joint chances, level by level."""
    weight, false, off = F(0), F(0), F(0)
    for chance, truth in truths:
        weight += chance
        false += chance * sum(g for (i, c), g in given.items() if truth[i] != c)
        for level in set(given.values()):
            members = [s for s in given if given[s] == level]
            fact = sum((world.who[i] for i, c in members if truth[i] == c), F(0))
            off += chance * abs(fact - level * len(members)) / 2
    return false / weight, off / weight


def slack(world: SmallWorld, found: Outcome) -> Fraction:
    bound = (1 - max(world.where)) * (found.missing - found.miscalibration)
    return found.hallucination - bound


@each_world
def test_outcomes_against_a_second_enumeration(world: SmallWorld) -> None:
    every = by_text(world)
    assert sorted(every) == sorted(world.texts())
    for text, truths in every.items():
        missing = 1 - sum(world.who[i] for i in {i for i, _ in text})
        for model in MODELS:
            given = model(world, text)
            assert sum(given.values()) == 1
            found = outcome(world, text, model)
            assert (found.hallucination, found.miscalibration) == directly(world, truths, given)
            assert found.missing == missing
            assert slack(world, found) >= 0


def random_model(world: SmallWorld, source: random.Random) -> Levels:
    """Few different levels, so that told and untold statements share them."""
    levels = [F(source.choice((0, 0, 1, 1, 2, 3, 5))) for _ in world.statements]
    total = sum(levels) or F(1)
    if not any(levels):
        levels = [F(1, len(levels))] * len(levels)
    return {s: level / total for s, level in zip(world.statements, levels, strict=True)}


@each_world
def test_no_random_model_beats_the_bound(world: SmallWorld) -> None:
    source = random.Random(3)
    for text in sorted(world.texts())[:12]:
        for _ in range(12):
            given = random_model(world, source)
            assert slack(world, outcome(world, text, lambda *_, g=given: g)) >= 0


def partitions(items: list[Statement]) -> Iterator[list[list[Statement]]]:
    if not items:
        yield []
        return
    for rest in partitions(items[1:]):
        yield [[items[0]], *rest]
        for k, part in enumerate(rest):
            yield [*rest[:k], [items[0], *part], *rest[k + 1 :]]


def calibrated_models(world: SmallWorld, text: Text) -> list[Levels]:
    """For every way of grouping the statements, the model that is right on average per group."""
    guess = ideal(world, text)
    return [
        {s: sum((guess[t] for t in part), F(0)) / len(part) for part in grouping for s in part}
        for grouping in partitions(world.statements)
    ]


@pytest.mark.parametrize("world", [PAIR, SmallWorld((F(1, 2),) * 2, (F(1, 2),) * 2, 1)])
def test_every_grouping_of_the_statements_keeps_the_bound(world: SmallWorld) -> None:
    for text in world.texts():
        models = calibrated_models(world, text)
        assert len(models) == 15
        slacks = [slack(world, outcome(world, text, lambda *_, g=g: g)) for g in models]
        assert min(slacks) == 0


def test_irregular_facts_break_the_bound() -> None:
    assert PAIR.regular
    assert not BEYOND.regular
    assert least_slack(BEYOND, [consistent]) == F(-1, 24)
    assert least_slack(PAIR, [consistent]) == 0


def test_the_ideal_model_attains_the_bound_and_breaks_the_twin() -> None:
    for text in EQUAL.texts():
        found = outcome(EQUAL, text, ideal)
        assert found.miscalibration == 0
        assert found.hallucination == found.missing / 2 == F(1, 2) * EQUAL.missing(text)
        law = hallucination.calibrated(0.5, float(found.missing), 0)
        assert law == pytest.approx(float(found.hallucination), rel=1e-14)
        assert found.hallucination < found.missing, "the twin, without the factor 1 − s"


@each_world
def test_of_what_is_said_about_strangers_only_the_largest_share_is_true(world: SmallWorld) -> None:
    for text, truths in by_text(world).items():
        told = {i for i, _ in text}
        given = {s: g for s, g in consistent(world, text).items() if s[0] not in told}
        false, _ = directly(world, truths, given)
        assert false >= (1 - max(world.where)) * sum(given.values())
        if len(set(world.where)) == 1:
            assert false == (1 - max(world.where)) * sum(given.values())


def test_miscalibration_compares_sets_and_not_statements() -> None:
    """Two of four equally probable statements are true: calibrated; sure of a false one: not."""
    quarter = dict.fromkeys(EQUAL.statements[:4], F(1, 4))
    truth = {EQUAL.statements[0]: F(1, 2), EQUAL.statements[2]: F(1, 2)}
    assert miscalibration(quarter, truth) == 0
    sure = {EQUAL.statements[1]: F(1), **dict.fromkeys(EQUAL.statements[2:4], F(0))}
    assert miscalibration(sure, {EQUAL.statements[2]: F(1)}) == 1


def test_a_world_names_all_that_is_wrong() -> None:
    with pytest.raises(InputError) as caught:
        SmallWorld((F(1, 2), F(1, 3)), (), 0)
    assert str(caught.value) == (
        "who must be positive and sum to 1, got 1/2, 1/3; where must be positive and sum to 1, "
        "got nothing; draws must be at least 1, got 0"
    )


# ------------------------------------------------------------------ singletons, repetition


def test_the_bound_from_singletons_is_the_bound_at_their_missing_mass() -> None:
    missing = 0.9 - shortfall(500, 0.1)
    wanted = hallucination.calibrated(0.2, missing, 0.05)
    assert hallucination.from_singletons(0.2, 0.9, 0.05, 500, 0.1) == pytest.approx(wanted)
    assert guessing.asked(0.2, 0.9, 500, 0.1) == pytest.approx(0.8 * missing)
    assert hallucination.from_singletons(0.05, 0, 0, 3000, 0.05) < 0, "facts told twice"


@pytest.mark.parametrize("parts", [(1, 1), (1, 1, 1), (1, 2, 4), (1, 1, 1, 9), (2, 2, 3, 3, 4)])
def test_repetition_in_worlds_of_any_probabilities(parts: tuple[int, ...]) -> None:
    p = [F(k, sum(parts)) for k in parts]
    for n in range(2, len(p) + 2):
        chances = (math.prod(drawn, start=F(1)) for drawn in itertools.permutations(p, n))
        different = sum(chances, F(0))
        assert float(different) <= hallucination.no_repetition(n, len(p))
    if len(set(parts)) == 1:
        assert F(math.factorial(len(p)), len(p) ** len(p)) > math.exp(-(len(p) + 1) / 2), "the twin"


# -------------------------------------------------------------------------------- guessing


def test_no_way_of_answering_beats_the_commonest_places() -> None:
    """Random shares of places for each name, random answers; the best one attains the bound."""
    source = random.Random(8)
    for _ in range(200):
        names, places = source.randint(1, 3), source.randint(2, 5)
        table = [[F(source.randint(1, 9)) for _ in range(places)] for _ in range(names)]
        total = sum(map(sum, table))
        joint = [[x / total for x in row] for row in table]
        share = sum(map(max, joint))
        answers = [[F(source.randint(0, 4)) for _ in range(places)] for _ in range(names)]
        right = sum(
            p * a / (sum(row) or 1)
            for shares, row in zip(joint, answers, strict=True)
            for p, a in zip(shares, row, strict=True)
        )
        assert float(1 - right) >= guessing.error(float(share)) - 1e-15
        assert share >= max(map(sum, zip(*joint, strict=True))), "names can only help"
        best = sum((max(row) for row in joint), F(0))
        assert float(1 - best) == pytest.approx(guessing.error(float(share)), rel=1e-14)
        assert 1 - best < 1 - share / 2, "the twin, with s/2"


@pytest.mark.parametrize("world", [PAIR, EQUAL], ids=["pair", "equal"])
def test_every_rule_of_answering_when_asked_about_the_next_draw(world: SmallWorld) -> None:
    """All rules: a text's answers to all people, of which those to strangers matter."""
    for text, truths in by_text(world).items():
        weight = sum(chance for chance, _ in truths)
        wrong = [
            sum(
                chance * sum(p for p, a, c in zip(world.who, answers, truth, strict=True) if a != c)
                for chance, truth in truths
            )
            / weight
            for answers in itertools.product(range(len(world.where)), repeat=len(world.who))
        ]
        assert min(wrong) == (1 - max(world.where)) * world.missing(text)


def random_strategy(source: random.Random) -> tuple[Fraction, Fraction, Fraction, Fraction]:
    """Right, wrong, and the largest and mean share of the commonest place of each name."""
    names = source.randint(1, 3)
    right = wrong = mean = largest = F(0)
    for _ in range(names):
        parts = [F(source.randint(1, 9)) for _ in range(source.randint(2, 5))]
        shares = [p / sum(parts) for p in parts]
        spoken = [F(source.randint(0, 5)) for _ in shares]
        total = sum(spoken) + source.randint(0, 5) or F(1)
        hits = sum((p * a / total for p, a in zip(shares, spoken, strict=True)), F(0))
        right += hits / names
        wrong += (sum(spoken, F(0)) / total - hits) / names
        mean += max(shares) / names
        largest = max(largest, *shares)
    return right, wrong, largest, mean


def test_silence_costs_nothing_and_right_guesses_cost_wrong_ones() -> None:
    source, averaged = random.Random(4), []
    for _ in range(300):
        right, wrong, largest, mean = random_strategy(source)
        assert float(wrong) >= guessing.price(float(right), float(largest)) - 1e-15
        averaged.append(wrong >= right * (1 - mean) / mean)
    assert not all(averaged), "a mean over names, as in guessing.error, would not do"
    assert guessing.price(0, 0.2) == 0
    assert guessing.price(0.1, 0.2) == pytest.approx(0.4), "half of the questions are answered"
    with pytest.raises(InputError, match=r"right <= share must hold"):
        guessing.price(0.3, 0.2)


@pytest.mark.parametrize("share", [1e-320, 1e-9, 0.1, 0.3, 0.5, 0.999])
def test_computations_from_the_definition_bear_any_numbers(share: float) -> None:
    claims = {c.key: c for c in (*hallucination.CLAIMS, *guessing.CLAIMS) if hasattr(c, "verify")}
    numbers = {"share": share, "missing": 0.4567, "miscalibration": 0.123}
    for given in (numbers, numbers | {"missing": 1, "miscalibration": 1}, numbers | {"missing": 0}):
        found = claims["hallucination.calibrated"].verify(given)
        assert found
        assert found.agrees
    for key, more in (
        ("guessing.error", {}),
        ("guessing.price", {"right": share / 3}),
        ("guessing.asked", {"singletons": 0, "n": 10**6, "delta": 0.5}),
        ("hallucination.singletons", {"singletons": 1, "n": 2, "delta": 0.9, "miscalibration": 1}),
    ):
        found = claims[key].verify({"share": share, **more})
        assert found
        assert found.agrees, key
