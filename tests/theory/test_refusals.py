"""What the synthesiser refuses: every certificate is multiplied out here once more."""

from __future__ import annotations

import dataclasses
import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy as sp

from reports.record import InputError
from theory.matrices import (
    fredholm,
    least_norm,
    low_rank,
    score_matrix,
    solution_families,
    synthesis,
    targets,
)
from theory.matrices.fredholm import Certificate, RefusalError, contradiction, dependence, left_null
from theory.matrices.synthesis import synthesise
from theory.matrices.targets import Target

X = [[1, 0, 0], [1, 1, 0], [0, 0, 2]]
HALF = Fraction(1, 2)


def combined(coefficients: tuple[Any, ...], table: Any) -> list[Any]:
    """Σ coefficient · row, entry by entry."""
    width = len(table[0])
    pairs = list(zip(coefficients, table, strict=True))
    return [sum(c * row[k] for c, row in pairs) for k in range(width)]


def refused(*arguments: Any, **named: Any) -> tuple[str, tuple[Certificate, ...]]:
    with pytest.raises(RefusalError) as caught:
        synthesise(*arguments, **named)
    message = str(caught.value)
    assert "\n" not in message
    return message, caught.value.certificates


# --------------------------------------------------------------------- contradicting outputs


def test_one_source_and_two_outputs_are_refused_exactly() -> None:
    outputs = [[1, Fraction(1, 3)], [1, HALF], [5, 5]]
    message, (certificate,) = refused(X, [2, 2, 0], outputs)
    assert message.startswith("no V gives these outputs: c[0] − c[1] = 0 whatever V is")
    y = certificate.combination
    assert all(isinstance(c, Fraction) for c in y)
    assert combined(y, [[0, 0, 1], [0, 0, 1], [1, 0, 0]]) == [0, 0, 0]
    assert combined(y, outputs) == certificate.left == [0, Fraction(1, 3) - HALF]
    assert certificate.holds


def test_weighted_sets_that_contradict_are_refused_exactly() -> None:
    """The mean of two outputs must be the output of the mean of their sources."""
    attended: list[Target] = [0, 1, {0: HALF, 1: HALF}]
    _, (certificate,) = refused(X, attended, [[1], [3], [7]])
    y = certificate.combination
    assert combined(y, [[1, 0, 0], [0, 1, 0], [HALF, HALF, 0]]) == [0, 0, 0]
    assert abs(combined(y, [[1], [3], [7]])[0] / y[2]) == 5
    assert synthesise(X, attended, [[1], [3], [2]]).error_bound <= 1e-3 + 1e-9


def test_positions_without_an_output_are_left_out_of_the_combination() -> None:
    message, _ = refused(X, [2, 1, 2], [[1], None, [2]])
    assert "c[0] − c[2] = 0" in message


@pytest.mark.parametrize("n", [2, 3])
def test_refused_if_and_only_if_linear_algebra_finds_no_solution(n: int) -> None:
    """All assignments of n positions with outputs 0 or 1, against ranks of the bordered table."""
    counted = {True: 0, False: 0}
    for attended in itertools.product(range(n), repeat=n):
        rows = sp.Matrix(n, n, lambda i, j, t=attended: int(t[i] == j))
        for outputs in itertools.product((0, 1), repeat=n):
            solvable = rows.rank() == rows.row_join(sp.Matrix(outputs)).rank()
            found = contradiction(rows.tolist(), [[o] for o in outputs])
            assert (found is None) == solvable
            assert found is None or found.holds
            counted[solvable] += 1
    assert min(counted.values()) > 0


def test_float_outputs_are_compared_with_the_stated_tolerance() -> None:
    inside, outside = 1 + fredholm.TOLERANCE / 10, 1 + fredholm.TOLERANCE * 10
    assert contradiction([[1, 0], [1, 0]], [[1.0], [inside]]) is None
    found = contradiction([[1, 0], [1, 0]], [[1.0], [outside]])
    assert found is not None
    assert found.holds


def test_float_weights_are_refused_by_singular_values() -> None:
    weights = np.random.default_rng(0).dirichlet(np.ones(2), size=3)
    found = contradiction(weights, [[0.1], [0.2], [0.7]])
    assert found is not None
    assert np.array(found.combination) @ weights == pytest.approx(np.zeros(2), abs=1e-12)
    assert found.holds
    values = np.array([[0.3], [0.4]])
    assert contradiction(weights, weights @ values) is None


# ----------------------------------------------------------------------------- dependence


