r"""Mathematics of the report: TeX becomes SVG to look at, and words or MathML to listen to.

One module hides both backends: mathra draws (exact baselines, English speech for the alternative
text of the PDF), math-core writes MathML Core for screen readers of the HTML twin. The twin shows
the same drawings as the PDF, because few machines have a font for MathML; its formulas share one
set of glyphs. A formula that either backend refuses fails the build, by name. Text
with `$…$` inside becomes markup through `prose`, which escapes everything else and turns the words
"claim averaging.gain" into a link to that claim.
"""

from __future__ import annotations

import hashlib
import html
import re
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

import math_core
import mathra
from markupsafe import Markup, escape

from reports.terminal import InputError
from reports.tex import aligned, pieces, spaced_rows

Medium = Literal["pdf", "html"]
DISPLAY_WIDTH = 40.0
"""Width of the text block in em, measured in the size of the body text."""
SMALLEST_SCALE = 0.6
INLINE_WIDTH = 9.0
"""Inline formulas wider than this (em) may end a line at their relations."""

_SPOKEN = {
    "⊤": "transpose", "∼": "is distributed as", "‖": "norm", "≈": "is approximately",
    "∑": "sum", "½": "one half", "¼": "one quarter", "¾": "three quarters",
    "⅓": "one third", "⅔": "two thirds", "⅛": "one eighth", "∈": "in",
}  # fmt: skip
_SIMPLE = re.compile(r"\\[td]?frac\s*(?:\{(\d)\}\{(\d)\}|(\d)(\d))")
_VULGAR = {"12": "½", "13": "⅓", "23": "⅔", "14": "¼", "34": "¾", "18": "⅛"}
_KEY = re.compile(r"\b([a-z_]+\.[a-z_]+)\b")
_CLAIMS = re.compile(r"\bclaims? [a-z_]+\.[a-z_]+(?:(?:,|,? and) [a-z_]+\.[a-z_]+)*\b")
_GLYPH = re.compile(r'<path id="mathra-[0-9a-f]+-(g\d+)" d="([^"]+)"/>')
_REFERENCE = re.compile(r'href="#mathra-[0-9a-f]+-(g\d+)"')
_INLINE = re.compile(r"(?<!\\)\$([^$]+)\$|`([^`]+)`|\\\[(.+?)\\\]", re.DOTALL)


class FormulaError(InputError):
    """A formula that cannot be typeset; the message holds its TeX."""


@dataclass(frozen=True)
class Drawing:
    """A formula as SVG; width, height and baseline (negative: below it) in em."""

    svg: str
    width: float
    height: float
    baseline: float
    speech: str


@cache
def draw(tex: str, display: bool) -> Drawing:
    """Draw `tex` with mathra.

    Raises: FormulaError naming the formula.
    """
    try:
        result = mathra.render(spaced_rows(tex), display=display, strict=True)
    except ValueError as problem:
        raise FormulaError(f"formula {tex!r} does not render: {problem}") from None
    if result["warnings"]:
        raise FormulaError(f"formula {tex!r} does not render: {result['warnings']}")
    # The hidden text would embed whatever font the system has: the bytes would vary by machine.
    svg = re.sub(r"<metadata>.*?</metadata>|<text .*?</text>", "", result["svg"], flags=re.DOTALL)
    size = re.search(r'width="([\d.]+)em" height="([\d.]+)em"', svg)
    shift = re.search(r"vertical-align: (-?[\d.]+)em", svg)
    if size is None or shift is None:
        raise FormulaError(f"formula {tex!r} does not render: no size in the drawing")
    speech = result["speech"]
    for symbol, word in _SPOKEN.items():
        speech = speech.replace(symbol, word)
    return Drawing(svg, float(size[1]), float(size[2]), float(shift[1]), speech)


@cache
def mathml(tex: str, display: bool) -> str:
    """Convert `tex` to MathML Core.

    Raises: FormulaError naming the formula.
    """
    converter = math_core.LatexToMathML(fancy_error=False)
    try:
        return str(converter.convert_with_local_state(tex, displaystyle=display))
    except math_core.LatexError as problem:
        raise FormulaError(f"formula {tex!r} does not convert to MathML: {problem}") from None


