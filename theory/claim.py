"""A claim: one statement about attention that this program decides.

The formula of a claim is its law. The derivation is a function of that formula, so the same code
that must prove the law must refute its false twin, in which one constant or sign is changed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import sympy as sp

from reports import record
from theory.algebra import Domain
from theory.law import Law
from theory.proof import Proof
from theory.typeset import latex, scientific


@dataclass(frozen=True)
class Claim:
    """One statement, its derivation, its numeric law and its false twin.

    statement: English with inline mathematics between dollars; `{law}` stands for the formula
    derive: adds the steps of the derivation of a given formula to a proof
    variables: intervals of the symbols of the derivation that are no parameters of the law
    twin: a formula that is wrong in one constant or sign; changed: what was changed, in words
    example: exact numbers for the parameters of the law
    """

    key: str
    question: str
    title: str
    statement: str
    assumptions: tuple[str, ...]
    law: Law
    derive: Callable[[sp.Expr, Proof], None]
    twin: sp.Expr
    changed: str
    example: Mapping[str, sp.Expr | int]
    source: str
    variables: Domain = field(default_factory=dict)

    def prove(self, formula: sp.Expr) -> Proof:
        """Derive and check `formula` in place of the law."""
        ranges: Domain = {p.symbol: (_bound(p.lower), _bound(p.upper)) for p in self.law.parameters}
        proof = Proof(ranges | self.variables)
        self.derive(formula, proof)
        return proof

    def decide(self) -> record.Claim:
        """Prove the claim, refute its twin and work the example."""
        start = time.perf_counter()
        proof, twin = self.prove(self.law.expression), self.prove(self.twin)
        return record.Claim(
            key=self.key,
            question=self.question,
            title=self.title,
            statement=self.stated,
            assumptions=self.assumptions,
            steps=tuple(proof.steps),
            verdict=proof.verdict,
            twin=f"${self.law.symbol} {self.law.relation} {latex(self.twin)}$ ({self.changed})",
            twin_verdict=twin.verdict,
            example=self.worked_example(),
            source=self.source,
            seconds=round(time.perf_counter() - start, 3),
        )

    @property
    def stated(self) -> str:
        """The statement with the formula of the law in its place."""
        return self.statement.replace("{law}", latex(self.law.expression))

    def worked_example(self) -> str:
        """The law with numbers put in, and its value, as an English sentence."""
        numbers = {name: sp.sympify(value) for name, value in self.example.items()}
        value = self.law(**{name: float(number) for name, number in numbers.items()})
        given = ", ".join(
            f"${latex(p.symbol)} = {scientific(float(numbers[p.name]))}$"
            for p in self.law.parameters
        )
        formula = self.law.shown(numbers)
        law = f"{self.law.symbol} {self.law.relation} {formula}"
        return f"For {given}: ${law} \\approx {scientific(value)}$."


def _bound(end: float) -> sp.Expr:
    return sp.oo * (1 if end > 0 else -1) if math.isinf(end) else sp.Rational(end)
