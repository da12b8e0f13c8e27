"""How many facts a text tells, and how many of them once: their exact joint distribution.

n draws, each of one of N facts that are equally likely. A draw is a new fact, or turns a fact
told once into one told twice, or changes neither number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from theory.proof.assumptions import require

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

MOST_DRAWS = 200  # followed one by one when a claim is computed from the definition


def occupancy(draws: int, facts: int) -> Float[np.ndarray, "distinct+1 singletons+1"]:
    """P(so many facts are told, so many of them exactly once), facts being equally likely.

    Both axes run from 0 to min(draws, facts). Probabilities are sums of products of positive
    numbers, so they are exact to rounding.
    Raises: InputError unless both numbers are integers of at least 1.

    >>> occupancy(2, 4).tolist()
    [[0.0, 0.0, 0.0], [0.25, 0.0, 0.0], [0.0, 0.0, 0.75]]
    """
    import numpy as np

    require(_counted("draws", draws), _counted("facts", facts))
    most = min(draws, facts)
    distinct, singles = np.meshgrid(np.arange(most + 1), np.arange(most + 1), indexing="ij")
    chance = np.zeros((most + 1, most + 1))
    chance[0, 0] = 1
    for _ in range(draws):
        new = chance * (facts - distinct) / facts
        second = chance * singles / facts
        chance = chance * np.maximum(distinct - singles, 0) / facts
        chance[1:, 1:] += new[:-1, :-1]
        chance[:, :-1] += second[:, 1:]
    return chance


def singletons_and_missing(
    draws: int, facts: int
) -> tuple[Float[np.ndarray, "d s"], Float[np.ndarray, "d s"], Float[np.ndarray, "d s"]]:
    """The probabilities of `occupancy`, with the share of singletons G and the missing mass M.

    >>> chance, G, M = singletons_and_missing(2, 4)
    >>> float((chance * G).sum()), float((chance * M).sum())
    (0.75, 0.5625)
    """
    import numpy as np

    chance = occupancy(draws, facts)
    distinct, singles = np.indices(chance.shape, dtype=float)
    told_once, missing = np.asarray(singles / draws), np.asarray(1 - distinct / facts)
    return chance, told_once, missing


def followed(draws: float) -> tuple[int, str]:
    """How many draws of a text are followed one by one, and words for such texts.

    >>> followed(1000)
    (200, 'texts of 200 draws, the most that are followed one by one,')
    """
    if draws <= MOST_DRAWS:
        return int(draws), f"texts of {int(draws)} draws"
    return MOST_DRAWS, f"texts of {MOST_DRAWS} draws, the most that are followed one by one,"


def _counted(name: str, value: int) -> str | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return None if whole and value >= 1 else f"{name} must be an integer of at least 1, got {value}"
