"""The deciders: what they prove is true, what is false they refute, and they admit ignorance."""

from __future__ import annotations

import pytest
import sympy as sp
from flint import arb

from theory.gaussian import Phi, phi
from theory.proof import algebra, rigorous
from theory.proof.steps import Proof, RefutedError

x, y = sp.symbols("x y", positive=True)
z = sp.Symbol("z", real=True)
n = sp.Symbol("n", integer=True, positive=True)
DOMAIN: algebra.Domain = {
    x: (sp.Integer(0), sp.oo),
    y: (sp.Integer(0), sp.Integer(1)),
    z: (-sp.oo, sp.oo),
    n: (sp.Integer(2), sp.oo),
}

TRUE = [
    (sp.exp(x) / (sp.exp(x) + n - 1), 1 / (1 + (n - 1) * sp.exp(-x))),
    (sp.exp(z + x), sp.exp(z) * sp.exp(x)),
    (Phi(-z), 1 - Phi(z)),
    (sp.diff(Phi(x * z), z), x * phi(x * z)),
    (sp.log(x * y), sp.log(x) + sp.log(y)),
    (Phi(z) ** n / Phi(z), Phi(z) ** (n - 1)),
]
FALSE = [
    (sp.exp(x) / (sp.exp(x) + n), 1 / (1 + (n - 1) * sp.exp(-x))),
    (Phi(-z), Phi(z)),
    (sp.sqrt(x**2 + y**2), x + y),
    (sp.exp(z), 1 + z + z**2 / 2),
    (x, x + sp.Rational(1, 10**30)),
]


@pytest.mark.parametrize(("left", "right"), TRUE)
def test_true_identities_are_proved(left: sp.Expr, right: sp.Expr) -> None:
    assert algebra.identity(left, right, DOMAIN).verdict == "proved"


@pytest.mark.parametrize(("left", "right"), FALSE)
def test_false_identities_are_refuted_at_a_point(left: sp.Expr, right: sp.Expr) -> None:
    decision = algebra.identity(left, right, DOMAIN)
    assert decision.verdict == "refuted"
    assert "the sides differ by" in decision.how


def test_inequalities() -> None:
    assert algebra.nonnegative(x - x * y, DOMAIN).verdict == "proved"
    assert algebra.nonnegative((n - 2) * x, DOMAIN).verdict == "proved"
    assert algebra.nonnegative(sp.Integer(0), DOMAIN).verdict == "proved"
    assert algebra.nonnegative(y - y**2 * x, DOMAIN).verdict == "refuted"
    assert algebra.nonnegative((n - 3) * x, DOMAIN).verdict == "refuted"
    assert algebra.nonnegative(sp.Integer(-1), DOMAIN).verdict == "refuted"


def test_a_true_inequality_beyond_the_method_is_unknown_not_proved() -> None:
    assert algebra.nonnegative((x - 1) ** 2 + (y - 1) ** 2, DOMAIN).verdict == "unknown"
    assert algebra.nonnegative(sp.exp(z) - 1 - z, DOMAIN).verdict == "unknown"


def test_one_variable_is_decided_by_counting_roots() -> None:
    """Coefficients of both signs; roots of even multiplicity and at the ends change no sign."""
    for true in (x**2 - x + 1, (x - 2) ** 2 * x, (y - y**2) * (y**2 - y + 1), 1 / (z**2 - z + 1)):
        decision = algebra.nonnegative(true, DOMAIN)
        assert decision.verdict == "proved"
        assert decision.how.startswith(("root counting; ", "signs of coefficients; "))
    assert algebra.nonnegative(x**2 - x + 1, DOMAIN).how.startswith("root counting; ")
    for false in (x**2 - 3 * x + 1, (x - 2) ** 3, 1 / (1 - x)):
        assert algebra.nonnegative(false, DOMAIN).verdict == "refuted"


def test_a_dip_between_the_sample_points_is_found_on_the_box() -> None:
    dip = (y - sp.Rational(73, 100)) ** 2 - sp.Rational(9, 10000)
    assert all(dip.subs(point) > 0 for point in algebra.points({y}, DOMAIN))
    assert algebra.nonnegative(dip, DOMAIN).how.startswith("violated in the whole box $y")


