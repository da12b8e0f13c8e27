"""The numbers that a question of one's own may be asked about, read and checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from reports.record import InputError
from simulate.options import positive, whole
from simulate.setting import RADIAL, Setting

VARIANCES, GAINS = (1e-12, 1e6), (1e-3, 1e6)
"""What is asked about lies within: outside, rounding or overflow would be taken for chance."""
LARGEST_GAIN = 500.0
"""Beyond it the leak of question 2b comes near the smallest positive number of float64."""
LARGEST_MARGIN = 15.0
"""Beyond it one less the weight of question 2a has fewer than nine digits in float64."""
LARGEST_TOTAL, LARGEST_APART = 1.0, 3.0
"""Beyond them moments of random features cannot be trusted, nor their tails be sampled."""
MOST_IN_A_TRIAL = 2**11
"""Numbers of the matrices that are drawn anew in each trial of questions 2a, 2b, 3g and 3h."""
SMALLEST, LARGEST_SHARE = 1e-3, 0.99
"""Of margins, lengths, errors and probabilities."""
MOST_NUMBERS = 2**24
"""Of the keys of one trial; more would fill the memory."""
MOST_KEYS = 1024


@dataclass(frozen=True)
class Parameters:
    """What a question is asked about; each question takes some of them.

    alpha: variance of the noise; beta: gain of the queries; keys: their number n; dim: d;
    radial: variance of k_a along μ_a besides; heads: of which half ask for v_a, half for v_b;
    margin: by how much the best score of question 2a leads; rows: of Linformer's projection;
    epsilon, delta: its error and the probability of a larger one; total, apart: ‖x + y‖ and ‖x − y‖
    of the Performer's arguments; draws: of its directions
    """

    alpha: float = 1e-3
    beta: float = 20.0
    keys: int = 16
    dim: int = 16
    radial: float = RADIAL
    heads: int = 2
    margin: float = 5.0
    rows: int = 16
    epsilon: float = 0.25
    delta: float = 0.1
    total: float = 0.75
    apart: float = 1.5
    draws: int = 4

    @property
    def setting(self) -> Setting:
        """Of questions 2c and 2d."""
        return Setting(self.alpha, self.beta, self.keys, self.radial, self.dim)

    def of(self, names: tuple[str, ...]) -> dict[str, float]:
        """The parameters of these names."""
        return {name: getattr(self, name) for name in names}


NAMES = tuple(Parameters.__dataclass_fields__)
DEFAULTS: dict[str, dict[str, float]] = {
    "averaging": {"beta": 5.0},
    "single_head": {"heads": 1},
    "linformer": {"keys": 8, "dim": 2},
    "performer": {"dim": 4},
}
"""By question, where they are not those of Parameters."""


def read(name: str, takes: tuple[str, ...], given: Mapping[str, str | None]) -> Parameters:
    """The parameters of question `name`, which takes those called `takes`.

    given: the options as they were typed, by name, None where one was not: then a default holds,
    and of dimensions there are as many as keys
    Raises: InputError for one that cannot be used, or that the question does not take.
    """
    typed = {option: text for option, text in given.items() if text is not None}
    for option in typed:
        if option not in takes:
            others = ", ".join(f"--{other}" for other in takes) or "none of these options"
            raise InputError(f"--{option} has no meaning for {name}, which takes {others}")
    numbers = {option: _READERS[option](text) for option, text in typed.items()}
    keys = int(numbers.get("keys", Parameters.keys))
    defaults = {"dim": keys} | DEFAULTS.get(name, {})
    found = Parameters(**(defaults | numbers))  # type: ignore[arg-type]
    _check_together(name, found)
    return found


def _check_together(name: str, found: Parameters) -> None:
    """Raises: InputError for numbers that cannot be used together, or not in this question."""
    if name == "averaging" and found.keys < 3:
        raise InputError(
            f"--keys must be at least 3 for averaging, which is exact with two, got '{found.keys}'"
        )
    if name not in ("copying", "linformer", "performer") and found.dim < found.keys:
        raise InputError(
            f"--dim must be at least the number of keys, {found.keys}, for their means to be "
            f"orthonormal, got '{found.dim}'"
        )
    if found.keys * found.dim > MOST_NUMBERS:
        raise InputError(f"--keys times --dim must be at most {MOST_NUMBERS}")
    if name == "averaging" and found.beta > LARGEST_GAIN:
        raise InputError(
            f"--beta must be at most {LARGEST_GAIN:g} for averaging, got '{found.beta:g}'"
        )
    drawn = {
        "copying": found.keys * found.dim,
        "averaging": found.keys * found.dim,
        "linformer": max(found.rows, found.keys + found.dim) * found.keys,
        "performer": found.draws * found.dim,
    }.get(name, 0)
    if drawn > MOST_IN_A_TRIAL:
        raise InputError(
            f"a trial of {name} would draw matrices of {drawn} numbers, which must be at most "
            f"{MOST_IN_A_TRIAL}"
        )
    if name == "performer" and found.dim % 2:
        raise InputError(f"--dim must be even for performer, got '{found.dim}'")
    if name == "single_head" and found.heads != 1:
        raise InputError(f"--heads must be 1 for single_head, got '{found.heads}'")
    if name == "multi_head" and found.heads % 2:
        raise InputError(
            f"--heads must be even for multi_head, as half of them ask for v_a and half for v_b, "
            f"got '{found.heads}'"
        )


def _variance(text: str, option: str, what: str = "variance") -> float:
    return _within(positive(text, option, what), option, *VARIANCES)


def _within(value: float, option: str, smallest: float, largest: float) -> float:
    if not smallest <= value <= largest:
        raise InputError(f"{option} must be from {smallest:g} to {largest:g}, got '{value:g}'")
    return value


def _radial(text: str) -> float:
    return 0.0 if _number(text) == 0 else _variance(text, "--radial", "variance, or 0")


def _keys(text: str) -> int:
    keys = whole(text, "--keys", 2)
    if keys > MOST_KEYS:
        raise InputError(f"--keys must be at most {MOST_KEYS}, got {text!r}")
    return keys


def _at_most(text: str, option: str, largest: float) -> float:
    value = _number(text)
    if not SMALLEST <= value <= largest:
        raise InputError(f"{option} must be from {SMALLEST:g} to {largest:g}, got {text!r}")
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


_READERS = {
    "alpha": lambda text: _variance(text, "--alpha"),
    "beta": lambda text: _within(positive(text, "--beta", "number"), "--beta", *GAINS),
    "keys": _keys,
    "dim": lambda text: whole(text, "--dim", 1),
    "radial": _radial,
    "heads": lambda text: whole(text, "--heads", 1),
    "margin": lambda text: _at_most(text, "--margin", LARGEST_MARGIN),
    "rows": lambda text: whole(text, "--rows", 2),
    "epsilon": lambda text: _at_most(text, "--epsilon", LARGEST_SHARE),
    "delta": lambda text: _at_most(text, "--delta", LARGEST_SHARE),
    "total": lambda text: _at_most(text, "--total", LARGEST_TOTAL),
    "apart": lambda text: _at_most(text, "--apart", LARGEST_APART),
    "draws": lambda text: whole(text, "--draws", 1),
}
