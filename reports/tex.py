"""Reading TeX just far enough to break a formula: tokens, nesting, relations, sums.

Nothing here renders. `pieces` cuts a formula where a line may end inside a paragraph, `aligned`
sets a long chain of relations on several lines, one relation under the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

TOKEN = re.compile(r"\\begin\{[^}]*\}|\\end\{[^}]*\}|\\[A-Za-z]+\*?|\\.|.", re.DOTALL)
OPENING = ("{", "(", "[", r"\{", r"\left", r"\lVert", r"\lvert", r"\langle", r"\lceil", r"\lfloor")
CLOSING = ("}", ")", "]", r"\}", r"\right", r"\rVert", r"\rvert", r"\rangle", r"\rceil", r"\rfloor")
RELATIONS = frozenset(
    ["=", "<", ">"]
    + [
        "\\" + name
        for name in (
            "le", "leq", "ge", "geq", "lt", "gt", "ne", "neq", "to", "approx", "sim", "equiv",
            "in", "ll", "gg", "propto", "mapsto", "longrightarrow", "Rightarrow", "Longrightarrow",
            "implies", "iff", "Leftrightarrow", "coloneqq", "simeq", "perp", "subset", "subseteq",
        )
    ]
)  # fmt: skip
SIGNS = frozenset(["+", "-"])

Split = list[tuple[str, str]]
"""Parts of a formula: (sign or relation that introduces the part, its body); the first has ''."""


def tokens(tex: str) -> Iterator[tuple[str, int]]:
    r"""Tokens of `tex` with their depth of nesting.

    Braces, brackets, \left…\right and \begin…\end nest; a pair \| … \| or | … | does too. The
    delimiter after \left and \right belongs to that token, so `\left(` does not count twice.
    """
    depth, bars = 0, 0
    stream = iter(TOKEN.findall(tex))
    for token in stream:
        if token in (r"\left", r"\right"):
            delimiter = next((t for t in stream if not t.isspace()), "")
            depth += 1 if token == r"\left" else -1
            yield token + delimiter, depth + (token == r"\right") + bars
        elif token in OPENING or token.startswith(r"\begin{"):
            depth += 1
            yield token, depth + bars
        elif token in CLOSING or token.startswith(r"\end{"):
            yield token, depth + bars
            depth -= 1
        elif token in (r"\|", "|"):
            bars = 0 if bars else 1
            yield token, depth + 1
        else:
            yield token, depth + bars


def split(tex: str, at: frozenset[str]) -> Split:
    """Cut `tex` before every token of `at` that is not nested and has something to its left."""
    parts: Split = [("", "")]
    for token, depth in tokens(tex):
        before = parts[-1][1].strip()
        if depth == 0 and token in at and before and not _open_ended(before):
            parts.append((token, ""))
        else:
            parts[-1] = (parts[-1][0], parts[-1][1] + token)
    return [(sign, body.strip()) for sign, body in parts]


def _open_ended(before: str) -> bool:
    """Whether a sign here would be unary, or a script such as x^- or k_=."""
    return before.endswith(("^", "_", ",", r"\!", r"\,", r"\;", *RELATIONS))


def pieces(tex: str) -> list[str]:
    """The formula cut before its relations, for lines to end there in running text."""
    if r"\begin" in tex or r"\\" in tex:
        return [tex]
    return [f"{sign} {body}".strip() for sign, body in split(tex, RELATIONS)]


def aligned(tex: str, fits: Callable[[str], bool]) -> str:
    """`tex` on several lines, broken at relations and, where needed, before + and −.

    Args: fits: whether a line is narrow enough. Formulas that already have lines are left alone.
    """
    if fits(tex) or r"\begin" in tex or r"\\" in tex:
        return tex
    (_, left), *chain = split(tex, RELATIONS)
    if not chain:
        return _lines([("", line) for line in _filled(left, fits, "")])
    rows: list[tuple[str, str]] = []
    for number, (relation, body) in enumerate(chain):
        first, *rest = _filled(body, fits, rf"{left} {relation} \qquad")
        rows.append((left if number == 0 else "", f"{relation} {first}"))
        rows += [("", rf"\qquad {line}") for line in rest]
    return _lines(rows)


def _filled(body: str, fits: Callable[[str], bool], margin: str) -> list[str]:
    """`body` in lines that fit beside `margin`, each but the first beginning with + or −."""
    lines = [""]
    for sign, term in split(body, SIGNS):
        candidate = f"{lines[-1]} {sign} {term}".strip()
        if lines[-1] and not fits(f"{margin} {candidate}"):
            lines.append(f"{{}}{sign} {term}")
        else:
            lines[-1] = candidate
    return lines


def spaced_rows(tex: str) -> str:
    """Matrices with room below each row of fractions, for a renderer that lets rows touch.

    An invisible symbol under an invisible copy of the row makes the row that much deeper.
    """

    def spaced(match: re.Match[str]) -> str:
        *rows, last = match[2].split(r"\\")
        deeper = [
            row + rf"\vphantom{{\underset{{x}}{{{row.replace('&', ' ')}}}}}"
            if r"\frac" in row
            else row
            for row in rows
        ]
        return match[1] + r"\\".join([*deeper, last]) + match[3]

    return re.sub(r"(\\begin\{pmatrix\})(.*?)(\\end\{pmatrix\})", spaced, tex, flags=re.DOTALL)


def _lines(rows: list[tuple[str, str]]) -> str:
    body = r" \\ ".join(f"{left} & {right}" for left, right in rows)
    return rf"\begin{{aligned}} {body} \end{{aligned}}"