def test_a_compact_domain_may_be_certified_by_balls_alone() -> None:
    assert (
        algebra.nonnegative(sp.exp(y) - 1 - y / 2, DOMAIN).how == "Arb certifies the whole domain"
    )


def test_a_twin_is_followed_to_its_first_refuted_step() -> None:
    proof = Proof(DOMAIN, stops=True)
    proof.equal(x, x + 0 * y, "true")
    with pytest.raises(RefutedError, match="the sides differ"):
        proof.equal(x, 2 * x, "false")
    assert [d.verdict for d in proof.decisions] == ["proved", "refuted"]


def test_an_inequality_may_have_to_be_attained() -> None:
    proof = Proof(DOMAIN)
    proof.at_most(x * y, x, "attained", equality={y: 1})
    assert proof.steps[0].check.endswith("; equality at $y = 1$")
    assert proof.verdict == "proved"
    proof.at_most(x * y, 2 * x, "true, with room to spare", equality={y: 1})
    assert proof.verdict == "refuted"


def test_a_computed_fact_counts_as_it_was_found() -> None:
    proof = Proof(DOMAIN)
    proof.holds("1 + 1 = 2", 1 + 1 == 2, "a sum", "integers")
    assert proof.verdict == "proved"
    proof.holds("1 + 1 = 3", 1 + 1 == 3, "another", "integers")
    assert proof.verdict == "refuted"
    assert proof.steps[0].check == "integers"


def test_a_matrix_is_compared_entry_by_entry() -> None:
    proof = Proof(DOMAIN)
    proof.equal(sp.Matrix([x, y]), sp.Matrix([x, y]), "the same")
    assert proof.verdict == "proved"
    proof.equal(sp.Matrix([x, y]), sp.Matrix([x, x]), "one entry is wrong")
    assert proof.verdict == "refuted"


def test_a_proof_without_steps_proves_nothing() -> None:
    assert Proof(DOMAIN).verdict == "unknown"


def test_an_unknown_step_leaves_the_proof_unknown() -> None:
    proof = Proof(DOMAIN)
    proof.equal(x, x, "trivial")
    proof.at_most(1 + z, sp.exp(z), "true, but not decided here")
    assert proof.verdict == "unknown"


def test_softmax_weights_sum_to_one_for_any_number_of_keys() -> None:
    groups = [(x, sp.Integer(2)), (z, n), (sp.Integer(0), sp.Integer(1))]
    weights = algebra.softmax(groups)
    total = sum((count * w for w, (_, count) in zip(weights, groups, strict=True)), sp.Integer(0))
    assert algebra.identity(total, sp.Integer(1), DOMAIN).verdict == "proved"


def test_balls_enclose_known_values() -> None:
    half = rigorous.enclose(Phi(z), {z: sp.Integer(0)}).value
    assert half.contains(arb("0.5"))
    tail = rigorous.enclose(Phi(z), {z: sp.Integer(-10)}).value
    assert tail.overlaps(arb("7.61985302416052606597334325145e-24", "1e-52"))
    total = rigorous.enclose(sp.Integral(phi(z), (z, -sp.oo, sp.oo)), {}).value
    assert total.contains(1)
    assert total.rad() < arb("1e-15")


def test_an_unfamiliar_function_is_an_error_not_a_guess() -> None:
    with pytest.raises(TypeError, match="no enclosure is known for asin"):
        rigorous.enclose(sp.asin(z), {z: sp.Integer(1)})


def test_a_wide_step_is_set_on_two_lines_and_a_short_one_on_one() -> None:
    proof = Proof(DOMAIN)
    proof.equal(x * y, y * x, "short", "a")
    assert proof.steps[0].latex == "a = x y"
    proof.equal((x + y + z) ** 9, sp.expand((x + y + z) ** 9), "wide", "a")
    assert proof.steps[1].latex.startswith(r"\begin{aligned} a &= ")
