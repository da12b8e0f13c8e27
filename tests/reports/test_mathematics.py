"""Typesetting: what renders, what fails by name, where a long formula is broken."""

from __future__ import annotations

import re

import pytest

from reports.mathematics import DISPLAY_WIDTH, FormulaError, Typesetter, draw, mathml
from reports.tex import RELATIONS, aligned, pieces, spaced_rows, split

LONG = "y = " + " + ".join(f"x_{{{i}}}" for i in range(60)) + r" \le z"


def test_an_inline_formula_is_an_image_with_speech_and_baseline() -> None:
    typesetter = Typesetter("pdf")
    markup = typesetter.inline(r"\frac{1}{\sqrt{d}}")
    assert 'alt="fraction, 1, over square root of d' in markup
    assert "vertical-align:-" in markup
    (name,) = typesetter.assets
    assert f'src="asset:{name}"' in markup
    assert b"<text" not in typesetter.assets[name]
    assert b"<metadata" not in typesetter.assets[name]


def test_the_twin_shows_the_drawing_and_tells_the_mathml() -> None:
    typesetter = Typesetter("html")
    markup = typesetter.inline("x^2")
    assert typesetter.assets == {}
    assert re.search(r'<span class="unseen"><math>.*</math></span></span>$', markup)
    assert '<svg viewBox="' in markup
    assert 'aria-hidden="true"' in markup
    used = set(re.findall(r'href="#(g\d+)"', markup))
    assert used == set(typesetter.glyphs) == set(re.findall(r'id="(g\d+)"', typesetter.glyph_set()))
    assert len(used) == 2


def test_a_glyph_has_one_outline_in_all_formulas() -> None:
    """What lets formulas share a set of glyphs: a name never stands for two outlines."""
    outlines: dict[str, set[str]] = {}
    for tex in (r"\frac{x}{y}", "x^{y_{x}}", r"\begin{pmatrix}x\\y\end{pmatrix}", r"\sqrt{x} = y"):
        for display in (False, True):
            typesetter = Typesetter("html")
            typesetter.display(tex) if display else typesetter.inline(tex)
            for name, outline in typesetter.glyphs.items():
                outlines.setdefault(name, set()).add(outline)
    assert all(len(found) == 1 for found in outlines.values())


def test_the_pdf_needs_no_set_of_glyphs() -> None:
    typesetter = Typesetter("pdf")
    typesetter.inline("x")
    assert typesetter.glyph_set() == ""


@pytest.mark.parametrize("tex", [r"\notacommand", r"\frac{1}{", "x^"])
def test_a_bad_formula_fails_by_name(tex: str) -> None:
    with pytest.raises(FormulaError) as problem:
        draw(tex, False)
    assert repr(tex) in str(problem.value)


def test_a_formula_that_only_the_twin_refuses_fails_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FormulaError, match="MathML"):
        mathml(r"\notacommand", False)


def test_prose_escapes_everything_but_mathematics() -> None:
    markup = Typesetter("html").prose(r"<b>1</b> & `a_b` cost \$5, $x<y$")
    assert markup.startswith(
        '&lt;b&gt;1&lt;/b&gt; &amp; <code>a_b</code> cost $5, <span class="formula">'
    )


def test_a_claim_that_is_named_is_linked() -> None:
    markup = Typesetter("html").prose("by claim made_up.2a, claim copying.weight and <claim a.b>")
    assert markup.count('<a href="#claim-') == 2
    assert '<a href="#claim-copying.weight"><code>copying.weight</code></a>' in markup
    assert "&lt;claim <a" in markup
    several = Typesetter("html").prose("claims a.b, c.d and e.f, or g.h")
    assert several.count("<a href") == 3


def test_a_dollar_without_partner_fails() -> None:
    with pytest.raises(FormulaError, match="without its partner"):
        Typesetter("html").prose("it costs $5")


def test_splitting_knows_nesting_and_unary_signs() -> None:
    signs = frozenset(["+", "-"])
    assert split(r"a+b-\left(c+d\right)+(e-f)", signs) == [
        ("", "a"), ("+", "b"), ("-", r"\left(c+d\right)"), ("+", "(e-f)"),
    ]  # fmt: skip
    assert split(r"x = -y + \lVert a - b \rVert", signs) == [
        ("", "x = -y"), ("+", r"\lVert a - b \rVert"),
    ]  # fmt: skip
    assert split(r"P(x<0) \le e^{-1=2}", RELATIONS) == [("", "P(x<0)"), (r"\le", "e^{-1=2}")]
    assert pieces(r"a = b \le \|c = d\|") == ["a", "= b", r"\le \|c = d\|"]


def test_a_wide_formula_is_broken_until_it_fits() -> None:
    broken = aligned(LONG, lambda line: draw(line, True).width <= DISPLAY_WIDTH)
    assert broken.startswith(r"\begin{aligned}")
    assert draw(broken, True).width <= DISPLAY_WIDTH < draw(LONG, True).width
    assert [broken.count(f"x_{{{i}}}") for i in range(60)] == [1] * 60


def test_a_narrow_formula_is_left_alone() -> None:
    assert aligned("x = y", lambda line: True) == "x = y"


def test_what_cannot_fit_fails_by_name() -> None:
    wide = r"\sqrt{" + " ".join(f"x_{{{i}}}" for i in range(200)) + "}"
    with pytest.raises(FormulaError, match="too wide"):
        Typesetter("pdf").display(wide)


def test_rows_of_fractions_get_room() -> None:
    tight = r"\begin{pmatrix}\frac{1}{2}\\\frac{1}{2}\end{pmatrix}"
    assert spaced_rows(tight) != tight
    plain = r"\begin{pmatrix}1\\2\end{pmatrix}"
    assert spaced_rows(plain) == plain