def test_dependent_inputs_are_refused_exactly() -> None:
    inputs = [[1, 2, 3], [Fraction(1, 3), 0, 1], [Fraction(5, 3), 4, 5]]
    message, (certificate,) = refused(inputs, [1, None, None], [[1], None, None])
    assert message == "the inputs are linearly dependent: 2·x[0] − x[1] − x[2] = 0"
    assert combined(certificate.combination, inputs) == [0, 0, 0]
    assert certificate.holds


def test_dependent_floats_are_refused_with_a_residual() -> None:
    inputs = np.random.default_rng(1).standard_normal((3, 5)) + 0.25
    inputs[2] = 0.3 * inputs[0] - 0.7 * inputs[1]
    found = dependence(inputs.tolist())
    assert found is not None
    assert found.holds
    assert np.array(found.combination) @ inputs == pytest.approx(np.zeros(5), abs=1e-12)
    inputs[2, 0] += 1e-3
    assert dependence(inputs.tolist()) is None


def test_more_inputs_than_dimensions_are_dependent() -> None:
    found = dependence(np.random.default_rng(2).standard_normal((4, 3)).tolist())
    assert found is not None
    assert found.holds


def test_left_null_spaces_have_the_dimension_of_the_rank_theorem() -> None:
    random = np.random.default_rng(3)
    for _ in range(30):
        m, n = random.integers(1, 6, size=2)
        table = random.integers(-1, 2, size=(m, n))
        null = left_null(table.tolist())
        assert len(null) == m - sp.Matrix(table.tolist()).rank()
        assert all(not any(combined(tuple(y), table.tolist())) for y in null)


def test_dependent_inputs_leave_only_the_square_of_their_rank_free() -> None:
    """Scores of all matrices with entries 0 or 1 at one place span exactly that many dimensions."""
    random = np.random.default_rng(7)
    for _ in range(20):
        n, d = random.integers(2, 5, size=2)
        x = sp.Matrix(random.integers(-1, 2, size=(n, d)).tolist())
        if rank := x.rank():
            spanned = sp.Matrix(
                [list(x.col(a) * x.col(b).T) for a in range(d) for b in range(d)]
            ).rank()
            assert int(n) ** 2 - spanned == fredholm.lost(int(n), rank)


def test_the_mean_of_two_inputs_is_never_attended_to_more_than_both() -> None:
    random = np.random.default_rng(8)
    x = random.standard_normal((3, 4))
    x[2] = (x[0] + x[1]) / 2
    assert dependence(x) is not None
    scores = x @ random.standard_normal((1000, 4, 4)) @ x.T
    assert np.all(scores[:, 2] <= np.maximum(scores[:, 0], scores[:, 1]) + 1e-12)


# --------------------------------------------------------------------------- false certificates


def test_a_changed_certificate_does_not_hold() -> None:
    found = contradiction([[1, 0], [1, 0], [0, 1]], [[1], [2], [3]])
    assert found is not None
    false = [
        dataclasses.replace(found, combination=(0, 0, 0)),
        dataclasses.replace(found, combination=(1, 1, 0)),
        dataclasses.replace(found, outputs=((1,), (1,), (3,))),
        dataclasses.replace(found, cancelled=((1, 0), (1, 1), (0, 1))),
    ]
    assert found.holds
    assert [certificate.holds for certificate in false] == [False] * 4


