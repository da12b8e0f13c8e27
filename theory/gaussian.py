"""The normal distribution: its density, its distribution function and two bounds on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import sympy as sp

if TYPE_CHECKING:
    from theory.proof.steps import Proof


class Phi(sp.Function):
    """Distribution function of the standard normal, with its derivative known."""

    nargs = 1
    is_real = True

    @classmethod
    def eval(cls, x: sp.Expr) -> sp.Expr | None:
        return sp.Rational(1, 2) if x.is_zero else None

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return phi(self.args[0])

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        power = "" if exp is None else f"^{{{exp}}}"
        return rf"\Phi{power}\left({printer.doprint(self.args[0])}\right)"


def phi(x: sp.Expr) -> sp.Expr:
    """Density of the standard normal."""
    return sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)


class Abbreviation(sp.Function):
    """A named quantity that prints by its name and knows its definition.

    letter: its name in LaTeX, before its arguments
    """

    is_real = True
    letter: ClassVar[str]

    def definition(self) -> sp.Expr:
        """The expression that it stands for."""
        raise NotImplementedError

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        power = "" if exp is None else f"^{{{exp}}}"
        return f"{self.letter}{power}({', '.join(map(printer.doprint, self.args))})"


def spelled_out(expression: sp.Expr) -> sp.Expr:
    """The same expression with every abbreviation replaced by its definition."""
    return expression.replace(
        lambda e: isinstance(e, Abbreviation), lambda e: spelled_out(e.definition())
    )


def as_erfc(expression: sp.Expr) -> sp.Expr:
    """The same expression with Phi(x) written as erfc(-x/√2)/2, which keeps its lower tail."""
    return expression.replace(Phi, lambda x: sp.erfc(-x / sp.sqrt(2)) / 2)


def tail_bound(x: sp.Symbol, proof: Proof) -> sp.Expr:
    """Prove 2Φ(−x) ≤ e^(−x²/2) for x ≥ 0 and return the right side."""
    slack = sp.exp(-(x**2) / 2) - 2 * Phi(-x)
    proof.equal(
        sp.diff(slack, x),
        sp.exp(-(x**2) / 2) * (sp.sqrt(2 / sp.pi) - x),
        f"the slack $f({x}) = e^{{-{x}^2/2}} - 2\\Phi(-{x})$ rises up to "
        f"${x} = \\sqrt{{2/\\pi}}$, then falls",
        f"f'({x})",
    )
    ends = [slack.subs(x, 0), sp.limit(as_erfc(slack), x, sp.oo)]
    proof.equal(
        sp.Matrix(ends),
        sp.zeros(2, 1),
        f"from 0 it rises and to 0 it falls, so $f \\ge 0$: $2\\Phi(-{x}) \\le e^{{-{x}^2/2}}$ for "
        f"${x} \\ge 0$",
        r"(f(0), f(\infty))^\top",
    )
    return sp.exp(-(x**2) / 2)


def mean_of_exponential(mean: sp.Expr, variance: sp.Expr, x: sp.Symbol, proof: Proof) -> sp.Expr:
    """Prove E[e^X] = e^(mean + variance/2) for X ~ N(mean, variance) and return the right side."""
    power = mean + variance / 2
    proof.equal(
        x - (x - mean) ** 2 / (2 * variance),
        power - (x - mean - variance) ** 2 / (2 * variance),
        rf"complete the square: $e^{{{x}}}$ times the normal density at ${x}$ is a constant times "
        r"another normal density, so the mean of the exponential is $e$ to the power of what "
        "stands before the last square on the right",
    )
    return sp.exp(power)


def mean_of_exponential_square(
    linear: sp.Expr, square: sp.Expr, mean: sp.Expr, variance: sp.Expr, x: sp.Symbol, proof: Proof
) -> tuple[sp.Expr, sp.Expr]:
    """Prove E[e^(linear·X − square·X²)] = narrowed^(−1/2) e^power for X ~ N(mean, variance).

    Returns narrowed = 1 + 2·square·variance, which must be positive, and power.
    """
    narrowed = sp.expand(1 + 2 * square * variance)
    power = (linear * mean + variance * linear**2 / 2 - square * mean**2) / narrowed
    centre = (mean + variance * linear) / narrowed
    proof.equal(
        linear * x - square * x**2 - (x - mean) ** 2 / (2 * variance),
        power - narrowed * (x - centre) ** 2 / (2 * variance),
        rf"complete the square in ${x}$: the exponential times the normal density is a constant "
        r"times another normal density, so its mean is $e$ to the power of what stands before "
        r"the last square on the right, over the root of the factor by which that square is "
        "larger than the one on the left",
    )
    return narrowed, power
