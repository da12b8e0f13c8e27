"""What one can ask about, and the experiments that put its laws to the test."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from reports.record import InputError
from simulate.asked.parameters import Parameters, read
from simulate.catalogue import catalogue
from simulate.ensembles.features import Case
from simulate.experiment import FAMILY_FALSE_ALARM, Experiment, number
from simulate.experiments import (
    averaging,
    background,
    copying,
    feature_variance,
    heads,
    johnson_lindenstrauss,
    kept_samples,
    linformer,
    multi_head,
    orthogonal_features,
    random_features,
    single_head,
)
from simulate.statistics import Mean, Probability

SMALLEST_LEAK = 1e-3
"""Below it errors are so small that the rounding of the keys is seen in them."""
HIDDEN = "at so large a gain rounding hides how small the error is"
LOOSE = (
    "a bound that holds for all numbers may lie far above the truth at those that were asked about"
)


@dataclass(frozen=True)
class Question:
    """about: in one line; takes: names of its parameters; experiments: all that may apply."""

    about: str
    takes: tuple[str, ...]
    experiments: Callable[[Parameters], list[Experiment]]


@dataclass(frozen=True)
class Asked:
    """A question with its numbers: `name` as it was asked, and what has to be run.

    left_out: experiments of the question that do not apply to these numbers, and why
    """

    name: str
    parameters: Parameters
    takes: tuple[str, ...]
    experiments: tuple[Experiment, ...]
    left_out: tuple[tuple[str, str], ...] = ()

    @property
    def numbers(self) -> dict[str, float]:
        """The parameters that the question takes."""
        return self.parameters.of(self.takes)

    @property
    def share(self) -> float:
        """False-alarm probability of each statistical check: together they spend the family's."""
        return FAMILY_FALSE_ALARM / max(1, sum(e.check.statistical for e in self.experiments))


def ask(name: str, given: Mapping[str, str | None]) -> Asked:
    """The question `name`, or the catalogue's experiments of that name with their own numbers.

    name: of a question, or of experiments or claims, in full or by their first words; the latter
    take alpha alone, the smallest noise
    given: options as they were typed, see `parameters.read`
    Raises: InputError for an unknown name, naming those that come nearest, and for options that
    cannot be used.
    """
    if name in QUESTIONS:
        question = QUESTIONS[name]
        parameters = read(name, question.takes, given)
        judged = [(e, _inapplicable(e)) for e in question.experiments(parameters)]
        chosen = tuple(_said_in_advance(e) for e, reason in judged if reason is None)
        left_out = tuple((e.key, reason) for e, reason in judged if reason is not None)
        return Asked(name, parameters, question.takes, chosen, left_out)
    if not (known := named(catalogue(), name)):
        raise InputError(f"{name[:60]!r} is unknown; the nearest are {', '.join(nearest(name))}")
    takes = ("alpha",) if any("alpha" in e.parameters for e in known) else ()
    parameters = read(name, takes, given)
    return Asked(name, parameters, takes, tuple(named(catalogue(parameters.alpha), name)))


def named(experiments: Sequence[Experiment], name: str) -> list[Experiment]:
    """Those whose key or claim is `name` or starts with it, up to a point."""
    return [e for e in experiments if any(f"{k}.".startswith(f"{name}.") for k in (e.key, e.claim))]


def nearest(name: str) -> list[str]:
    """The three names most like this one."""
    known = {*QUESTIONS}
    for e in catalogue():
        known |= {e.key, e.claim, e.key.partition(".")[0]}
    return difflib.get_close_matches(name.lower(), sorted(known), n=3, cutoff=0.0)


def _inapplicable(e: Experiment) -> str | None:
    """Why the law has no value at these numbers, or none that says anything; None if it has."""
    if e.law in ("averaging.leak", "averaging.subset_leak") and e.key != "averaging.leak":
        arguments = (e.parameters[name] for name in ("beta", "n", "size") if name in e.parameters)
        return HIDDEN if number(e.law, *arguments) < SMALLEST_LEAK else None
    if isinstance(e.check, Mean | Probability):
        try:
            low, high = e.check.law()
        except InputError as problem:
            return str(problem)
        if low <= 0 and high >= (width := e.check.width):
            return f"the bound is {high:.3g} at these numbers, but no value exceeds {width:.3g}"
    return None