# --------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("inputs", "attended", "outputs", "named", "message"),
    [
        ([1, 2], [0], [[1]], {}, r"inputs must be an array of shape \(n, d\), got shape \(2,\)"),
        (X, [0, 1], [[1]] * 2, {}, "there must be 3 targets, got 2"),
        (X, [3, -1, None], [None] * 3, {}, r"targets\[0\] names no position 3; .*position -1"),
        (X, [0, True, None], [None] * 3, {}, r"targets\[1\] names no position True"),
        (X, [{}, 0, 0], [None] * 3, {}, r"targets\[0\] must have positive weights .* got none"),
        (X, [{0: 2, 1: -1}, 0, 0], [None] * 3, {}, r"positive weights .* got 2, -1"),
        (X, [{0: "all"}, 0, 0], [None] * 3, {}, r"targets\[0\] must have weights that are numbers"),
        (X, [None] * 3, [None] * 3, {}, "at least one position must have a target"),
        (X, [0, 1, 2], [None] * 3, {}, "at least one output must be wanted"),
        (X, [0, 1, 2], [[1]], {}, "outputs must hold an entry for each of the 3 positions"),
        (X, [0, 1, None], [[1], [2, 3], [1]], {}, r"outputs\[1\] must be.*; outputs\[2\] is want"),
        (X, [0, 1, 2], [[math.nan], None, None], {}, r"outputs\[0\] must be finite, got nan"),
        (X, [0, 1, 2], [[1], [2], [3]], {"rank": 1}, "rank must be at least 2 for such"),
        (X, [0, 4, 2], [[1]] * 3, {"error": -1}, "no position 4; error must .* got -1"),
        (X, [0, 1, 2], [[1]] * 3, {"margin": -2}, "margin must be a number of at least 0, got -2"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line(
    inputs: Any, attended: Any, outputs: Any, named: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        synthesise(inputs, attended, outputs, **named)
    assert "\n" not in str(caught.value)


def test_all_that_is_wrong_is_said_at_once() -> None:
    dependent = [[1, 0], [2, 0], [0, 1]]
    message, certificates = refused(dependent, [0, 0, 1], [[1], [2], [3]], error=0, rank=0)
    assert "linearly dependent: 2·x[0] − x[1] = 0; no V gives these outputs: c[0] − c[1]" in message
    assert message.endswith("error must be a number above 0, got 0; rank must be at least 1 for "
                            "such targets, got 0")  # fmt: skip
    assert len(certificates) == 2
    assert all(certificate.holds for certificate in certificates)


@pytest.mark.parametrize("function", [least_norm.least_norm, low_rank.low_rank])
def test_the_parts_check_their_assumptions_too(function: Any) -> None:
    with pytest.raises(InputError, match=r"margin must .*; there must be 2 targets, got 1; the in"):
        function(np.array([[1.0, 0], [2, 0]]), [0], -1)
    with pytest.raises(InputError, match="inputs must be an array"):
        function(np.zeros(3), [0], 1)


def test_many_inputs_need_a_rank() -> None:
    n = least_norm.LARGEST + 1
    with pytest.raises(InputError, match=f"more than {n - 1} inputs need a rank, of at least 1"):
        synthesise(np.eye(n), [0] * n, [[1.0]] * n)
    pair: list[Target] = [{0: 0.5, 1: 0.5}, *[None] * (n - 1)]
    with pytest.raises(InputError, match="rank must be at least 4 for such targets, got 1"):
        synthesise(np.eye(n), pair, [[1.0], *[None] * (n - 1)], rank=1)
    assert len(synthesise(np.eye(n), [0] * n, [[1.0]] * n, rank=2).key) == 1


def test_a_matrix_that_misses_the_margin_is_never_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounding does this to inputs that are nearly dependent; here one per cent is taken off."""

    def weaker(*arguments: Any) -> least_norm.LeastNorm:
        found = least_norm.least_norm(*arguments)
        return dataclasses.replace(found, matrix=0.99 * found.matrix)

    monkeypatch.setattr(synthesis, "least_norm", weaker)
    with pytest.raises(InputError, match=r"too close to dependent .* condition number is"):
        synthesise(X, [1, 2, 0], [[1.0], [2.0], [3.0]])


def test_matrices_of_a_wrong_shape_are_refused() -> None:
    with pytest.raises(InputError, match=r"inputs must be finite.*; scores must be an array"):
        score_matrix.with_scores(np.array([[math.inf]]), np.zeros(2))
    with pytest.raises(InputError, match="dependent: 2·x"):
        score_matrix.with_scores(np.array([[1.0], [2.0]]), np.zeros((2, 2)))
    with pytest.raises(InputError, match=r"matrix must be .* \(2, 2\).*; tolerance must be"):
        score_matrix.factors(np.zeros((2, 3)), tolerance=2.0)
    with pytest.raises(InputError, match="attending names no position 5"):
        solution_families.score_freedom(np.eye(2), attending=[0, 5])
    with pytest.raises(InputError, match="attended must be an array"):
        solution_families.value_freedom(np.zeros(3))


def test_margins_see_an_uneven_level_and_a_high_score_outside() -> None:
    """The measure that the tests of the matrices rely on, on numbers worked by hand."""
    even = np.array([[2.0 + math.log(0.25)], [2.0 + math.log(0.75)], [-1.0]])
    wanted = {0: {0: 0.25, 1: 0.75}}
    assert targets.margins(even, wanted)[0] == pytest.approx(3.0)
    uneven, high = (even + np.array([[0.0], *added]) for added in ([[-0.5], [0.0]], [[0.0], [1.0]]))
    assert targets.margins(uneven, wanted)[0] == pytest.approx(2.5)
    assert targets.margins(high, wanted)[0] == pytest.approx(2.0)
