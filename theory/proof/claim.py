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
from theory.proof.algebra import Domain, Verdict
from theory.proof.assumptions import Assumption
from theory.proof.direct import Direct
from theory.proof.law import Law
from theory.proof.steps import Proof, RefutedError
from theory.proof.typeset import breadth, latex, scientific

WIDEST = 180


@dataclass(frozen=True)
class Claim:
    """One statement, its derivation, its numeric law and its false twin.

    statement: English with inline mathematics between dollars; `{law}` stands for the formula
    derive: adds the steps of the derivation of a given formula to a proof
    twin: a formula that is wrong in one constant or sign; changed: what was changed, in words
    example: exact numbers for the parameters of the law
    direct: computes from the definition what the law says, given its value and its parameters
    variables: intervals of the symbols of the derivation that are no parameters of the law
    """

    key: str
    question: str
    title: str
    statement: str
    assumptions: tuple[str | Assumption, ...]
    law: Law
    derive: Callable[[sp.Expr, Proof], None]
    twin: sp.Expr
    changed: str
    example: Mapping[str, sp.Expr | int]
    source: str
    direct: Callable[..., Direct]
    variables: Domain = field(default_factory=dict)

    def prove(self, formula: sp.Expr) -> Proof:
        """Derive and check `formula` in place of the law."""
        proof = Proof(self._domain)
        self.derive(formula, proof)
        return proof

    def refute(self, formula: sp.Expr) -> Verdict:
        """The verdict on a formula that ought to be wrong, up to its first refuted step."""
        proof = Proof(self._domain, stops=True)
        try:
            self.derive(formula, proof)
        except RefutedError:
            return "refuted"
        return proof.verdict

    @property
    def _domain(self) -> Domain:
        ranges: Domain = {p.symbol: (_bound(p.lower), _bound(p.upper)) for p in self.law.parameters}
        return ranges | self.variables

    def decide(self) -> record.Claim:
        """Prove the claim, refute its twin and work the example."""
        start = time.perf_counter()
        proof, twin = self.prove(self.law.expression), self.refute(self.twin)
        numbers = {name: float(sp.sympify(value)) for name, value in self.example.items()}
        directly = self.verify(numbers)
        return record.Claim(
            key=self.key,
            question=self.question,
            title=self.title,
            statement=self.stated,
            assumptions=tuple(map(str, self.assumptions)),
            steps=tuple(proof.steps),
            result=self.law.shown_whole,
            verdict=proof.verdict if directly.agrees else "refuted",
            twin=f"${self.law.symbol} {self.law.relation} {latex(self.twin)}$ ({self.changed})",
            twin_verdict=twin,
            example=self.worked_example(),
            directly=directly.sentence,
            source=self.source,
            seconds=round(time.perf_counter() - start, 3),
        )

    def verify(self, numbers: Mapping[str, float]) -> Direct:
        """What the definition gives at these parameters of the law."""
        return self.direct(self.law(**numbers), **numbers)

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
        formula, found = self.law.shown(numbers), scientific(value)
        law = f"{self.law.symbol} {self.law.relation} {formula}"
        sign = "=" if self._exactly(numbers, value) else r"\approx"
        sentence = f"${law}$." if formula == found else f"${law} {sign} {found}$."
        if breadth(law) > WIDEST:  # more than a line of the report: the value alone
            sentence = f"${self.law.symbol} {self.law.relation} {found}$."
        return f"For {given}: {sentence}" if given else sentence

    def _exactly(self, numbers: Mapping[str, sp.Expr], value: float) -> bool:
        """Whether the value to four digits is the value itself."""
        at = {p.symbol: numbers[p.name] for p in self.law.parameters}
        exact = self.law.expression.xreplace(at)
        return bool(exact.is_Rational and exact == sp.Rational(f"{value:.4g}"))


@dataclass(frozen=True)
class Citation:
    """A theorem of the literature, stated with its assumptions, that is not proved here."""

    key: str
    question: str
    title: str
    statement: str
    assumptions: tuple[str | Assumption, ...]
    source: str

    def decide(self) -> record.Claim:
        """The record of a theorem that is cited, with neither derivation nor twin."""
        return record.Claim(
            key=self.key,
            question=self.question,
            title=self.title,
            statement=self.statement,
            assumptions=tuple(map(str, self.assumptions)),
            steps=(),
            result="",
            verdict="cited",
            twin="",
            twin_verdict=None,
            example="",
            directly="",
            source=self.source,
            seconds=0.0,
        )


def _bound(end: float) -> sp.Expr:
    return sp.oo * (1 if end > 0 else -1) if math.isinf(end) else sp.Rational(end)
