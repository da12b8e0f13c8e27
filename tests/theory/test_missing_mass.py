"""Good-Turing against every text of small worlds, in exact fractions, and against large samples."""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from collections.abc import Callable
from fractions import Fraction

import pytest

from reports.record import InputError
from theory.facts import good_turing as bounds
from theory.facts import missing_mass
from theory.facts.good_turing import good_turing
from theory.facts.missing_mass import changes, singletons
from theory.facts.occupancy import occupancy, singletons_and_missing

Shares = tuple[Fraction, ...]
Row = tuple[Fraction, Fraction, Fraction]

WORLDS: list[Shares] = [
    tuple(Fraction(k, sum(parts)) for k in parts)
    for parts in [(1, 1), (1, 9), (1, 1, 1), (1, 2, 4), (1, 1, 18), (1, 1, 1, 1), (1, 2, 3, 14)]
]
CASES = [(p, n) for p in WORLDS for n in (2, 3, 5) if len(p) ** n <= 1024]
each = pytest.mark.parametrize(("p", "n"), CASES)


def texts(p: Shares, n: int) -> list[Row]:
    """Probability, share of singletons and missing mass of every text."""
    rows = []
    for text in itertools.product(range(len(p)), repeat=n):
        once = sum(times == 1 for times in Counter(text).values())
        missing = sum((q for fact, q in enumerate(p) if fact not in text), Fraction(0))
        rows.append(
            (math.prod((p[fact] for fact in text), start=Fraction(1)), Fraction(once, n), missing)
        )
    return rows


def means(rows: list[Row]) -> tuple[Fraction, Fraction]:
    return sum(c * g for c, g, _ in rows), sum(c * m for c, _, m in rows)  # type: ignore[return-value]


def chance(rows: list[Row], event: Callable[[Fraction, Fraction], bool]) -> Fraction:
    return sum((c for c, g, m in rows if event(g, m)), Fraction(0))


# ----------------------------------------------------------------------------------- bias


@each
def test_the_bias_lies_between_nothing_and_its_bound(p: Shares, n: int) -> None:
    told_once, missing = means(texts(p, n))
    assert told_once == sum(q * (1 - q) ** (n - 1) for q in p)
    assert missing == sum(q * (1 - q) ** n for q in p)
    bound = Fraction(1, n) * (1 - Fraction(1, n)) ** (n - 1)
    assert 0 <= told_once - missing <= bound <= Fraction(1, 2 * n)
    assert bounds.bias(n) == pytest.approx(float(bound), rel=1e-13)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_the_bias_is_attained_where_the_twin_fails(n: int) -> None:
    told_once, missing = means(texts((Fraction(1, n),) * n, n))
    assert told_once - missing == Fraction((n - 1) ** (n - 1), n**n)
    assert told_once - missing > Fraction((n - 1) ** n, n ** (n + 1)), "the twin's power n"


# ----------------------------------------------------------------------------------- tails

TAILS = {
    "G above": (missing_mass.singletons_tail, 0, 1),
    "G below": (missing_mass.singletons_tail, 0, -1),
    "M below": (missing_mass.lower_tail, 1, -1),
    "M above": (missing_mass.upper_tail, 1, 1),
}


def deviations(rows: list[Row], which: int, sign: int) -> list[tuple[Fraction, Fraction]]:
    """Every deviation t from the mean that occurs, and the probability of one of at least t."""
    mean = means(rows)[which]
    off = {sign * (row[1 + which] - mean) for row in rows}
    return [
        (t, chance(rows, lambda g, m, t=t: sign * ((g, m)[which] - mean) >= t))  # type: ignore[misc]
        for t in off
        if 0 < t < 1
    ]


@pytest.mark.parametrize("tail", TAILS)
@each
def test_no_deviation_is_likelier_than_its_bound(p: Shares, n: int, tail: str) -> None:
    law, which, sign = TAILS[tail]
    for t, probability in deviations(texts(p, n), which, sign):
        assert float(probability) <= law(n, float(t))


@pytest.mark.parametrize(("tail", "power"), [("G above", 2), ("M below", 6), ("M above", 6)])
def test_the_twins_of_the_tails_are_false(tail: str, power: int) -> None:
    _, which, sign = TAILS[tail]
    found = deviations(texts(WORLDS[0], 2), which, sign)
    assert any(float(q) > math.exp(-power * 2 * float(t) ** 2) for t, q in found)


@pytest.mark.parametrize(("draws", "facts"), [(2, 3), (3, 4), (4, 3)])
def test_one_draw_changes_at_most_two_singletons(draws: int, facts: int) -> None:
    """Exhaustively, by Counter and by neighbouring pairs of texts."""

    def once(text: tuple[int, ...]) -> int:
        return sum(times == 1 for times in Counter(text).values())

    every = list(itertools.product(range(facts), repeat=draws))
    apart = [
        abs(once(s) - once(t))
        for s, t in itertools.product(every, repeat=2)
        if sum(a != b for a, b in zip(s, t, strict=True)) == 1
    ]
    assert max(apart) == 2
    assert sorted(c for c in changes(draws, facts) if c) == sorted(c for c in apart if c)
    assert [singletons(text) for text in every] == [once(text) for text in every]


@each
def test_told_and_untold_facts_are_negatively_correlated(p: Shares, n: int) -> None:
    """P(all of S told) and P(none of S told) are at most the products over S."""
    every = [
        (math.prod(p[fact] for fact in text), set(text))
        for text in itertools.product(range(len(p)), repeat=n)
    ]
    for size in range(2, len(p) + 1):
        for chosen in itertools.combinations(range(len(p)), size):
            told = sum((c for c, seen in every if set(chosen) <= seen), Fraction(0))
            untold = sum((c for c, seen in every if not set(chosen) & seen), Fraction(0))
            absent = [(1 - p[fact]) ** n for fact in chosen]
            assert told <= math.prod(1 - q for q in absent)
            assert untold <= math.prod(absent)


