"""Every claim of theory/ has an experiment, or chance plays no part in it and a reason is given."""

from __future__ import annotations

import theory
from simulate.catalogue import catalogue
from theory.proof.claim import Citation

CITED = "a theorem of the literature, cited"
FORMULA = "a formula of a few numbers, compared with the definition in the tests of theory/"
WHOLE_NUMBERS = "an identity or inequality of whole numbers"
DIMENSION = "the dimension of a space of matrices, found exactly for whole numbers"
ALL_CHOICES = "a construction for every choice of targets, of which theory/ goes through all"
FIXED_VECTORS = "an exact formula for four orthogonal vectors of one length"
OTHER_FORM = "the experiment of claim {} measures what this one is solved from"
COSTS = "a count of operations"

WITHOUT_EXPERIMENT = {
    "copying.slope": FORMULA,
    "averaging.unequal": FORMULA,
    "gram.equal_cosines": FORMULA,
    "near_average.margin": OTHER_FORM.format("single_head.near_average"),
    "logistic_normal.peaks": "the shape of a density, which has an experiment of its own",
    "normal_quadrature.error": "the error of a sum with fixed nodes",
    "identity_attention.added": FIXED_VECTORS,
    "key_query_value.synthesis": OTHER_FORM.format("key_query_value.error"),
    "key_query_value.gain": OTHER_FORM.format("key_query_value.error"),
    "practical_synthesis.least_norm": FIXED_VECTORS,
    "score_matrix.gauge": DIMENSION,
    "score_matrix.exact": FORMULA,
    "solution_families.scores": DIMENSION,
    "solution_families.values": DIMENSION,
    "low_rank.circle": ALL_CHOICES,
    "low_rank.line": ALL_CHOICES,
    "low_rank.sets": ALL_CHOICES,
    "fredholm.conditions": DIMENSION,
    "fredholm.dependence": DIMENSION,
    "linformer.low_rank": CITED,
    "linformer.linear": CITED,
    "attention_graph.star": WHOLE_NUMBERS,
    "reachability.diameter": WHOLE_NUMBERS,
    "spectral_gap.window": FORMULA,
    "spectral_gap.window_layers": FORMULA,
    "bigbird.universal": CITED,
    "bigbird.turing_complete": CITED,
    "bigbird.furthest_sparse": CITED,
    "performer.uniform": CITED,
    "performer.regularised_attention": CITED,
    "performer.exact_cost": COSTS,
    "performer.exact_causal_cost": COSTS,
    "performer.cost": COSTS,
    "performer.speedup": COSTS,
    "performer.causal_crossing": COSTS,
    "performer.paired_crossing": COSTS,
    "hallucination.kalai_vempala": CITED,
}


def test_every_claim_has_an_experiment_or_a_reason_why_not() -> None:
    claims = {c.key for c in theory.claims()}
    tested = {e.claim for e in catalogue()}
    assert tested <= claims
    assert claims - tested == set(WITHOUT_EXPERIMENT)


def test_exactly_the_citations_are_called_cited() -> None:
    cited = {key for key, reason in WITHOUT_EXPERIMENT.items() if reason == CITED}
    assert cited == {c.key for c in theory.claims() if isinstance(c, Citation)}


def test_what_is_measured_in_another_form_is_measured() -> None:
    tested = {e.claim for e in catalogue()}
    forms = {OTHER_FORM.format(claim) for claim in tested}
    others = {r for r in WITHOUT_EXPERIMENT.values() if r.startswith("the experiment of claim")}
    assert others <= forms
