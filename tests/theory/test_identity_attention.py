"""What attention without matrices gives when something is added to its input, in fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from theory import identity_attention


@pytest.mark.parametrize(("add_c", "add_d"), [(0, 0), (1, 0), (0, 1), (1, 1), (2, 1), (0, 3)])
def test_identity_attention_in_fractions(add_c: int, add_d: int) -> None:
    """At β² = log 2 all exponentials are powers of two; squares of distances over β², by a loop."""
    x = [(0, 1, 0, 1), (1, 0, add_c, add_d), (0, 1, 1, 0)]
    powers = [Fraction(2) ** sum(a * b for a, b in zip(row, x[1], strict=True)) for row in x]
    output = [
        sum(p * a for p, a in zip(powers, column, strict=True)) / sum(powers)
        for column in zip(*x, strict=True)
    ]
    beta = math.sqrt(math.log(2))
    for target, law in (
        (x[1], identity_attention.approach), ((0, 1, 0, 0), identity_attention.output_distance)
    ):  # fmt: skip
        square = sum((o - t) ** 2 for o, t in zip(output, target, strict=True))
        assert law(beta, add_c, add_d) == pytest.approx(beta * math.sqrt(square), rel=1e-12)


@pytest.mark.parametrize(("add_c", "add_d", "square"), [(0, 0, 2), (1, 0, 3), (0, 1, 3), (1, 1, 4)])
def test_what_attention_tends_to(add_c: int, add_d: int, square: int) -> None:
    found = identity_attention.output_distance(20, add_c, add_d)
    assert found == pytest.approx(20 * math.sqrt(square), rel=1e-15)
    assert identity_attention.approach(20, add_c, add_d) < 1e-100


def test_nothing_added_is_the_claim_for_the_practical() -> None:
    for beta in (0.5, 1, 3):
        alone = identity_attention.approach(beta, 0, 0)
        assert alone == pytest.approx(identity_attention.error(beta), rel=1e-13)
