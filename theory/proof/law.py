"""Numeric laws: functions of named parameters that are compiled from a sympy expression.

A law is never typed a second time: the formula that a derivation proves is the formula that
`Law.__call__` evaluates, in floating point, for simulate/, for tests and for the command line.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import sympy as sp

from reports.record import InputError
from theory.gaussian import as_erfc, spelled_out
from theory.proof.assumptions import real, short
from theory.proof.typeset import latex

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

    Array = Float[np.ndarray, "..."]

PIECE = 1 / 8  # narrow enough for a softmax whose logits have deviations up to about 100


@dataclass(frozen=True)
class Parameter:
    """A named number and the interval it must lie in; `open` excludes both finite ends."""

    name: str
    symbol: sp.Symbol
    lower: float = -math.inf
    upper: float = math.inf
    open: bool = False
    integer: bool = False

    def violation(self, value: Any) -> str | None:
        """What is wrong with `value` (a number or a numpy array), or None if nothing is."""
        ends = _ends(value)
        if ends is None:
            return f"{self.name} must be {self.domain}, got {short(value)}"
        lowest, highest = ends
        inside = (
            self.lower < lowest and highest < self.upper
            if self.open
            else self.lower <= lowest and highest <= self.upper
        )
        finite = math.isfinite(lowest) and math.isfinite(highest)
        whole = not self.integer or (finite and float(lowest).is_integer())
        if inside and finite and whole:
            return None
        return f"{self.name} must be {self.domain}, got {_plain(value)}"

    @property
    def domain(self) -> str:
        """The allowed values in words."""
        kind = "an integer" if self.integer else "a number"
        if math.isinf(self.lower) and math.isinf(self.upper):
            return kind if self.integer else "a finite number"
        if math.isinf(self.upper):
            return f"{kind} {'above' if self.open else 'of at least'} {self.lower:g}"
        return f"{kind} {'strictly ' if self.open else ''}between {self.lower:g} and {self.upper:g}"


def _digits(value: float) -> str:
    """LaTeX of a number that may stand in a product or under a power."""
    if value.is_integer() and abs(value) < 1e9:
        text = f"{value:.0f}"
    else:
        text = re.sub(r"^(.*)e([+-]\d+)$", _power_of_ten, f"{value:.6g}")
    return rf"\left({text}\right)" if text.startswith("-") else text


def _power_of_ten(found: re.Match[str]) -> str:
    power = rf"10^{{{int(found[2])}}}"
    return power if found[1] == "1" else rf"{found[1]} \cdot {power}"


def _ends(value: Any) -> tuple[float, float] | None:
    """The least and the greatest of an array of real numbers, or of one; None for anything else."""
    if not hasattr(value, "shape"):
        found = real(value)
        return None if found is None else (found, found)
    if not value.size or value.dtype.kind not in "biuf":
        return None
    return float(value.min()), float(value.max())


def _plain(value: Any) -> str:
    if hasattr(value, "shape"):
        return f"values from {value.min():g} to {value.max():g}"
    return f"{value:g}"


@dataclass(frozen=True)
class Law:
    """A formula in named parameters that evaluates in floating point.

    symbol: LaTeX name of what the law is about; relation: LaTeX of how it stands to the formula;
    premises: relations between parameters, beyond the interval of each one.
    Raises on evaluation: InputError listing every violated premise at once.
    """

    symbol: str
    expression: sp.Expr
    parameters: tuple[Parameter, ...]
    premises: tuple[sp.Rel, ...] = ()
    relation: str = "="

    @overload
    def __call__(  # type: ignore[overload-overlap]  # a float is no array
        self, *values: float, **named: float
    ) -> float: ...
    @overload
    def __call__(self, *values: Array | float, **named: Array | float) -> Array: ...
    def __call__(self, *values: Any, **named: Any) -> Any:
        """Value of the law at parameters given in order or by name; arrays broadcast."""
        given = self.bind(*values, **named)
        ordered = [given[p.name] for p in self.parameters]
        if any(hasattr(v, "shape") and v.shape != () for v in ordered):
            return self._on_arrays(*ordered)
        numbers = [float(value) for value in ordered]
        integrals = [quadrature(*numbers) for quadrature in self._quadratures]
        try:
            found = float(self._on_numbers(*numbers, *integrals))
        except (OverflowError, ZeroDivisionError):
            found = math.inf
        if math.isfinite(found) or self._integrals:
            return found
        return self._with_wide_exponents(*numbers)

    def bind(self, *values: Any, **named: Any) -> dict[str, Any]:
        """Parameters by name. Raises: InputError listing all that is missing or violated."""
        names = [p.name for p in self.parameters]
        given = dict(zip(names, values, strict=False)) | named
        problems = [f"{name} is not a parameter" for name in named if name not in names]
        problems += [f"{name} is missing" for name in names if name not in given]
        if len(values) > len(names):
            problems.append(f"{len(values)} values for {len(names)} parameters")
        within = [p.violation(given[p.name]) for p in self.parameters if p.name in given]
        problems += [problem for problem in within if problem]
        if not problems:
            problems += [text for r in self.premises if (text := self._broken(r, given))]
        if problems:
            raise InputError("; ".join(problems))
        return given

    def shown(self, values: Mapping[str, sp.Expr | int]) -> str:
        """LaTeX of the formula with numbers written in, nothing simplified."""
        digits = {p.symbol: sp.Symbol(_digits(float(values[p.name]))) for p in self.parameters}
        return latex(self.expression.xreplace(digits), product="dot")

    @property
    def shown_whole(self) -> str:
        """LaTeX of the law: what it is about, its relation, its formula."""
        return f"{self.symbol} {self.relation} {latex(self.expression)}"

    def _broken(self, premise: sp.Rel, given: Mapping[str, Any]) -> str | None:
        if any(hasattr(v, "shape") for v in given.values()):
            return None
        holds = premise.subs({p.symbol: given[p.name] for p in self.parameters})
        if holds == sp.true:
            return None
        names = {p.symbol: sp.Symbol(p.name) for p in self.parameters}
        numbers = ", ".join(
            f"{k} = {_plain(given[k])}" for k in sorted(map(str, premise.subs(names).free_symbols))
        )
        return f"{premise.subs(names)} must hold, got {numbers}"

    @functools.cached_property
    def _opened(self) -> sp.Expr:
        return spelled_out(self.expression)

    @functools.cached_property
    def _integrals(self) -> dict[sp.Integral, sp.Dummy]:
        found = sorted(self._opened.atoms(sp.Integral), key=sp.default_sort_key)
        return {integral: sp.Dummy() for integral in found}

    @functools.cached_property
    def _on_numbers(self) -> Callable[..., Any]:
        symbols = [p.symbol for p in self.parameters] + list(self._integrals.values())
        return _compiled(symbols, self._opened.xreplace(self._integrals), "math")

    def _with_wide_exponents(self, *values: float) -> float:
        """Where an intermediate result, not always the law itself, leaves the range of floats."""
        import mpmath  # type: ignore[import-untyped]

        symbols = [p.symbol for p in self.parameters]
        return float(_compiled(symbols, self._opened, "mpmath")(*map(mpmath.mpf, values)))

    @functools.cached_property
    def _on_arrays(self) -> Callable[..., Any]:
        if self._integrals:
            raise TypeError("a law that holds an integral takes numbers, not arrays")
        return _compiled([p.symbol for p in self.parameters], self._opened, "scipy")

    @functools.cached_property
    def _quadratures(self) -> list[Callable[..., float]]:
        return [_quadrature(i, [p.symbol for p in self.parameters]) for i in self._integrals]


def _compiled(symbols: list[sp.Symbol], expression: sp.Expr, modules: str) -> Callable[..., Any]:
    function: Callable[..., Any] = sp.lambdify(symbols, as_erfc(expression), modules=modules)
    return function


def _quadrature(integral: sp.Integral, symbols: list[sp.Symbol]) -> Callable[..., float]:
    """The integral of a smooth function that a normal density damps, over the real line or from a
    whole number on.

    Gauss-Legendre on short pieces; beyond 40 standard units the density is below 1e-347. The tests
    hold the result against rigorous enclosures.
    """
    integrand = _compiled([*integral.variables, *symbols], integral.function, "scipy")
    start = max(integral.limits[0][1], -40)

    def value(*parameters: float) -> float:
        import numpy as np

        nodes, weights = np.polynomial.legendre.leggauss(20)
        centres = np.arange(float(start), 40, PIECE) + PIECE / 2
        points = centres[:, None] + nodes * PIECE / 2
        return float(np.sum(integrand(points, *parameters) * weights * PIECE / 2))

    return value
