"""The normal distribution: its density, its distribution function and two bounds on it."""

from __future__ import annotations

from typing import Any

import sympy as sp


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


def as_erfc(expression: sp.Expr) -> sp.Expr:
    """The same expression with Phi(x) written as erfc(-x/√2)/2, which keeps its lower tail."""
    return expression.replace(Phi, lambda x: sp.erfc(-x / sp.sqrt(2)) / 2)