@dataclass
class Typesetter:
    """Typesets for one medium.

    assets: drawings that the PDF refers to as `asset:` URLs; glyphs: outlines by name that the
    formulas of the twin refer to
    """

    medium: Medium
    assets: dict[str, bytes] = field(default_factory=dict)
    glyphs: dict[str, str] = field(default_factory=dict)

    def inline(self, tex: str, large: bool = False) -> Markup:
        """A formula in running text; a long one may be broken at its relations.

        Args: large: whether fractions and integrals keep the size that they have in a display.
        """
        tex = _SIMPLE.sub(_vulgar, tex.strip())
        tall = r"\frac" in tex or r"\int" in tex
        style = r"\displaystyle " if large and tall else ""
        wide = draw(tex, False).width > INLINE_WIDTH
        parts = [self._one(style + part, False) for part in (pieces(tex) if wide else [tex])]
        return Markup(" ").join(parts)

    def display(self, tex: str, width: float = DISPLAY_WIDTH) -> Markup:
        """A formula on lines of its own, at most `width` em wide.

        A wider one is broken at relations and signs, then set smaller.
        Raises: FormulaError if it would have to be set smaller than SMALLEST_SCALE.
        """
        tex = tex.strip().removesuffix(".")
        tex = aligned(tex, lambda line: draw(line, True).width <= width)
        scale = min(1.0, width / draw(tex, True).width)
        if scale < SMALLEST_SCALE:
            raise FormulaError(f"formula {tex!r} is too wide for the page")
        body = self._one(tex, display=True, scale=scale)
        return Markup('<span class="display">{}</span>').format(body)

    def prose(self, text: str, large: bool = False) -> Markup:
        r"""Text with `$inline$`, `\[display\]` mathematics and code in backticks, as markup.

        Raises: FormulaError for a formula that does not render or a dollar without its partner.
        """
        parts, end = [], 0
        for match in _INLINE.finditer(text):
            parts.append(_plain(text[end : match.start()], text))
            formula, code, display = match.groups()
            if formula:
                parts.append(self.inline(formula, large))
            elif code:
                parts.append(Markup("<code>{}</code>").format(code))
            else:
                parts.append(self.display(display))
            end = match.end()
        return Markup("").join([*parts, _plain(text[end:], text)])

    def _one(self, tex: str, display: bool, scale: float = 1.0) -> Markup:
        drawing, markup = draw(tex, display), mathml(tex, display)
        style = (
            f"width:{drawing.width * scale:.3f}em;height:{drawing.height * scale:.3f}em;"
            f"vertical-align:{drawing.baseline * scale:.3f}em"
        )
        if self.medium == "html":
            visible = self._shared(drawing, style)
            return Markup(
                f'<span class="formula">{visible}<span class="unseen">{markup}</span></span>'
            )
        # One path a formula in place of its glyphs prints a third faster, but doubles the file.
        name = "math-" + hashlib.sha256(f"{display} {tex}".encode()).hexdigest()[:16] + ".svg"
        self.assets[name] = drawing.svg.encode()
        alternative = html.escape(drawing.speech, quote=True)
        return Markup(f'<img class="math" alt="{alternative}" src="asset:{name}" style="{style}">')

    def _shared(self, drawing: Drawing, style: str) -> str:
        """The drawing without its glyphs, which go to the common set."""
        head, body = drawing.svg.split("</defs>")
        self.glyphs |= dict(_GLYPH.findall(head))
        box = re.search(r'viewBox="[^"]*"', head)
        shapes = _REFERENCE.sub(r'href="#\1"', body)
        return f'<svg {box and box[0]} style="{style}" aria-hidden="true">{shapes}'

    def glyph_set(self) -> Markup:
        """The outlines that the formulas so far refer to; empty for the PDF."""
        if not self.glyphs:
            return Markup("")
        paths = "".join(f'<path id="{name}" d="{d}"/>' for name, d in sorted(self.glyphs.items()))
        return Markup(f'<svg width="0" height="0" aria-hidden="true"><defs>{paths}</defs></svg>')


def _vulgar(fraction: re.Match[str]) -> str:
    """½ for \\frac{1}{2}: a fraction of two digits would force the lines of a paragraph apart."""
    return _VULGAR.get("".join(filter(None, fraction.groups())), fraction[0])


def _plain(words: str, text: str) -> Markup:
    if re.search(r"(?<!\\)\$", words):
        raise FormulaError(f"text {text!r} has a $ without its partner")
    escaped = str(escape(words.replace(r"\$", "$")))
    return Markup(_CLAIMS.sub(_linked, escaped))


def _linked(claims: re.Match[str]) -> str:
    return _KEY.sub(r'<a href="#claim-\1"><code>\1</code></a>', claims[0])
