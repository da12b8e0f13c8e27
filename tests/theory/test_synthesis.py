"""The synthesiser against attention by plain loops, a general optimiser and exact ranks.

Random inputs have fixed seeds, and what is asserted of them is a theorem up to rounding: no test
fails by chance.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from scipy import optimize

from reports.record import InputError
from theory import key_query_value
from theory.matrices import (
    conditioning,
    least_norm,
    low_rank,
    practical_synthesis,
    score_matrix,
    set_attention,
    solution_families,
    targets,
)
from theory.matrices.synthesis import Synthesis, synthesise
from theory.matrices.targets import Target

ROUNDING = 1e-9


def by_loops(x: np.ndarray, found: Synthesis) -> tuple[list[list[float]], list[np.ndarray]]:
    """Weights and outputs of attention with these matrices, one number at a time."""
    keys = [[sum(a * b for a, b in zip(row, v, strict=True)) for row in found.key] for v in x]
    queries = [[sum(a * b for a, b in zip(row, v, strict=True)) for row in found.query] for v in x]
    values = [found.value @ v for v in x]
    shares, outputs = [], []
    for query in queries:
        scores = [sum(a * b for a, b in zip(key, query, strict=True)) for key in keys]
        powers = [math.exp(s - max(scores)) for s in scores]
        shares.append([p / sum(powers) for p in powers])
        outputs.append(sum(a * v for a, v in zip(shares[-1], values, strict=True)))
    return shares, outputs


def weights_of(target: Target, n: int) -> np.ndarray:
    row = np.zeros(n)
    for j, w in (target if isinstance(target, Mapping) else {target: 1}).items():
        row[j] = w
    return row


def some_targets(random: np.random.Generator, n: int) -> list[Target]:
    """Single sources, weighted sets and free positions, at least one of them not free."""
    found: list[Target] = [int(random.integers(n))]
    for _ in range(n - 1):
        size = int(random.integers(1, n + 1))
        chosen = random.choice(n, size, replace=False).tolist()
        shares = random.dirichlet(np.ones(size)).tolist()
        mixed = dict(zip(chosen, shares, strict=True))
        found.append([None, int(random.integers(n)), mixed][random.integers(3)])
    return found


def consistent_outputs(
    random: np.random.Generator, attended: Sequence[Target], width: int
) -> list[np.ndarray | None]:
    """Outputs that some values give: those of random ones; one in four is not asked for."""
    values = random.standard_normal((len(attended), width))
    wanted = [None if t is None else weights_of(t, len(values)) @ values for t in attended]
    return [wanted[0], *(None if random.random() < 0.25 else o for o in wanted[1:])]


@pytest.mark.parametrize("seed", range(40))
def test_random_wishes_are_met(seed: int) -> None:
    """Weights within a set are exact but for the leak, and the bounds hold, in plain loops."""
    random = np.random.default_rng(seed)
    n = int(random.integers(2, 7))
    x = random.standard_normal((n, n + int(random.integers(3))))
    attended = some_targets(random, n)
    wanted = consistent_outputs(random, attended, width=3)
    found = synthesise(x, attended, wanted, error=1e-4)
    shares, outputs = by_loops(x, found)
    assert np.array(outputs) == pytest.approx(found.attend(x), abs=ROUNDING)
    assert found.error_bound <= 1e-4 * (1 + 1e-6)
    assert found.duality_gap is not None
    assert found.duality_gap < ROUNDING
    for i, target in enumerate(attended):
        if target is None:
            continue
        row = weights_of(target, n)
        inside = sum(shares[i][j] for j in range(n) if row[j])
        count = int((row > 0).sum())
        leak = set_attention.error(found.margin, n, count, 1) if count < n else 0.0
        assert inside >= 1 - leak - ROUNDING
        assert [shares[i][j] / inside for j in range(n) if row[j]] == pytest.approx(row[row > 0])
        if (output := wanted[i]) is not None:
            assert np.linalg.norm(outputs[i] - output) <= found.error_bound + ROUNDING


@pytest.mark.parametrize("rank", [None, 2])
def test_all_assignments_of_up_to_four_positions(rank: int | None) -> None:
    random = np.random.default_rng(0)
    for n in (2, 3, 4):
        x = random.standard_normal((n, n))
        values = random.standard_normal((n, 2))
        for attended in itertools.product(range(n), repeat=n):
            found = synthesise(x, attended, [values[t] for t in attended], error=0.01, rank=rank)
            assert np.linalg.norm(found.attend(x) - values[list(attended)], axis=1).max() <= 0.0101
            scores = x @ found.score_matrix @ x.T
            assert tuple(scores.argmax(axis=0)) == attended
            assert len(found.key) <= (rank or n)


def test_a_margin_smaller_than_the_one_chosen_breaks_the_worst_case() -> None:
    """Orthonormal inputs and one other value: the bound on the error is attained."""
    x, wanted = np.eye(2), [[1.0], None]
    found = synthesise(x, [0, None], wanted, error=1e-3)
    assert abs(found.attend(x)[0, 0] - 1) == pytest.approx(1e-3)
    less = synthesise(x, [0, None], wanted, margin=found.margin - 0.01)
    assert abs(less.attend(x)[0, 0] - 1) > 1.009e-3


# ------------------------------------------------------------------------------- least norm


def by_optimiser(x: np.ndarray, attended: Sequence[Target], margin: float) -> float:
    """The least square norm by sequential quadratic programming, from the definition."""
    n, d = x.shape
    bounds, levels = [], []
    for i, target in enumerate(attended):
        if target is None:
            continue
        row = weights_of(target, n)
        inside = [j for j in range(n) if row[j]]
        for j in range(n):
            difference = np.outer(x[inside[0]] - x[j], x[i]).ravel()
            if j not in inside:
                bounds.append((difference, margin + math.log(row[inside[0]])))
            elif j != inside[0]:
                levels.append((difference, math.log(row[inside[0]] / row[j])))
    rules = [
        {"type": kind, "fun": lambda m, a=a, b=b: a @ m - b, "jac": lambda m, a=a: a}
        for kind, table in (("ineq", bounds), ("eq", levels))
        for a, b in table
    ]
    found = optimize.minimize(
        lambda m: m @ m, np.zeros(d * d), jac=lambda m: 2 * m, constraints=rules, method="SLSQP",
        options={"ftol": 1e-9, "maxiter": 500},
    )  # fmt: skip
    assert found.success, found.message
    return float(found.fun)


@pytest.mark.parametrize("seed", range(12))
def test_no_optimiser_finds_a_smaller_matrix(seed: int) -> None:
    random = np.random.default_rng(seed)
    n = int(random.integers(2, 5))
    x = random.standard_normal((n, n + seed % 2))
    attended = some_targets(random, n)
    found = least_norm.least_norm(x, attended, margin=3.0)
    square = float((found.matrix**2).sum())
    assert square == pytest.approx(by_optimiser(x, attended, 3.0), rel=1e-6)
    assert found.bound == pytest.approx(square, rel=1e-9)
    reached = targets.margins(x @ found.matrix @ x.T, targets.sets(attended))
    assert min(reached.values()) >= 3.0 - ROUNDING


def test_orthonormal_scores_are_the_closed_form() -> None:
    n, margin = 5, 7.0
    attended = [3, 3, 0, None, 1]
    column = {True: margin * (1 - 1 / n), False: -margin / n}
    expected = [[0.0 if t is None else column[j == t] for t in attended] for j in range(n)]
    found = least_norm.least_norm(np.eye(n), attended, margin).matrix
    assert found == pytest.approx(np.array(expected), abs=ROUNDING)
    assert least_norm.orthonormal(margin, n, 4) == pytest.approx((found**2).sum())


@pytest.mark.parametrize("rho", [-0.2, 0.0, 0.6])
def test_inputs_that_resemble_one_another_need_a_larger_matrix(rho: float) -> None:
    """Against the general optimiser, for unit vectors with one product."""
    n, margin = 4, 2.0
    x = np.linalg.cholesky(np.eye(n) * (1 - rho) + rho)
    square = by_optimiser(x, [2, 0, 3, 1], margin)
    assert conditioning.correlated(margin, n, rho) == pytest.approx(square, rel=1e-6)


def test_singular_values_bound_the_least_norm_from_both_sides() -> None:
    random = np.random.default_rng(6)
    ratios = []
    for _ in range(50):
        x = random.standard_normal((4, 5))
        wanted = random.integers(4, size=4).tolist()
        square = (least_norm.least_norm(x, wanted, 3.0).matrix ** 2).sum()
        largest, *_, smallest = np.linalg.svd(x)[1]
        lower, upper = (
            conditioning.singular_values(3.0, 4, 4, float(s)) for s in (largest, smallest)
        )
        assert lower * (1 - ROUNDING) <= square <= upper * (1 + ROUNDING)
        ratios.append(square / upper)
    assert max(ratios) > 0.1, "the bound says something"


def test_any_other_matrix_with_the_margin_is_larger() -> None:
    """The nearest competitors: every feasible step from the least one lengthens it."""
    random = np.random.default_rng(1)
    x, attended = random.standard_normal((4, 5)), [1, 2, 3, 0]
    least = least_norm.least_norm(x, attended, 2.0).matrix
    feasible = 0
    for _ in range(300):
        other = least + 0.1 * random.standard_normal(least.shape)
        reached = min(targets.margins(x @ other @ x.T, targets.sets(attended)).values())
        other *= 2.0 / reached if reached > 0 else math.nan
        if reached > 0:
            feasible += 1
            assert (other**2).sum() > (least**2).sum()
    assert feasible > 100


def test_given_scores_are_realised_exactly_in_rationals() -> None:
    """The sum of outer products of dual vectors, in fractions, and that numpy agrees."""
    x = sp.Matrix([[1, 2, 0], [0, 1, -1]])
    scores = sp.Matrix([[3, -1], [2, 5]])
    dual = (x * x.T).inv() * x
    matrix = sum(
        (scores[j, i] * dual.row(j).T * dual.row(i) for j in range(2) for i in range(2)),
        sp.zeros(3, 3),
    )
    assert x * matrix * x.T == scores
    found = score_matrix.with_scores(
        np.array(x.tolist(), dtype=float), np.array(scores.tolist(), dtype=float)
    )
    assert found == pytest.approx(np.array(matrix.tolist(), dtype=float))


# --------------------------------------------------------------------------------- low rank


@pytest.mark.parametrize("n", [2, 3, 4, 5, 8])
def test_the_circle_has_rank_two_and_the_margin_asked_for(n: int) -> None:
    x = np.random.default_rng(n).standard_normal((n, n + 1))
    attended = [(3 * i + 1) % n for i in range(n)]
    matrix = low_rank.low_rank(x, attended, margin=4.0)
    assert np.linalg.svd(matrix)[1][2:].max(initial=0.0) < ROUNDING * abs(matrix).max()
    reached = targets.margins(x @ matrix @ x.T, targets.sets(attended))
    assert min(reached.values()) == pytest.approx(4.0)


def test_two_targets_need_one_row_and_three_need_two() -> None:
    x = np.random.default_rng(0).standard_normal((5, 5))
    two = low_rank.low_rank(x, [4, 1, 1, 4, 4], margin=4.0)
    assert np.linalg.matrix_rank(two) == 1
    assert np.linalg.matrix_rank(low_rank.low_rank(x, [4, 1, 2, 4, 4], margin=4.0)) == 2
    with pytest.raises(InputError, match="rank must be at least 2 for such targets, got 1"):
        synthesise(x, [4, 1, 2, 4, 4], [[1.0], *[None] * 4], rank=1)


def test_three_targets_in_one_dimension_are_infeasible_for_every_choice_of_signs() -> None:
    """Exact: for each pattern of signs of b a linear programme in the keys a has no solution."""
    attended = (0, 1, 2)
    for signs in itertools.product((-1, 1), repeat=3):
        rows = []
        for sign, t in zip(signs, attended, strict=True):
            for j in range(3):
                if j != t:
                    row = np.zeros(3)
                    row[t], row[j] = -sign, sign
                    rows.append(row)
        assert optimize.linprog(np.zeros(3), rows, -np.ones(6), bounds=(None, None)).status == 2


def test_the_circle_in_exact_arithmetic() -> None:
    """Eight keys, with sympy's exact cosines: ranks and margins without rounding."""
    keys = sp.Matrix(8, 2, lambda j, c: (sp.cos, sp.sin)[c](sp.pi * j / 4))
    scores = (keys * keys.T).applyfunc(sp.nsimplify)
    assert scores.rank(simplify=True) == 2
    margins = {scores[t, t] - scores[j, t] for t in range(8) for j in range(8) if j != t}
    assert min(margins) == 1 - sp.cos(sp.pi / 4)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_weighted_sets_need_two_rows_for_each_source(size: int) -> None:
    random = np.random.default_rng(size)
    n = 8
    x = random.standard_normal((n, n))
    attended = [
        dict(zip(c, random.dirichlet(np.ones(size)).tolist(), strict=True))
        for c in (random.choice(n, size, replace=False).tolist() for _ in range(n))
    ]
    outputs = consistent_outputs(random, attended, width=2)
    found = synthesise(x, attended, outputs, rank=2 * size, margin=6.0)
    assert len(found.key) <= 2 * size
    assert found.margin == pytest.approx(6.0, rel=1e-6)
    shares, _ = by_loops(x, found)
    for row, target in zip(shares, attended, strict=True):
        inside = np.array([row[j] for j in target])
        assert inside / inside.sum() == pytest.approx(list(target.values()), rel=1e-6)


