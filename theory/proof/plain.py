"""LaTeX as a terminal shows it: the formulas of the claims in Unicode, on one line.

It knows the commands that the claims use. Of a command it does not know, the name is left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

SIGNS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "varepsilon": "ε", "epsilon": "ε",
    "zeta": "ζ", "eta": "η", "theta": "θ", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν",
    "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "varphi": "φ",
    "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ",
    "Lambda": "Λ", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω", "ell": "ℓ",
    "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠", "approx": "≈",
    "sim": "∼", "in": "∈", "notin": "∉", "subset": "⊂", "subseteq": "⊆", "cup": "∪", "cap": "∩",
    "setminus": "∖", "emptyset": "∅", "to": "→", "mapsto": "↦", "implies": "⇒", "iff": "⇔",
    "Rightarrow": "⇒", "Leftrightarrow": "⇔", "cdot": "·", "times": "×", "pm": "±", "mp": "∓",
    "otimes": "⊗", "circ": "∘", "infty": "∞", "partial": "∂", "nabla": "∇", "sum": "Σ",
    "prod": "∏", "int": "∫", "dots": "…", "ldots": "…", "cdots": "⋯", "lVert": "‖>",
    "rVert": "<‖", "Vert": "‖", "lvert": "|>", "rvert": "<|", "mid": "|", "langle": "⟨>",
    "rangle": "<⟩", "lfloor": "⌊>", "rfloor": "<⌋", "lceil": "⌈>", "rceil": "<⌉", "perp": "⊥",
    "forall": "∀", "exists": "∃", "top": "ᵀ", "prime": "′", "ll": "≪", "gg": "≫",
    "propto": "∝", "lt": "\\lt", "gt": "\\gt",
    "equiv": "≡", "log": "log", "exp": "exp", "max": "max", "min": "min",
    "sup": "sup", "inf": "inf", "cos": "cos", "sin": "sin", "tan": "tan", "cosh": "cosh",
    "sinh": "sinh", "tanh": "tanh", "det": "det", "ker": "ker", "dim": "dim", "lim": "lim",
    "Pr": "Pr", "quad": "  ", "qquad": "    ", "limits": "", "left": "", "right": "",
    "big": "", "Big": "", "bigl": "", "bigr": "", "displaystyle": "", "star": "*", "ast": "*",
}  # fmt: skip
CHARACTERS = {",": " ", ";": " ", ":": " ", "!": "", " ": " ", "{": "{", "}": "}", "%": "%",
              "_": "_", "&": "&", "|": "‖", "#": "#", "$": "$"}  # fmt: skip
ACCENTS = {"bar": "\u0304", "overline": "\u0304", "hat": "\u0302", "widehat": "\u0302",
           "tilde": "\u0303", "widetilde": "\u0303", "vec": "\u20d7", "dot": "\u0307"}  # fmt: skip
FACES = {"operatorname", "mathcal", "mathrm", "mathbf", "mathit", "mathsf", "text", "textrm"}
BOARD = {"R": "ℝ", "N": "ℕ", "Z": "ℤ", "Q": "ℚ", "E": "E", "P": "P"}
RAISED = str.maketrans("0123456789+-−ᵀ′*", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ᵀ′*")
LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
VULGAR = {"1/2": "½", "1/3": "⅓", "2/3": "⅔", "1/4": "¼", "3/4": "¾", "1/5": "⅕", "2/5": "⅖",
          "1/8": "⅛", "3/8": "⅜"}  # fmt: skip
_TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|\s+|.", re.DOTALL)


def prose(sentence: str) -> str:
    """A sentence whose mathematics stands between dollars, as plain text.

    >>> prose(r"weight at least $1 - \\varepsilon$ in $100\\,\\%$ of cases")
    'weight at least 1 − ε in 100 % of cases'
    """
    parts = re.split(r"\$+", sentence)
    return "".join(formula(p) if i % 2 else p.replace("\\%", "%") for i, p in enumerate(parts))


def formula(source: str) -> str:
    """A LaTeX formula as plain text; rows of an `aligned` block become lines.

    >>> formula(r"\\frac{n - 1}{e^{\\beta} + 1} \\le x_{1}^{2}")
    '(n − 1)/(e^β + 1) ≤ x₁²'
    """
    text = _sequence(iter(_TOKEN.findall(source.replace("<", r"\lt ").replace(">", r"\gt "))))
    text = re.sub(r"(?<=[(\[]) | (?=[)\],;.])|> ?| ?<", "", re.sub(r" +", " ", text))
    text = re.sub(r"(^|[([,;=≤≥] ?)− ", r"\1−", text.replace("-", "−"), flags=re.MULTILINE)
    text = text.replace("\\lt", "<").replace("\\gt", ">")
    return "\n".join(line.strip() for line in text.split("\n")).strip()


def _sequence(tokens: Iterator[str], closing: str = "") -> str:
    """All that stands before the closing token."""
    found = ""
    for token in tokens:
        if token == closing:
            break
        if token in ("^", "_"):
            found = found.rstrip() + _script(token, _argument(tokens))
        elif token == r"\frac" and re.search(r"(log|exp|cos|sin|max|min) ?$", found):
            found = found.rstrip() + f"({_one(token, tokens)})"
        else:
            found += _one(token, tokens)
    return found


def _fraction(top: str, bottom: str) -> str:
    return VULGAR.get(f"{top}/{bottom}", f"{top}/{bottom}")


def _one(token: str, tokens: Iterator[str]) -> str:
    """One symbol, group or command with its arguments."""
    if token == "{":
        return _sequence(tokens, "}")
    if token.isspace():
        return " "
    if not token.startswith("\\"):
        return token
    name = token[1:]
    if name == "\\":
        return "\n"
    if name in ("frac", "dfrac", "tfrac"):
        return _fraction(_bracketed(_argument(tokens)), _bracketed(_argument(tokens)))
    if name == "binom":
        return f"C({_argument(tokens)}, {_argument(tokens)})"
    if name == "sqrt":
        return _root(tokens)
    if name in ACCENTS:
        return _argument(tokens) + ACCENTS[name]
    if name in FACES:
        return _argument(tokens)
    if name == "mathbb":
        return "".join(BOARD.get(letter, letter) for letter in _argument(tokens))
    if name == "begin":
        return _environment(_argument(tokens), tokens)
    return CHARACTERS.get(name, SIGNS.get(name, name))


def _argument(tokens: Iterator[str]) -> str:
    """The next group or symbol that is not a space."""
    token = next((t for t in tokens if not t.isspace()), "")
    return _one(token, tokens).strip() if token else ""


def _root(tokens: Iterator[str]) -> str:
    """The root of the next argument; of another order than two if one stands in brackets."""
    radicand = _argument(tokens)
    if radicand != "[":
        return f"√{_bracketed(radicand)}"
    order = _sequence(tokens, "]")
    return f"{order.translate(RAISED)}√{_bracketed(_argument(tokens))}"


def _script(mark: str, inner: str) -> str:
    table = RAISED if mark == "^" else LOWERED
    if inner and all(ord(letter) in table for letter in inner):
        return inner.translate(table)
    plain = re.fullmatch(r"\w[\u0300-\u036f]?|\d+|[+*]", inner)
    return mark + (inner if plain or _closing(inner) == len(inner) else f"({inner})")


def _bracketed(part: str) -> str:
    """A part is put in brackets unless it is one number, name or bracket with its scripts."""
    base = re.match(r"√?(log(?=\()|exp(?=\()|\d+(\.\d+)?|\w[\u0300-\u036f\u20d7]?|[∞…])?", part)
    rest = part[base.end() :] if base else part
    while rest:
        if rest[0] in "ᵀ′*" or rest[0] in "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻₀₁₂₃₄₅₆₇₈₉":
            rest = rest[1:]
        elif rest[0] in "^_" and len(rest) > 1:
            rest = rest[1 + (_closing(rest[1:]) if rest[1] == "(" else 1) :]
        elif rest[0] == "(" and re.fullmatch(r"√?|log|exp|Φ", part[: -len(rest)]):
            rest = rest[_closing(rest) :]
        else:
            return f"({part})"
    return part


def _closing(part: str) -> int:
    """The position behind the bracket that closes the one that `part` begins with."""
    depth = 0
    if not part.startswith("("):
        return len(part) + 1
    for position, letter in enumerate(part, 1):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return position
    return len(part) + 1


def _environment(name: str, tokens: Iterator[str]) -> str:
    inner = ""
    for token in tokens:
        if token == "\\end":
            _argument(tokens)
            break
        if token in ("^", "_"):
            inner = inner.rstrip() + _script(token, _argument(tokens))
        else:
            inner += "\t" if token == "&" else _one(token, tokens)
    if "matrix" not in name:
        return "\n".join(row.replace("\t", "").strip() for row in inner.split("\n"))
    rows = [", ".join(cell.strip() for cell in row.split("\t")) for row in inner.split("\n")]
    return f"({'; '.join(rows)})"
