"""Random keys of questions 2c and 2d, drawn by their definition, for checks that derive nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from theory.proof.direct import Direct
from theory.proof.typeset import scientific

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

SAMPLES = 100_000
ENTRIES = 4_000_000  # of all keys of all samples together
FALSE_ALARM = 1e-9


def scores(
    queries: Float[np.ndarray, "heads m"], n: int, alpha: float, radial: float
) -> Float[np.ndarray, "heads samples n"]:
    """Scores of n noisy keys about the unit vectors, the first of them with radial noise.

    queries: their first m coordinates, the others being 0; along those a key enters no score and is
    not drawn. The more entries the keys have, the fewer samples there are, down to none.

    >>> import numpy as np
    >>> scores(np.eye(2), 16, 0.01, 0.5).shape
    (2, 100000, 16)
    """
    import numpy as np

    m = queries.shape[1]
    samples = min(SAMPLES, ENTRIES // (n * m))
    random = np.random.default_rng(0)
    keys = math.sqrt(alpha) * random.standard_normal((samples, n, m))
    keys[:, range(m), range(m)] += 1
    keys[:, 0, 0] += math.sqrt(radial) * random.standard_normal(samples)
    found: np.ndarray = np.einsum("snm,hm->hsn", keys, queries)
    return found


def attention(found: Float[np.ndarray, "*shape n"]) -> Float[np.ndarray, "*shape n"]:
    """Softmax over the last axis.

    >>> import numpy as np
    >>> attention(np.zeros((1, 2)))
    array([[0.5, 0.5]])
    """
    from scipy.special import softmax

    weights: np.ndarray = softmax(found, axis=-1)
    return weights


def plausible(mean: float, samples: int, lower: float, upper: float) -> bool:
    """Whether a mean of values in [0, 1] goes with an expectation between two bounds.

    A true bound is denied with probability at most `FALSE_ALARM` (Hoeffding 1963, theorem 1).

    >>> plausible(0.5, 100, 0.45, 0.5), plausible(0.5, 10**4, 0.4, 0.45)
    (True, False)
    """
    from scipy import special

    nearest = min(max(mean, lower), upper)
    apart = special.rel_entr(mean, nearest) + special.rel_entr(1 - mean, 1 - nearest)
    return bool(samples * apart <= math.log(2 / FALSE_ALARM))


def compare(
    values: Float[np.ndarray, " samples"],
    lower: float,
    upper: float,
    what: str,
    width: float = 1.0,
) -> Direct:
    """Hold the mean of values in [0, width], one a sample, against bounds on its expectation.

    what: the beginning of a sentence that the mean completes
    """
    if not len(values):
        return Direct("So many keys are not drawn here.", True)
    mean = float(values.mean())
    sentence = f"{what} ${scientific(mean)}$ in {len(values)} drawn samples."
    return Direct(sentence, plausible(mean / width, len(values), lower / width, upper / width))


def compare_variance(
    values: Float[np.ndarray, " samples"], lower: float, upper: float, what: str
) -> Direct:
    """Hold the variance of values in [0, 1] against bounds, as the mean over pairs of samples of
    half their squared difference.
    """
    half = len(values) // 2
    pairs = (values[:half] - values[half : 2 * half]) ** 2 / 2
    return compare(pairs, lower, upper, what, width=1 / 2)
