"""Every claim about attention of questions 2a to 2e, derived and checked by program.

Importing this package loads sympy alone; `claims()` loads the derivations, and python-flint loads
when one of them is checked. Laws are the module-level functions of `theory.copying`,
`theory.averaging` and so on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.record import InputError

if TYPE_CHECKING:
    from theory.proof.claim import Citation, Claim


def claims() -> tuple[Claim | Citation, ...]:
    """All claims in the order of the questions, their derivations not yet run."""
    from theory import (
        allowed_noise,
        attention_cost,
        attention_graph,
        averageable,
        averaging,
        averaging_queries,
        background,
        bigbird,
        both_heads,
        chi_squared,
        conditioning,
        convex_hull,
        copying,
        feature_comparison,
        feature_variance,
        fredholm,
        good_turing,
        gram,
        guessing,
        hallucination,
        heads,
        identity_attention,
        johnson_lindenstrauss,
        kept_samples,
        key_query_value,
        least_norm,
        linformer,
        linformer_proofs,
        logistic_normal,
        low_rank,
        missing,
        missing_mass,
        multi_head,
        near_average,
        normal_quadrature,
        orthogonal_features,
        orthogonal_limits,
        orthogonal_series,
        outranked,
        performer,
        perturbed_keys,
        practical_synthesis,
        query_pairs,
        random_features,
        reachability,
        regimes,
        regularised_kernel,
        relative_error,
        safe_queries,
        score_law,
        score_matrix,
        separation,
        set_attention,
        share_variance,
        shortest_average,
        single_head,
        solution_families,
        spectral_gap,
        unreachable_scores,
    )

    modules = (
        copying, convex_hull, separation, averaging, averaging_queries, shortest_average,
        averageable, gram, perturbed_keys, unreachable_scores,
        score_law, single_head, regimes, normal_quadrature, logistic_normal, share_variance,
        background, outranked, allowed_noise, near_average,
        missing, multi_head, kept_samples, both_heads, heads, query_pairs, safe_queries,
        identity_attention, key_query_value,
        score_matrix, solution_families, least_norm, conditioning, low_rank, set_attention,
        fredholm, practical_synthesis,
        missing_mass, good_turing, hallucination, guessing,
        chi_squared, johnson_lindenstrauss, linformer, linformer_proofs,
        attention_graph, reachability, spectral_gap, bigbird,
        random_features, feature_variance, relative_error, feature_comparison,
        orthogonal_series, orthogonal_features, orthogonal_limits, regularised_kernel,
        performer, attention_cost,
    )  # fmt: skip
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
        near = difflib.get_close_matches(name, [c.key for c in known], n=3, cutoff=0.0)
        raise InputError(f"{name} is not a claim; the nearest are {', '.join(near)}")
    return found
