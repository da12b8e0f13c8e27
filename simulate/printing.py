"""What a run prints: one line an experiment, and what the lines mean."""

from __future__ import annotations

from collections.abc import Sequence

from simulate.asked.parameters import read
from simulate.asked.questions import QUESTIONS, Question
from simulate.catalogue import catalogue
from simulate.experiment import FAMILY_FALSE_ALARM, Result
from simulate.statistics import MISS, ConfidenceSequence
from theory.proof.plain import prose

NO_EXCUSE = "trials are missing, were no numbers or never came near the bound, which must not be"

HEADING = "Questions of your own, and their numbers where none are given:"


def listing() -> str:
    """The questions that one can ask, and every experiment of the catalogue."""
    questions = [
        f"{name:40} {question.about}\n{'':40} {_defaults(name, question)}"
        for name, question in QUESTIONS.items()
    ]
    experiments = [f"{e.question:5} {e.key:40} {prose(e.title)}" for e in catalogue()]
    return "\n".join([HEADING, *questions, "", "Experiments:", *experiments])


def table(results: Sequence[Result]) -> str:
    """One line an experiment, under a line of headings."""
    rows = [("question", "experiment", "n", "measured", "law", "distance", "threshold",
             "detectable", "p", "verdict")]  # fmt: skip
    for r in results:
        j = r.judgement
        rows.append(
            (
                r.experiment.question,
                r.experiment.key,
                f"{r.tally.trials:,}",
                _number(j.observed),
                _number(j.expected),
                _number(j.distance),
                _number(j.threshold),
                _number(j.detectable),
                "-" if j.p_value is None else f"{j.p_value:.2g}",
                j.verdict,
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    left = (0, 1, 9)
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def summary(results: Sequence[Result], seed: int) -> str:
    """What the table means."""
    verdicts = [r.judgement.verdict for r in results]
    counts = ", ".join(
        f"{verdicts.count(v)} {v}" for v in ("consistent", "contradicted", "inconclusive")
    )
    trials = sum(r.tally.trials for r in results)
    lines = [
        f"{len(results)} experiment{'' if len(results) == 1 else 's'}, {trials:,} trials, "
        f"seed {seed}: {counts}.",
        "A distance above its threshold contradicts the law; if all laws hold, the probability of "
        f"that anywhere in this run is at most {FAMILY_FALSE_ALARM:g}.",
        "A discrepancy of the size called detectable, or larger, is missed with probability "
        f"{MISS:g} at most; for an exact bound or identity, which leaves room for rounding alone, "
        "it is the share of trials that break it. --list says what each experiment measures.",
    ]
    if any(r.statistic == ConfidenceSequence.name for r in results):
        lines.append(
            "With --until, measured is the middle of the interval at all times, and the threshold "
            "of a mean or probability is half of that interval's width."
        )
    for r in results:
        if r.judgement.verdict == "inconclusive":
            lines.append(f"{r.experiment.key} is inconclusive: {r.excuse or NO_EXCUSE}.")
    return "\n".join(lines)


def _defaults(name: str, question: Question) -> str:
    """The options of a question, with the numbers that hold where they are not given."""
    numbers = read(name, question.takes, {}).of(question.takes)
    return " ".join(f"--{option} {value:g}" for option, value in numbers.items())


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
