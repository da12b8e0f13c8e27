"""All experiments, in the order of the questions."""

from __future__ import annotations

from simulate.experiment import Experiment
from simulate.experiments import (
    allowed_noise,
    averaging,
    background,
    copying,
    general_covariance,
    good_turing,
    guessing,
    hallucination,
    heads,
    identity_attention,
    kept_samples,
    key_query_value,
    missing_mass,
    multi_head,
    query_pairs,
    random_numbers,
    single_head,
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
        missing_mass,
        good_turing,
        hallucination,
        guessing,
    )
    return [experiment for module in modules for experiment in module.experiments(alpha)]