# ------------------------------------------------------------------------------- occupancy


@pytest.mark.parametrize(("draws", "facts"), [(1, 1), (2, 4), (4, 3), (5, 4)])
def test_occupancy_against_every_text(draws: int, facts: int) -> None:
    counted: Counter[tuple[int, int]] = Counter()
    for text in itertools.product(range(facts), repeat=draws):
        counted[len(set(text)), sum(text.count(f) == 1 for f in set(text))] += 1
    table = occupancy(draws, facts)
    for (distinct, once), probability in ((k, table[k]) for k in itertools.product(
        range(len(table)), repeat=2
    )):  # fmt: skip
        exact = Fraction(counted[distinct, once], facts**draws)
        assert probability == pytest.approx(float(exact), abs=1e-15)


def test_occupancy_keeps_its_mass_and_its_means() -> None:
    n, facts = 150, 90
    probability, told_once, missing = singletons_and_missing(n, facts)
    assert probability.sum() == pytest.approx(1, abs=1e-12)
    assert (probability * told_once).sum() == pytest.approx((1 - 1 / facts) ** (n - 1), rel=1e-11)
    assert (probability * missing).sum() == pytest.approx((1 - 1 / facts) ** n, rel=1e-11)


def test_occupancy_names_both_faults() -> None:
    with pytest.raises(InputError, match=r"draws must be .* got 0; facts must be .* got 2\.5"):
        occupancy(0, 2.5)  # type: ignore[arg-type]


# -------------------------------------------------------------------------------- interval


def zipf_texts(facts: int, draws: int, number: int) -> list[tuple[list[int], float]]:
    """Texts whose fact i has probability proportional to 1/i, with their missing mass."""
    source = random.Random(12)
    weights = [1 / (i + 1) for i in range(facts)]
    total = sum(weights)
    drawn = [source.choices(range(facts), weights, k=draws) for _ in range(number)]
    return [(text, 1 - sum(weights[i] for i in set(text)) / total) for text in drawn]


def test_the_interval_covers_and_a_narrow_one_does_not() -> None:
    """Were misses as frequent as allowed (5 %), more than 50 of 400 had a chance below 1e-8; the
    interval is cautious, so none is expected. One a tenth as wide misses far more than 50."""
    wide = narrow = 0
    for text, missing in zipf_texts(400, 300, 400):
        found = good_turing(text, 0.05)
        assert found.estimate == sum(text.count(i) == 1 for i in set(text)) / 300
        assert found.singletons == round(300 * found.estimate)
        wide += not found.lower <= missing <= found.upper
        below, above = found.estimate - found.lower, found.upper - found.estimate
        narrow += not found.estimate - below / 10 <= missing <= found.estimate + above / 10
    assert wide <= 50 < narrow


def test_the_interval_is_made_of_the_two_bounds() -> None:
    found = good_turing([*range(5000), *range(10_000, 12_500), *range(10_000, 12_500)], 0.1)
    half = math.log(2 / 0.05)
    assert found.estimate == 0.5
    assert found.estimate - found.lower == pytest.approx(
        math.sqrt(2 * half / 10_000) + math.sqrt(half / 10_000) + 1 / 20_000
    )
    assert found.upper - found.estimate == pytest.approx(
        math.sqrt(2 * half / 10_000) + math.sqrt(2.5 * half / 10_000)
    )
    assert (good_turing([1, 2]).lower, good_turing([1, 2]).upper) == (0, 1)


@pytest.mark.parametrize("law", [bounds.shortfall, bounds.excess], ids=["shortfall", "excess"])
@pytest.mark.parametrize("delta", [0.999, 0.5, 0.05])
def test_bounds_hold_with_their_probability_in_equal_worlds(
    law: Callable[[float, float], float], delta: float
) -> None:
    sign = 1 if law is bounds.shortfall else -1
    for facts in (5, 40, 60, 500):
        probability, told_once, missing = singletons_and_missing(40, facts)
        beyond = sign * (told_once - missing) > law(40, delta)
        assert probability[beyond].sum() <= delta


def test_the_twins_of_the_bounds_are_false() -> None:
    """With the sign of one root changed the bounds fail more often than δ = 0.01 allows."""
    n, delta = 40, 0.01
    root = math.sqrt(math.log(2 / delta) / n)
    probability, told_once, missing = singletons_and_missing(n, n)
    short = told_once - missing > (1 - math.sqrt(2)) * root + 1 / (2 * n)
    over = missing - told_once > (math.sqrt(2) - math.sqrt(10) / 2) * root
    assert probability[short].sum() > delta < probability[over].sum()


@pytest.mark.parametrize(
    ("draws", "delta", "message"),
    [
        ([1], 2, r"draws must be at least 2, got 1; delta must be .* between 0 and 1, got 2"),
        ("London", 0.1, "draws must be a sequence of facts, got 'London'"),
        (7, math.nan, "draws must be a sequence of facts, got 7; delta must be .*, got nan"),
        ([[1], [2]], 0.1, r"draws must be facts that can be hashed, got \[1\]"),
        ([("a", [1]), 2], 0.1, r"draws must be facts that can be hashed, got \('a', \[1\]\)"),
    ],
)
def test_good_turing_names_all_that_is_wrong(draws: object, delta: float, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        good_turing(draws, delta)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
