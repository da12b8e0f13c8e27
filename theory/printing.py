"""Claims as a terminal shows them: tables, derivations, one law at given numbers."""

from __future__ import annotations

import math
import textwrap
import unicodedata
import warnings
from collections.abc import Mapping, Sequence

from reports import record
from theory.proof.claim import Citation, Claim
from theory.proof.plain import formula, prose

WIDTH = 92
INDENT = "   "


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """Rows under a heading, in columns that are as wide as they need to be."""
    plain = [tuple(prose(cell) for cell in row) for row in rows]
    widths = [max(map(_width, column)) for column in zip(*plain, strict=True)]
    rule = tuple("-" * width for width in widths)
    lines = []
    for row in [plain[0], rule, *plain[1:]]:
        cells = (c + " " * (w - _width(c)) for c, w in zip(row, widths, strict=True))
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def listed(claims: tuple[Claim | Citation, ...]) -> str:
    """All claims with the parameters that their laws ask for."""
    rows = [("question", "claim", "parameters", "title")]
    rows += [(c.question, c.key, ", ".join(parameters(c)) or "-", c.title) for c in claims]
    return table(rows)


def parameters(claim: Claim | Citation) -> tuple[str, ...]:
    """Names of the numbers that a claim's law asks for; a cited theorem has no law."""
    return () if isinstance(claim, Citation) else tuple(p.name for p in claim.law.parameters)


def derivation(decided: record.Claim) -> str:
    """A claim from its assumptions, step by step, to its result and the false twin's fate."""
    blocks = [
        f"{decided.key} (question {decided.question}): {prose(decided.title)}\n",
        wrapped(decided.statement),
        *(wrapped(assumption, "  given: ", "         ") for assumption in decided.assumptions),
    ]
    for number, step in enumerate(decided.steps, 1):
        blocks += [f"\n{number}. {wrapped(step.reason, '', INDENT)}", shown(step.latex)]
        blocks += [wrapped(f"[{step.check}]", INDENT)]
    if decided.result:
        blocks += ["\n" + boxed(formula(decided.result))]
    blocks += [f"\n{wrapped(f'{decided.verdict.capitalize()}. Source: {decided.source}.')}"]
    if decided.twin:
        twin = f"The false twin, {decided.twin}, is {decided.twin_verdict}."
        blocks += [wrapped(twin), wrapped(f"{decided.example} {decided.directly}")]
    return "\n".join(blocks) + "\n"


def evaluated(claim: Claim, numbers: Mapping[str, float]) -> tuple[str, bool]:
    """The law of a claim at given numbers, and what the definition itself gives there.

    Returns the text, and whether the two agree. Raises: InputError naming all violated premises,
    or numbers so large or small that floating point cannot compute with them.
    """
    given = ", ".join(f"{name} = {number:g}" for name, number in numbers.items())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            value, directly = claim.law(**numbers), claim.verify(numbers)
    except (ArithmeticError, MemoryError, RuntimeWarning, ValueError) as problem:
        raise record.InputError(
            f"{claim.key} cannot be computed in floating point for {given}"
        ) from problem
    law = formula(f"{claim.law.symbol} {claim.law.relation} {{}}")
    lines = [
        f"{claim.key}: {prose(claim.title)}",
        wrapped(claim.stated, "  "),
        f"  {given}",
        f"  {law} {_decimal(value)}",
        wrapped(directly.sentence, "  "),
    ]
    if not directly.agrees:
        lines.append("  This contradicts the law.")
    return "\n".join(lines) + "\n", directly.agrees


def _decimal(value: float) -> str:
    """Ten digits of a number.

    >>> _decimal(math.inf)
    '∞ (beyond floating point)'
    """
    if math.isinf(value):
        return f"{'−' if value < 0 else ''}∞ (beyond floating point)"
    return f"{value:.10g}"


def wrapped(sentence: str, first: str = "", rest: str | None = None) -> str:
    """A sentence in plain text, broken into lines that fit a terminal."""
    later = first if rest is None else rest
    return textwrap.fill(
        prose(sentence), WIDTH, initial_indent=first, subsequent_indent=later,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def shown(latex: str) -> str:
    """A formula on lines of its own; continuation lines stand further in."""
    return "\n".join(
        textwrap.fill(
            line, WIDTH, initial_indent=INDENT * (2 if row == 0 else 3),
            subsequent_indent=INDENT * 4, break_long_words=False, break_on_hyphens=False,
        )
        for row, line in enumerate(formula(latex).split("\n"))
    )  # fmt: skip


def boxed(text: str) -> str:
    """Text in a frame.

    >>> print(boxed("a ≤ b"))
    ┌───────┐
    │ a ≤ b │
    └───────┘
    """
    lines = textwrap.wrap(text, WIDTH - 4, break_long_words=False, break_on_hyphens=False)
    width = max(map(_width, lines))
    rows = [f"│ {line}{' ' * (width - _width(line))} │" for line in lines]
    return "\n".join([f"┌{'─' * (width + 2)}┐", *rows, f"└{'─' * (width + 2)}┘"])


def _width(text: str) -> int:
    """Columns that a text takes: accents stand over the letter before them."""
    return sum(not unicodedata.combining(letter) for letter in text)
