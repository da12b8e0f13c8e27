"""Where sampled outputs lie between v_b and v_a, beside the law where it is known."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulate import output_law
from simulate.attention import logit, share, weights
from simulate.experiment import Measure
from simulate.keys import A, B
from simulate.samplers import Draw, Sampler
from simulate.setting import Setting
from simulate.streams import SIZE, Block
from simulate.tallies import Histogram

if TYPE_CHECKING:
    from jaxtyping import Float

MOST = 2**18
"""Samples that a figure needs at most: no eye sees the noise of more."""
BINS = 81
"""An odd number: the average lies in the middle of a bin."""
EDGES = np.linspace(-1, 1, BINS + 1)
EXACT, LIMIT = "its law, exact", r"its law as $\beta\to\infty$"


@dataclass(frozen=True)
class Places:
    """Counts and probabilities of the bins of x, from -1 at v_b over 0 at the average to 1 at v_a.

    coordinate: what x is; law: what `probabilities` are
    """

    coordinate: str
    histogram: Histogram
    law: str
    probabilities: Float[np.ndarray, " bins"]

    def rows(self) -> list[dict[str, float]]:
        """The bins from left to right."""
        columns = EDGES, EDGES[1:], self.histogram.counts, self.probabilities
        return [
            {"left": left, "right": right, "count": int(count), "law_probability": probability}
            for left, right, count, probability in zip(*columns, strict=False)
        ]


def places(name: str, setting: Setting, seed: int, sampler: Sampler, trials: int) -> Places | None:
    """Of the outputs of question `name`; None if it is about no outputs on random keys.

    The samples are the figure's own: as many as there are trials, but at most MOST.
    """
    if name not in _MAKERS:
        return None
    heads, coordinate, place = _MAKERS[name]
    measure = place(setting)
    wanted = min(trials, MOST)
    histogram = None
    for number, start in enumerate(range(0, wanted, SIZE)):
        values = measure(Draw(Block(seed, f"asked.{name}", number), sampler))
        block = Histogram.of(values[: wanted - start], EDGES[1:-1])
        histogram = block if histogram is None else histogram + block
    assert histogram is not None, "there is a trial"
    exact, probabilities = output_law.of_bins(heads, setting, EDGES)
    return Places(coordinate, histogram, EXACT if exact else LIMIT, probabilities)


def _of_one_head(setting: Setting) -> Measure:
    scores = setting.one_head()
    return lambda draw: 2 * share(logit(draw.scores(scores)[0], A, B)) - 1


def _of_two_heads(setting: Setting) -> Measure:
    scores = setting.two_heads()

    def place(draw: Draw) -> Float[np.ndarray, " trials"]:
        output = weights(draw.scores(scores)).mean(axis=0)
        return output[A] - output[B]

    return place


_MAKERS: Mapping[str, tuple[int, str, Callable[[Setting], Measure]]] = {
    "single_head": (1, r"share of $v_a$ against $v_b$ in the output $c$", _of_one_head),
    "multi_head": (
        2, r"output $c$ along $v_a-v_b$: weight of $v_a$ less weight of $v_b$", _of_two_heads
    ),
}  # fmt: skip
"""By question: number of different heads, what the place is, and how it is measured."""
