"""All experiments, in the order of the questions."""

from __future__ import annotations

from simulate.experiment import Experiment
from simulate.experiments import (
    allowed_noise,
    attention_graph,
    averaging,
    background,
    bigbird,
    chi_squared,
    copying,
    general_covariance,
    good_turing,
    guessing,
    hallucination,
    heads,
    identity_attention,
    johnson_lindenstrauss,
    kept_samples,
    key_query_value,
    linformer,
    linformer_proofs,
    missing_mass,
    multi_head,
    query_pairs,
    random_attention,
    random_numbers,
    single_head,
    spectral_gap,
)

DEFAULT_ALPHA = 1e-3


def catalogue(alpha: float = DEFAULT_ALPHA) -> list[Experiment]:
    """Every experiment; `alpha` is the smallest noise variance of those on random keys."""
    modules = (
        copying,
        averaging,
        single_head,
        general_covariance,
        random_numbers,
        background,
        allowed_noise,
        multi_head,
        kept_samples,
        heads,
        query_pairs,
        identity_attention,
        key_query_value,
        chi_squared,
        johnson_lindenstrauss,
        linformer,
        linformer_proofs,
        attention_graph,
        random_attention,
        spectral_gap,
        bigbird,
        missing_mass,
        good_turing,
        hallucination,
        guessing,
    )
    return [experiment for module in modules for experiment in module.experiments(alpha)]
