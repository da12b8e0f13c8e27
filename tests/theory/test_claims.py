"""Every claim is proved, every false twin refuted, and no other changed constant is proved."""

from __future__ import annotations

import re
from collections.abc import Iterator

import mathra
import pytest
import sympy as sp
from math_core import LatexToMathML

import theory
from reports import record
from theory.proof.claim import Claim

ALL = theory.claims()
CLAIMS = [c for c in ALL if isinstance(c, Claim)]
QUESTIONS = {"2a", "2b", "2c.1", "2c.2", "2d.1", "2d.2", "2e.1", "2e.2", "3g.1", "3g.2", "3h", "4c"}
by_key = pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.key)


@by_key
def test_the_claim_is_proved_and_its_twin_refuted(
    claim: Claim, decided: dict[str, record.Claim]
) -> None:
    assert decided[claim.key].verdict == "proved"
    assert decided[claim.key].twin_verdict == "refuted"


def test_keys_are_unique_and_all_questions_are_answered() -> None:
    assert len({c.key for c in ALL}) == len(ALL)
    assert {c.question for c in ALL} <= QUESTIONS


TOLERANCES = {"epsilon": r"\\varepsilon", "delta": r"\\delta"}


def unstated(claim: Claim, prose: str) -> list[str]:
    """Tolerances below 1 of the claim whose range the prose does not give."""
    finite = [p.name for p in claim.law.parameters if p.name in TOLERANCES and p.upper <= 1]
    ranged = r"(<|\\le|\\in|,|\+)[^$<]*{0}\b|\$[^$<]*{0}[^$]*(<|\\le\b|\\ge|>|\\in|\+)"
    return [name for name in finite if not re.search(ranged.format(TOLERANCES[name]), prose)]


@by_key
def test_the_range_of_a_tolerance_is_among_the_assumptions(claim: Claim) -> None:
    """Twin: without its assumptions no claim passes that has a tolerance below 1."""
    assert unstated(claim, "; ".join(map(str, claim.assumptions))) == []
    bare = {p.name for p in claim.law.parameters if p.upper <= 1} & TOLERANCES.keys()
    assert set(unstated(claim, "")) == bare


def mutants(formula: sp.Expr) -> Iterator[sp.Expr]:
    """The formula with one numeric leaf raised by one, for each leaf in turn."""
    for position, leaf in enumerate(leaves(formula)):
        yield replaced(formula, [position], leaf + 1)


def leaves(formula: sp.Basic) -> list[sp.Expr]:
    """Numbers in the order in which the tree is walked."""
    if not formula.args:
        return [formula] if formula.is_Rational else []
    return [leaf for argument in formula.args for leaf in leaves(argument)]


def replaced(formula: sp.Basic, countdown: list[int], number: sp.Expr) -> sp.Basic:
    if not formula.args:
        if not formula.is_Rational:
            return formula
        countdown[0] -= 1
        return number if countdown[0] == -1 else formula
    return formula.func(*[replaced(argument, countdown, number) for argument in formula.args])


SLOW = {
    "identity_attention.output", "multi_head.miss",
    "single_head.background_rate",
}  # fmt: skip


@by_key
def test_no_changed_constant_is_proved(claim: Claim) -> None:
    """Every constant of the formula is changed in turn; for slow claims three of them."""
    changed = list(mutants(claim.law.expression))
    assert changed
    for mutant in changed[:: -(-len(changed) // 3) if claim.key in SLOW else 1]:
        assert claim.refute(mutant) == "refuted", mutant


def mathematics(decided: record.Claim) -> Iterator[tuple[str, bool]]:
    """Every formula of a claim, and whether it is displayed."""
    prose = [decided.title, decided.statement, decided.twin, decided.example]
    prose += [decided.directly, *decided.assumptions]
    yield decided.result, True
    for step in decided.steps:
        yield step.latex, True
        prose += [step.reason, step.check]
    for sentence in prose:
        assert sentence.count("$") % 2 == 0, sentence
        yield from ((formula, False) for formula in re.findall(r"\$([^$]+)\$", sentence))


@by_key
def test_every_formula_renders_in_both_backends(
    claim: Claim, decided: dict[str, record.Claim]
) -> None:
    converter = LatexToMathML()
    for formula, display in mathematics(decided[claim.key]):
        assert mathra.render(formula, display=display, strict=True)["svg"].startswith("<svg")
        assert converter.convert_with_local_state(formula, displaystyle=display)


@by_key
def test_a_record_says_what_was_done(claim: Claim, decided: dict[str, record.Claim]) -> None:
    result = decided[claim.key]
    assert result.steps
    assert all(step.reason and step.check for step in result.steps)
    assert "{law}" not in result.statement
    assert result.assumptions
    assert result.source


def test_an_unknown_key_is_refused_with_its_neighbours() -> None:
    with pytest.raises(record.InputError, match=r"averaging\.gian is not a claim.*averaging\.gain"):
        theory.find("averaging.gian")
    assert [c.key for c in theory.find("averaging.gain")] == ["averaging.gain"]
    assert {c.key.split(".")[0] for c in theory.find("averaging")} == {"averaging"}


def test_the_report_cites_no_claim_that_there_is_not() -> None:
    templates = (record.ROOT / "templates").rglob("*.html")
    cited = {key for t in templates for key in re.findall(r'm\.cite\("([^"]+)"\)', t.read_text())}
    assert cited
    assert cited <= {c.key for c in ALL}