# --------------------------------------------------------------------------------- families


def test_another_basis_of_keys_and_queries_changes_nothing() -> None:
    random = np.random.default_rng(3)
    x, M = random.standard_normal((4, 4)), random.standard_normal((4, 4))
    key, query = score_matrix.factors(M)
    assert key.T @ query == pytest.approx(M)
    A = random.standard_normal((4, 4))
    other_key, other_query = A @ key, np.linalg.inv(A).T @ query
    assert (x @ other_key.T) @ (x @ other_query.T).T == pytest.approx(x @ M @ x.T)
    wrong = A @ query
    assert (x @ other_key.T) @ (x @ wrong.T).T != pytest.approx(x @ M @ x.T)


def test_the_families_are_all_solutions_and_nothing_else() -> None:
    """Members attend alike; a step orthogonal to the family changes a weight."""
    random = np.random.default_rng(4)
    x, M = random.standard_normal((3, 4)), random.standard_normal((4, 4))
    free = solution_families.score_freedom(x, attending=[0, 2])
    assert len(free) == solution_families.scores(4, 3, 2)

    def shares(matrix: np.ndarray) -> np.ndarray:
        powers = np.exp(x @ matrix @ x.T)
        return np.asarray((powers / powers.sum(axis=0))[:, [0, 2]])

    member = M + np.tensordot(random.standard_normal(len(free)), free, 1)
    assert shares(member) == pytest.approx(shares(M))
    assert member != pytest.approx(M)
    step = random.standard_normal(M.shape)
    step -= np.tensordot(np.tensordot(free, step, 2), free, 1)
    assert abs(shares(M + 0.1 * step) - shares(M)).max() > 1e-3
    projection = solution_families.value_freedom(x[:2])
    V = random.standard_normal((4, 4))
    assert (V + random.standard_normal((4, 4)) @ projection) @ x[:2].T == pytest.approx(V @ x[:2].T)
    # A projection's trace is its rank, and no rounding makes it count a zero as a direction.
    assert 4 * np.trace(projection) == pytest.approx(solution_families.values(4, 4, 2))
    assert projection @ projection == pytest.approx(projection)


