"""LaTeX of sympy expressions, in the subset that both renderers of the report know."""

from __future__ import annotations

import re
from typing import Any

import sympy as sp
from sympy.printing.latex import LatexPrinter


class _Printer(LatexPrinter):
    """Sums start with a term that is not negative, and with a number before an exponential."""

    def _as_ordered_terms(self, expr: sp.Expr, order: str | None = None) -> list[sp.Expr]:
        terms: list[sp.Expr] = super()._as_ordered_terms(expr, order)
        before_exponentials = expr.has(sp.exp)

        def rank(term: sp.Expr) -> int:
            if term.could_extract_minus_sign():
                return 2
            return 0 if before_exponentials and term.is_Number else 1

        return sorted(terms, key=rank)

    def _print_log(self, expr: sp.Expr, exp: str | None = None) -> str:
        power = "" if exp is None else f"^{{{exp}}}"
        return rf"\log{power}\left({self._print(expr.args[0])}\right)"


def latex(expression: sp.Expr, product: str | None = None) -> str:
    """LaTeX of an expression; `product` is the sign of multiplication: None or 'dot'."""
    settings: dict[str, Any] = {"mat_str": "pmatrix", "mat_delim": "", "mul_symbol": product}
    return str(_Printer(settings).doprint(expression))


def breadth(formula: str) -> int:
    """About how many characters wide a formula is: commands count one, fractions both parts."""
    return len(re.sub(r"\\(left|right|frac)|[{}^_\s]", "", re.sub(r"\\[a-zA-Z]{5,}", "x", formula)))


def scientific(value: float) -> str:
    """A number to four digits: 0.001234 or 1.234 · 10^{−12}."""
    digits = f"{value:.4g}"
    if "e" not in digits:
        return digits
    mantissa, exponent = digits.split("e")
    power = rf"10^{{{int(exponent)}}}"
    return power if mantissa == "1" else rf"{mantissa} \cdot {power}"