def _said_in_advance(e: Experiment) -> Experiment:
    """The experiment, saying whether it may be inconclusive at numbers that a user chose."""
    loose = isinstance(e.check, Mean) and e.check.reach > 0
    return replace(e, untested=e.untested or LOOSE) if loose else e


def _copying(asked: Parameters) -> list[Experiment]:
    size = copying.Size(asked.keys, asked.dim, asked.margin)
    return [copying.weight(size), copying.tolerance(size), copying.error(size)]


def _averaging(asked: Parameters) -> list[Experiment]:
    size = averaging.Size(asked.keys, asked.dim, asked.beta)
    found = [make(size) for make in (averaging.leak, averaging.error, averaging.bound)]
    found.append(averaging.gain(size))
    return [*found, averaging.subset(size)] if asked.keys > averaging.SUBSET else found


def _single_head(asked: Parameters) -> list[Experiment]:
    setting = asked.setting
    found = [
        make(setting)
        for make in (
            single_head.split,
            single_head.score,
            single_head.joint,
            single_head.coin,
            single_head.undecided,
            single_head.variance,
            single_head.exact_variance,
        )
    ]
    if setting.radial == 0:
        found.append(single_head.near_half(setting))
    if setting.n == 2:
        return found
    found += [make(setting) for make in (background.mean, background.tail, background.outranked)]
    return [*found, background.outranked_bounds(setting, "above"), background.rate(setting)]


def _multi_head(asked: Parameters) -> list[Experiment]:
    """Heads with one query are one head: any even number of them has the output of two."""
    setting = asked.setting
    found = [single_head.logit_of_share(setting, 0.0)]
    if setting.n == 2:
        found += [
            make(setting)
            for make in (multi_head.near_average, heads.finite_variance, kept_samples.density)
        ]
    found += [
        make(setting)
        for make in (
            multi_head.loss,
            multi_head.negative_score,
            multi_head.miss,
            multi_head.miss_bound,
            multi_head.missed_though_kept,
            multi_head.limit,
            multi_head.limit_variance,
            kept_samples.miss,
            kept_samples.loss,
            kept_samples.second_loss,
            kept_samples.error,
            heads.ratio,
        )
    ]
    return [*found, heads.variance_bound(setting, heads.HALF)]


def _linformer(asked: Parameters) -> list[Experiment]:
    return [
        linformer.entry(asked.rows, asked.keys),
        johnson_lindenstrauss.failure_of_many_rows(asked.epsilon, asked.rows),
        linformer.rows(asked.epsilon, asked.delta, asked.keys, asked.dim),
    ]


def _performer(asked: Parameters) -> list[Experiment]:
    case = Case(asked.total, asked.apart, asked.draws, asked.dim)
    found = [*random_features.means(case), *feature_variance.errors(case)]
    if case.draws == 1:
        return found
    if case.draws > case.d:
        return [*found, orthogonal_features.blocks(case)]
    return [*found, orthogonal_features.at_most(case), orthogonal_features.at_least(case)]


QUESTIONS = {
    "copying": Question(
        "2a: the best key leads by a margin; how much weight and which value it gets",
        ("margin", "keys", "dim"),
        _copying,
    ),
    "averaging": Question(
        "2b: random orthonormal keys, q = β(k_a + k_b); how far the output is from the average",
        ("beta", "keys", "dim"),
        _averaging,
    ),
    "single_head": Question(
        "2c: random keys, one head with q = β(μ_a + μ_b); how the weight splits",
        ("alpha", "beta", "keys", "dim", "radial", "heads"),
        _single_head,
    ),
    "multi_head": Question(
        "2d: random keys, half of the heads with q_1 = βμ_a and half with q_2 = βμ_b",
        ("alpha", "beta", "keys", "dim", "radial", "heads"),
        _multi_head,
    ),
    "linformer": Question(
        "3g: Linformer's projection R of k rows; how far inner products and P RᵀR V err",
        ("rows", "keys", "dim", "epsilon", "delta"),
        _linformer,
    ),
    "performer": Question(
        "3h: random features that estimate e^(xᵀy); their means and mean squared errors",
        ("total", "apart", "draws", "dim"),
        _performer,
    ),
}
"""By name. The names of experiments and claims of the catalogue can be asked about too."""
