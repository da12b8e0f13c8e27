"""All experiments, in the order of the questions."""

from __future__ import annotations

from simulate.experiment import Experiment
from simulate.experiments import (
    allowed_noise,
    averaging,
    background,
    copying,
    heads,
    identity_attention,
    kept_samples,
    key_query_value,
    multi_head,
    query_pairs,
    single_head,
)

DEFAULT_ALPHA = 1e-3


def catalogue(alpha: float = DEFAULT_ALPHA) -> list[Experiment]:
    """Every experiment; `alpha` is the smallest noise variance of those on random keys."""
    modules = (
        copying,
        averaging,
        single_head,
        background,
        allowed_noise,
        multi_head,
        kept_samples,
        heads,
        query_pairs,
        identity_attention,
        key_query_value,
    )
    return [experiment for module in modules for experiment in module.experiments(alpha)]
