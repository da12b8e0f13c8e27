"""A proof in the making: each step is decided when it is added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import sympy as sp

from reports import record
from theory.proof.algebra import (
    Decision,
    Domain,
    Verdict,
    every,
    identity,
    nonnegative,
    shown,
)
from theory.proof.typeset import breadth, latex

WIDE = 70


class RefutedError(Exception):
    """A step of a proof that was to stop at the first refutation is refuted."""


@dataclass
class Proof:
    """Steps that were decided on a domain: an interval for each symbol that occurs.

    With `stops` the first refuted step raises `RefutedError`: a false twin needs no further one.
    """

    domain: Domain
    stops: bool = False
    steps: list[record.Step] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        """`refuted` if a step is, `unknown` if a step is, else `proved`; no step proves nothing."""
        found = {decision.verdict for decision in self.decisions}
        if "refuted" in found:
            return "refuted"
        return "proved" if found == {"proved"} else "unknown"

    def equal(self, left: sp.Expr, right: sp.Expr, reason: str, name: str = "") -> None:
        """Decide left = right, entry by entry for matrices; `name` is LaTeX for what it is."""
        if isinstance(left, sp.MatrixBase):
            pairs = list(zip(every(left), every(right), strict=True))
        else:
            pairs = [(left, right)]
        decisions = [identity(a, b, self.domain) for a, b in pairs]
        self._add(_chain(name, left, "=", right), reason, decisions)

    def at_most(
        self,
        left: sp.Expr,
        right: sp.Expr,
        reason: str,
        name: str = "",
        equality: Mapping[sp.Symbol, sp.Expr | int] | None = None,
    ) -> None:
        """Decide left ≤ right; `name` is LaTeX for what the left side is.

        equality: where the two sides are to be equal. An inequality with room to spare would also
        bear a wrong constant; one that is attained does not.
        """
        slack = sp.sympify(right) - left
        decisions = [nonnegative(slack, self.domain)]
        if equality is not None:
            point = {symbol: sp.sympify(value) for symbol, value in equality.items()}
            touching = identity(slack.subs(point), sp.Integer(0), self.domain)
            how = f"{decisions[0].how}; equality at {shown(point)}"
            decisions = [replace(decisions[0], how=how), touching]
        self._add(_chain(name, left, r"\le", right), reason, decisions)

    def holds(self, formula: str, found: bool, reason: str, how: str) -> None:
        """Add a fact that was computed exactly, without rounding: whether it was found to hold.

        formula: the fact in LaTeX; how: in words, what was computed (`enumeration of all 64 …`).
        """
        self._add(formula, reason, [Decision("proved" if found else "refuted", how)])

    def _add(self, formula: str, reason: str, decisions: list[Decision]) -> None:
        order: list[Verdict] = ["refuted", "unknown", "proved"]
        worst = min(decisions, key=lambda d: order.index(d.verdict))  # the first, if equal
        self.decisions.append(worst)
        self.steps.append(record.Step(formula, reason, worst.how))
        if self.stops and worst.verdict == "refuted":
            raise RefutedError(worst.how)


def _chain(name: str, left: sp.Expr, relation: str, right: sp.Expr) -> str:
    """`name = left relation right` in LaTeX, on two lines where one would be too wide."""
    sides = [latex(left), latex(right)]
    if name and relation == "=" and sides[0] == sides[1]:
        return f"{name} = {sides[1]}"
    start = f"{name} = " if name else ""
    line = f"{start}{sides[0]} {relation} {sides[1]}"
    if breadth(line) < WIDE:
        return line
    start = f"{name} &= " if name else "& "
    return rf"\begin{{aligned}} {start}{sides[0]} \\ &{relation} {sides[1]} \end{{aligned}}"
