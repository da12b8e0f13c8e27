"""Formulas as text and as LaTeX: every claim can be read in a terminal and pasted into a paper."""

from __future__ import annotations

import re

import pytest

import theory
from reports import record
from theory.proof import paper
from theory.proof.plain import formula, prose

CLAIMS = theory.claims()
by_key = pytest.mark.parametrize("key", [c.key for c in CLAIMS])

COMMAND = re.compile(r"\b(frac|sqrt|lVert|mathbb|mathcal|operatorname|aligned|pmatrix)\b")
CASES = [
    (r"\frac{1}{2} \left(v_a + v_b\right)", "½ (v_a + v_b)"),
    (r"\frac{a + b}{c} d", "(a + b)/c d"),
    (r"\frac{a}{b c}", "a/(b c)"),
    (r"\frac{a}{\frac{b}{c}}", "a/(b/c)"),
    (r"e^{-\beta}", "e^(−β)"),
    (r"e^{s_{j}}", "e^(s_j)"),
    (r"x^{2}_{10}", "x²₁₀"),
    (r"\sqrt{\frac{2}{\pi}}", "√(2/π)"),
    (r"\sqrt{\alpha} \beta", "√α β"),
    (r"\sqrt[4]{\alpha} - 1", "⁴√α − 1"),
    (r"p_{+}", "p_+"),
    (r"k_i^\top q", "k_iᵀ q"),
    (r"\lVert c - v_j \rVert^2", "‖c − v_j‖²"),
    (r"\bar{v} \in \mathbb{R}^d", "v̄ ∈ ℝ^d"),
    (r"\sum_{i \ne j} \alpha_i", "Σ_(i ≠ j) α_i"),
    (r"\begin{pmatrix} 1 & 0 \\ 0 & x^{2} \end{pmatrix}", "(1, 0; 0, x²)"),
    (r"\begin{aligned} a &= b \\ &\le c \end{aligned}", "a = b\n≤ c"),
    (r"\log\left(\frac{a}{b}\right)/2", "log(a/b)/2"),
    (r"\log \frac{a}{b}", "log(a/b)"),
    (r"P(w_1 < w) > 0", "P(w₁ < w) > 0"),
    (r"\unheardof x", "unheardof x"),
]


@pytest.mark.parametrize(("latex", "text"), CASES)
def test_a_formula_as_text(latex: str, text: str) -> None:
    assert formula(latex) == text


def test_prose_keeps_what_stands_between_its_formulas() -> None:
    assert prose(r"at $x_1 \le 1$, in $50\,\%$ of cases") == "at x₁ ≤ 1, in 50 % of cases"


def texts(decided: record.Claim) -> list[str]:
    return [
        decided.title, decided.statement, decided.twin, decided.example, decided.directly,
        decided.source, *decided.assumptions, *(s.reason for s in decided.steps),
    ]  # fmt: skip


@by_key
def test_no_latex_is_left_in_a_terminal(key: str, decided: dict[str, record.Claim]) -> None:
    claim = decided[key]
    shown = [prose(text) for text in texts(claim)] + [formula(s.latex) for s in claim.steps]
    for text in [*shown, formula(claim.result)]:
        assert not re.search(r"[\\$]", text), text
        assert text.count("(") == text.count(")"), text
        assert not re.search(
            r"\b(frac|sqrt|lVert|mathbb|mathcal|operatorname|aligned|pmatrix)\b", text
        ), text


@by_key
def test_the_fragment_for_a_paper_is_balanced(key: str, decided: dict[str, record.Claim]) -> None:
    """Environments nest, dollars pair, and nothing special stands unescaped in the prose."""
    text = paper.fragment(decided[key])
    body = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
    assert body.count("{") - body.count(r"\{") == body.count("}") - body.count(r"\}")
    assert len(re.findall(r"\$", body)) % 2 == 0
    open_environments: list[str] = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", body):
        if kind == "begin":
            open_environments.append(name)
        else:
            assert open_environments.pop() == name
    assert not open_environments
    outside = re.sub(r"\$[^$]*\$|\\\[.*?\\\]", "", body, flags=re.DOTALL)
    assert not re.search(r"(?<!\\)[_^&#%]", outside), outside
    assert (r"\boxed{" in body) == (decided[key].verdict != "cited")
