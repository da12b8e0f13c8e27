"""Every claim about attention, derived and checked by program.

Importing this package loads sympy alone; `claims()` loads the derivations, and python-flint loads
when one of them is checked. `theory.copying`, `theory.averaging` and the other modules of this
folder each answer a question; what they rest on lies in a folder by what it is about. Laws are
module-level functions: `theory.averaging.gain(1e-3, 16)`, or `theory.law("averaging.gain")`.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from typing import TYPE_CHECKING

from reports.record import InputError

if TYPE_CHECKING:
    from theory.proof.claim import Citation, Claim
    from theory.proof.law import Law

# Modules with claims, in the order in which the claims of one question are read.
CONSTRUCTIONS = (
    "copying", "noise.noisy_scores", "keys.convex_hull", "keys.separation", "averaging",
    "keys.averaging_queries", "keys.shortest_average", "keys.averageable", "keys.gram",
    "keys.perturbed_keys", "keys.unreachable_scores", "noise.score_law", "single_head",
    "noise.regimes", "noise.normal_quadrature", "noise.logistic_normal", "noise.share_variance",
    "noise.background", "noise.outranked", "noise.allowed_noise", "noise.near_average",
    "noise.missing", "multi_head", "noise.kept_samples", "noise.both_heads", "noise.heads",
    "noise.query_pairs", "noise.safe_queries", "identity_attention", "noise.noisy_inputs",
    "key_query_value", "noise.filtered_inputs", "matrices.score_matrix",
    "matrices.solution_families", "matrices.least_norm", "matrices.conditioning",
    "matrices.low_rank", "matrices.set_attention", "matrices.fredholm",
    "matrices.practical_synthesis", "facts.missing_mass", "facts.good_turing", "hallucination",
    "facts.guessing", "projections.chi_squared", "projections.johnson_lindenstrauss", "linformer",
    "projections.linformer_proofs", "graphs.attention_graph", "graphs.reachability",
    "graphs.random_attention", "graphs.spectral_gap", "bigbird", "features.random_features",
    "features.feature_variance", "features.relative_error", "features.feature_comparison",
    "features.orthogonal_series", "features.orthogonal_features", "features.orthogonal_limits",
    "features.regularised_kernel", "performer", "features.attention_cost",
)  # fmt: skip


def claims() -> tuple[Claim | Citation, ...]:
    """All claims in the order of the questions, their derivations not yet run."""
    modules = [importlib.import_module(f"theory.{name}") for name in CONSTRUCTIONS]
    found = [claim for module in modules for claim in module.CLAIMS]
    return tuple(sorted(found, key=lambda claim: claim.question))


def find(name: str) -> tuple[Claim | Citation, ...]:
    """The claim with this key, or all claims of this construction (`averaging`).

    Raises: InputError naming the keys that come nearest.
    """
    import difflib

    known = claims()
    found = tuple(c for c in known if c.key == name or c.key.startswith(f"{name}."))
    if not found:
        near = difflib.get_close_matches(name.lower(), [c.key for c in known], n=3, cutoff=0.0)
        raise InputError(f"{name:.60} is not a claim; the nearest are {', '.join(near)}")
    return found


def law(name: str) -> Law:
    """The law 'module.function', in whichever folder the module lies.

    >>> round(law("averaging.gain")(epsilon=1e-3, n=16), 3)
    8.853
    """
    module, function = name.split(".")
    found: Law = getattr(importlib.import_module(_module_names()[module]), function)
    return found


@functools.cache
def _module_names() -> dict[str, str]:
    """Full names of all modules, by their last part: no two modules share one."""
    walked = [module.name for module in pkgutil.walk_packages(__path__, "theory.")]
    return {name.rpartition(".")[2]: name for name in walked}
