"""The union bound, by induction on the number of events; they need not be independent."""

from __future__ import annotations

import sympy as sp

from theory.proof.steps import Proof
from theory.symbols import NONNEGATIVE, POSITIVE, UNIT

N = sp.Symbol("N", positive=True)
z, W = sp.symbols("z W", nonnegative=True)
UNION = {N: POSITIVE, z: UNIT, W: NONNEGATIVE}
"""The ranges of the variables that `union_bound` brings into a proof."""


def union_bound(proof: Proof, before: str = "", after: str = "") -> None:
    """Prove that N events of probability u have at least one among them with at most N·u.

    before, after: what the events are, and what follows
    """
    proof.at_most(
        N * z + 1 - W,
        N + 1,
        before + r"union bound, by induction: if at least one of $N$ events happens with "
        r"probability $Nuz$, $z \le 1$, then with one more, of probability $u$, at least one does "
        r"with probability $Nuz + u$ less the probability $uW$ that the new one happens beside "
        r"another; here all are divided by $u$" + after,
        equality={W: 0, z: 1},
    )