# ---------------------------------------------------------------------------- question 2e.2


def test_the_practical_is_one_call() -> None:
    """The closed forms of claim practical_synthesis.least_norm, and the exact errors."""
    beta, gain = 1.5, 2.0
    basis = np.linalg.qr(np.random.default_rng(5).standard_normal((7, 7)))[0]
    u_a, u_b, u_c, u_d = beta * basis[:4]
    x = np.stack([u_d + u_b, u_a, u_c + u_b])
    found = practical_synthesis.synthesised(u_a, u_b, u_c, u_d, gain)
    g_1 = gain / 5 * ((x[2] - x[1]) + 2 * (x[2] - x[0]))
    g_2 = gain / 5 * ((x[0] - x[1]) + 2 * (x[0] - x[2]))
    expected = np.outer(g_1, x[0]) / (2 * beta**2) + np.outer(g_2, x[1]) / beta**2
    assert found.score_matrix == pytest.approx(expected, abs=ROUNDING)
    assert (found.score_matrix**2).sum() == pytest.approx(practical_synthesis.least_norm(gain))
    value = (np.outer(u_b, 2 * x[0] - x[2]) + np.outer(u_b - u_c, 2 * x[2] - x[0])) / (3 * beta**2)
    assert found.value == pytest.approx(value, abs=ROUNDING)
    outputs = found.attend(x)
    assert np.linalg.norm(outputs[0] - (u_b - u_c)) == pytest.approx(
        key_query_value.error(gain, beta), abs=ROUNDING
    )
    assert np.linalg.norm(outputs[1] - u_b) == pytest.approx(
        key_query_value.error_second(gain, beta), abs=ROUNDING
    )
    assert len(found.key) == 2


