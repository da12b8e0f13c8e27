"""A decided claim as a fragment of LaTeX for a paper; it needs amsmath and amssymb alone."""

from __future__ import annotations

import re

from reports import record

_SPECIAL = re.compile(r"(?<!\\)([%&#_])")
_KEY = re.compile(r"\b([a-z_]+\.[a-z_]+)\b")
_CLAIMS = re.compile(r"\bclaims? [a-z_]+\.[a-z_]+(?:(?:,|,? and) [a-z_]+\.[a-z_]+)*\b")


def fragment(decided: record.Claim) -> str:
    """The statement, what it assumes, its derivation with the result boxed, and the example."""
    lines = [
        f"% {decided.key} (question {decided.question}), {decided.verdict}",
        rf"\paragraph{{{escaped(decided.title)}.}}",
        rf"\emph{{Given:}} {escaped('; '.join(decided.assumptions))}.",
        "",
        rf"\emph{{Then:}} {escaped(decided.statement)}",
    ]
    if decided.steps:
        lines += ["", r"\emph{Derivation.}", r"\begin{enumerate}"]
        for step in decided.steps:
            lines += [rf"\item {escaped(step.reason)}", rf"\[ {step.latex} \]"]
        lines += [r"\end{enumerate}"]
    if decided.result:
        lines += [rf"\[ \boxed{{ {decided.result} }} \]"]
    if decided.example:
        lines += [rf"\emph{{Example.}} {escaped(decided.example)} {escaped(decided.directly)}"]
    lines += [f"% source: {decided.source}"]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def escaped(prose: str) -> str:
    """Prose with the special characters of LaTeX escaped outside its mathematics.

    >>> escaped("claims gram.query and gram.norm")
    'claims \\\\texttt{gram.query} and \\\\texttt{gram.norm}'

    >>> escaped("claim single_head.split: $x_1$ in 50 % of cases")
    'claim \\\\texttt{single\\\\_head.split}: $x_1$ in 50 \\\\% of cases'
    """
    parts = prose.split("$")
    outside = [_SPECIAL.sub(r"\\\1", _CLAIMS.sub(_typed, part)) for part in parts]
    return "$".join(p if i % 2 else outside[i] for i, p in enumerate(parts))


def _typed(claims: re.Match[str]) -> str:
    return _KEY.sub(r"\\texttt{\1}", claims[0])