def test_the_answer_in_closed_form_belongs_to_the_families() -> None:
    """K, Q and V of the practical's answer differ from the synthesiser's by free parts alone."""
    u, x, _ = key_query_value.arranged(1.3)
    K, Q, V = key_query_value.matrices(*u, 2.0)
    found = practical_synthesis.synthesised(*u, 2.0)
    free = solution_families.score_freedom(x, attending=[0, 1])
    step = K.T @ Q - found.score_matrix
    assert np.tensordot(np.tensordot(free, step, 2), free, 1) == pytest.approx(step, abs=ROUNDING)
    projection = solution_families.value_freedom(x[[0, 2]])
    assert (V - found.value) @ projection == pytest.approx(V - found.value, abs=ROUNDING)


def test_a_bound_for_sets_by_fractions() -> None:
    """e^(−Δ) = 1/4, two of five inputs with weights 1/3 and 2/3, all others at the margin."""
    t, weights = Fraction(1, 4), [Fraction(1, 3), Fraction(2, 3)]
    total = sum(weights) + 3 * t
    values = [Fraction(3), Fraction(6), *[Fraction(7)] * 3]
    powers = [*weights, t, t, t]
    output = sum(p * v for p, v in zip(powers, values, strict=True)) / total
    wanted = weights[0] * values[0] + weights[1] * values[1]
    assert wanted == 5
    assert set_attention.error(math.log(4), 5, 2, 2) == pytest.approx(float(output - wanted))
    assert set_attention.margin(float(output - wanted), 5, 2, 2) == pytest.approx(math.log(4))
