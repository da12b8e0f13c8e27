"""A shelf of records that are plainly made up, for tests that need one of every kind."""

from __future__ import annotations

import csv
import dataclasses
import itertools
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reports.record import (
    BaselineRecord,
    BenchmarkRecord,
    Claim,
    CorpusRecord,
    Count,
    EvaluationRecord,
    Experiment,
    Figure,
    HeadSpectrum,
    Provenance,
    SimulateRecord,
    SpectrumRecord,
    Step,
    StudyAnswers,
    StudyRecord,
    StudyRun,
    TheoryRecord,
    TrainingRecord,
    Way,
    sha256,
    write,
)

QUESTIONS = ("2a", "2b", "2c.1", "2c.2", "2d.1", "2d.2", "2e.1", "2e.2")
PEOPLE = 40
RIGHT_WITH, RIGHT_WITHOUT = 24, 2


def provenance(**changes: Any) -> Provenance:
    """Made by nobody, from nothing, at a fixed time."""
    made_up = Provenance(
        commit="f" * 40, clean=True, command="python -m made.up", seed=7,
        versions={"python": "3.11.0", "numpy": "2.0.0"}, device="cpu",
        device_name="an imagined processor", started="2026-01-02T03:04:05+00:00", wall_time=61.0,
        sources={}, inputs={},
    )  # fmt: skip
    return dataclasses.replace(made_up, **changes)


def count(correct: int, n: int) -> Count:
    """A proportion with its Wilson interval at 95 %, computed here independently of the project."""
    z, p = 1.959963984540054, correct / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Count(n, correct, p, (max(0.0, centre - half), min(1.0, centre + half)))


def claim(question: str, **changes: Any) -> Claim:
    made_up = Claim(
        key=f"made_up.{question}", question=question, title=f"A made-up claim for {question}",
        statement=r"The output differs by at most $(n-1)e^{-\Delta}$.",
        assumptions=(r"$\Delta > 0$",),
        steps=(Step(r"\frac{1}{1+x} \le 1", "A fraction below one", "exact"),),
        result=r"\alpha_j \ge \frac{1}{1+x}", verdict="proved",
        twin=r"$(n-2)e^{-\Delta}$ (one key too few)", twin_verdict="refuted",
        example=r"For $n = 3$: $0$.", directly="Attention itself gives $0$.", source="nowhere",
        seconds=0.1,
    )  # fmt: skip
    return dataclasses.replace(made_up, **changes)


def experiment(question: str, **changes: Any) -> Experiment:
    made_up = Experiment(
        key=f"made_up.{question}", claim=f"made_up.{question}", question=question,
        title=f"A made-up law for {question}", law="made.up", parameters={"alpha": 0.01, "n": 8.0},
        n=1_000_000, statistic="Kolmogorov-Smirnov", observed=None, expected=None, interval=None,
        distance=0.0007, threshold=0.0027, false_alarm=1e-7, detectable=0.0051,
        p_value=0.4, verdict="consistent", may_be_inconclusive=None, small_by_design=None,
        seconds=1.0,
    )  # fmt: skip
    return dataclasses.replace(made_up, **changes)


def tables() -> dict[str, list[dict[str, Any]]]:
    """Every table that a figure is drawn from, with the columns of the contract."""
    edges = [i / 10 for i in range(11)]
    return {
        "leak": [
            {"n": n, "beta": b, "measured_max": 0.9 * n * math.exp(-b),
             "measured_mean": 0.8 * n * math.exp(-b), "bound": n * math.exp(-b)}
            for n in (4, 16) for b in (1, 2, 4, 8)
        ],
        "positions": [
            {"setting": setting, "heads": h, "n": n, "alpha": 0.01, "beta": b, "left": low,
             "right": high, "count": 100, "trials": 1000, "law": law, "law_probability": 0.1}
            for setting, h, n, law in (("isotropic", 1, 2, "exact"), ("radial", 2, 8, "limit"))
            for b in (5, 20) for low, high in itertools.pairwise(2 * edge - 1 for edge in edges)
        ],
        "phases": [
            {"heads": h, "setting": setting, "n": 16, "epsilon": 0.25, "alpha": a, "beta": b,
             "near": 900 if a < 0.1 < b / 10 else 100, "trials": 1000, "leak": 1 / b,
             "law": 1 / (1 + 10 * a)}
            for h in (1, 2) for setting in ("isotropic", "radial")
            for a in (0.001, 0.01, 0.1, 1) for b in (1, 2, 4, 8)
        ],
        "miss": [
            {"alpha": a, "n": n, "beta": 10, "misses": 100, "trials": 1000, "lower": 0.08,
             "upper": 0.12, "law": 0.1, "negative_score": 0.08}
            for n in (4, 16) for a in (0.01, 0.1)
        ],
        "excluded": [
            {"alpha": a, "n": 16, "condition": c, "trials": 1000, "misses": 90, "variance": 0.02}
            for a in (0.01, 0.1) for c in ("all", "kept")
        ],
        "sweeps": [
            {"panel": panel, "series": series, "x": x, "alpha": 0.01, "beta": x, "n": 8,
             "measured": 0.1 * x, "lower": 0.09 * x, "upper": 0.11 * x, "risk": 1e-6,
             "trials": 1000, "law_is": law, "law": 0.105 * x}
            for panel, series, law in (("beta", "one", "exact"), ("beta", "two", "exact"),
                                       ("others", "one", "bound"))
            for x in (1, 2, 4)
        ],
        "feature_error": [
            {"total": 1, "apart": 2, "kernel": kernel, "dimension": 2, "features": features,
             "draws": m, "trials": 1000, "measured": 1 / m, "lower": 0.9 / m, "upper": 1.1 / m,
             "risk": 1e-6, "law_is": "bound" if features == "orthogonal" else "exact",
             "law": 1.05 / m}
            for kernel in (0.1, 1.2)
            for features in ("positive", "hyperbolic", "trigonometric", "orthogonal")
            for m in (1, 2, 4)
        ],
    }  # fmt: skip


def shelf(
    results: Path,
    profile: str = "quick",
    variant: str = "vanilla",
    changes: Mapping[str, Mapping[str, Any]] | None = None,
) -> Path:
    """Write a full set of made-up records; `changes` replaces fields by the record's file name.

    Returns: the folder of the profile.
    """
    folder = results / profile
    folder.mkdir(parents=True, exist_ok=True)
    replaced = changes or {}

    def put(name: str, record: Any) -> None:
        record = dataclasses.replace(record, **replaced.get(name, {}))
        if isinstance(record, EvaluationRecord):
            _answers(folder, record)
        write(folder / name, record)

    put("corpus.json", _corpus())
    claims = (*map(claim, QUESTIONS), claim("3h", verdict="cited"), claim("9z"))
    put("theory.json", TheoryRecord(provenance(), claims))
    figures = []
    for key, rows in tables().items():
        _table(folder / f"simulate.{key}.csv", rows)
        figures.append(Figure(key, f"simulate.{key}.csv", sha256(folder / f"simulate.{key}.csv")))
    experiments = (*map(experiment, QUESTIONS), experiment("9z"))
    put("simulate.json", SimulateRecord(provenance(), 1e-6, "reduced", experiments, tuple(figures)))
    place = "Springfield"
    put(
        "baseline.json",
        BaselineRecord(provenance(), "made-up", count(0, PEOPLE), count(1, PEOPLE), place),
    )
    for run in ("pretrain", "finetune", "scratch"):
        put(f"{variant}.{run}.json", training(folder, variant, run))
    for run, right in (("pretrain", RIGHT_WITH), ("scratch", RIGHT_WITHOUT)):
        put(f"{variant}.{run}.evaluate.json", evaluation(folder, variant, run, right))
    if variant == "vanilla":
        put(f"{variant}.spectrum.json", spectrum(variant))
    return folder


def spectrum(variant: str) -> SpectrumRecord:
    """Two layers of two heads at eight positions; head h of layer l: 1 − (1 − k/8)^(l + h + 1)."""
    heads = tuple(
        HeadSpectrum(
            layer,
            head,
            tuple(1 - (1 - k / 8) ** (layer + head + 1) for k in range(1, 9)),
            tuple(1 - (1 - k / 8) ** 2 for k in range(1, 9)),
        )
        for layer in range(2)
        for head in range(2)
    )
    return SpectrumRecord(
        provenance(), variant=variant, run="pretrain", recipe="quick", corpus="made-up",
        documents=11, positions=8, heads=heads,
    )  # fmt: skip


def _corpus() -> CorpusRecord:
    return CorpusRecord(
        provenance(seed=None), name="made-up", source="embedded", credit="Nobody.",
        arguments={"people": PEOPLE, "wordings": 7}, files={"wiki.txt": "0" * 64}, documents=200,
        characters=12345, symbols=64, people=100, training_pairs=60, evaluation_pairs=PEOPLE,
        control_pairs=20, notes=("All of it is invented.",),
    )  # fmt: skip


def training(folder: Path, variant: str, run: str) -> TrainingRecord:
    """A training record, and its learning curve beside it."""
    curve = f"{variant}.{run}.curve.csv"
    _table(
        folder / curve,
        [
            {"step": s, "epoch": s / 10, "loss": 3 / (1 + s), "learning_rate": 1e-3,
             "tokens": 100 * s, "seconds": s}
            for s in range(1, 30)
        ],
    )  # fmt: skip
    return TrainingRecord(
        provenance(), run=run, variant=variant, recipe="quick", recipe_hash="a" * 64,
        hyperparameters={
            "width": 64, "question_share": 0.0, "pretrain": {"rate": 0.1, "matrix_rate": None},
        },
        changes=("The model is imaginary.",),
        corpus="made-up", parameters=1234, documents=200, epochs=3, steps=29, tokens=2900,
        tokens_per_second=1000.0, precision="fp32", final_loss=0.1, curve=curve,
        weights_sha256="b" * 64,
    )  # fmt: skip


def evaluation(folder: Path, variant: str, run: str, right: int) -> EvaluationRecord:
    """An evaluation record, and its predictions beside it."""
    predictions = f"{variant}.{run}.predictions.jsonl"
    control = f"{variant}.{run}.control.jsonl"
    record = EvaluationRecord(
        provenance(), model=run, variant=variant, recipe="quick", corpus="made-up",
        result=count(right, PEOPLE), control=count(1, 20), unknown_characters=0,
        predictions=predictions, control_predictions=control,
    )  # fmt: skip
    _answers(folder, record)
    return record


def study(name: str, entry: str, seed: int = 0, **changes: Any) -> StudyRecord:
    """One entry of a study: 40 questions, of which the first `right` are answered."""
    right = changes.pop("right", RIGHT_WITH)
    losses = tuple(3 / (1 + i) + 0.01 * math.sin(7 * i + seed + len(entry)) for i in range(5))
    run = StudyRun("pretrain", 5, 50, 5000, 120.0, "fp32", losses)
    digits = "1" * right + "0" * (PEOPLE - right)
    made_up = StudyRecord(
        provenance(seed=seed), study=name, entry=entry, sentence=f"A made-up change: {entry}.",
        variant="rope", recipe="quick", recipe_hash="a" * 64, hyperparameters={"width": 64},
        corpus="made-up", documents=200, parameters=1234, threads=2, asked="a made-up split",
        runs=(run, StudyRun("finetune", 1, 5, 500, 12.0, "fp32", (0.5,))),
        answers=(
            StudyAnswers("pretrain", count(1, PEOPLE), "1" + "0" * (PEOPLE - 1), 2.0),
            StudyAnswers("finetune", count(right, PEOPLE), digits, 2.0),
        ),
        measures={},
    )  # fmt: skip
    return dataclasses.replace(made_up, **changes)


def studies() -> list[StudyRecord]:
    """A few records of every study."""
    sizes = [(n, w) for n in (300, 1000, 3000) for w in (64, 128)]
    found = [study("ablations", "base", seed) for seed in (0, 1)]
    found += [study("ablations", "worse", seed, right=4) for seed in (0, 1)]
    found += [study("ablations", "level", right=RIGHT_WITH + 1)]
    found += [
        study("variants", variant, seed, variant=variant, right=right, parameters=1000 + right,
              runs=(dataclasses.replace(study("", "").runs[0], tokens=1200 * right),),
              hyperparameters={"width": 64, "attention": options})
        for variant, right, options in (("vanilla", 10, {}), ("bigbird", 30, {"rotary": True}),
                                        ("performer", 8, {"features": 16, "map": "positive"}))
        for seed in (0, 1)
    ]  # fmt: skip
    found += [
        study("minutes", f"epochs-{n}", right=n, answers=study("", "", right=n).answers[-1:],
              hyperparameters={"epochs": n},
              runs=(dataclasses.replace(study("", "").runs[0], seconds=60.0 * n),))
        for n in (5, 10, 20)
    ]  # fmt: skip
    found += [
        study("best", variant, right=right, variant=variant, parameters=2000 + right,
              hyperparameters={"epochs": 20, "attention": {"rotary": True, "block": 8}})
        for variant, right in (("bigbird", 25), ("linformer", 4))
    ]  # fmt: skip
    found += [
        study("capacity", f"people{n}-width{w}", right=10, hyperparameters={"width": w},
              runs=(dataclasses.replace(study("", "").runs[0], tokens=n, seconds=0.1 * n),),
              measures={"people": n, "place_bits": 5.0, "bits_a_person": 2.5, "control": 0.05,
                        "bits_a_person_error": 0.2, "bits_a_parameter": n / w / 100})
        for n, w in sizes
    ]  # fmt: skip
    for entry in ("plain", "practical"):
        found += [study("curves", entry, s, asked=None, answers=()) for s in (0, 1, 2)]
    return found


def benchmark(name: str, **changes: Any) -> BenchmarkRecord:
    """Two ways, the second three times as fast as the first."""
    both = (Way("by hand", (10.0, 20.0, 40.0)), Way("by machine", (30.0, 50.0, 160.0)))
    made_up = BenchmarkRecord(provenance(), name, "made-up things", 2, both)
    return dataclasses.replace(made_up, **changes)


def put_studies(results: Path) -> Path:
    """Write all of them where reference records lie; returns that folder."""
    folder = results / "reference"
    for record in studies():
        path = folder / record.study / f"{record.entry}.seed{record.provenance.seed}.json"
        write(path, record)
    write(folder / "benchmarks" / "adding.cpu.json", benchmark("adding"))
    return folder


def _answers(folder: Path, record: EvaluationRecord) -> None:
    """Write the tables of answers that `record` counts."""
    _predictions(folder / record.predictions, record.result.n, record.result.correct, "Person")
    if record.control is not None and record.control_predictions is not None:
        control = folder / record.control_predictions
        _predictions(control, record.control.n, record.control.correct, "Stranger")


def _predictions(path: Path, n: int, right: int, who: str) -> None:
    lines = [
        json.dumps(
            {
                "question": f"Where was {who} {i} born?",
                "answer": f"Town {i % 7}",
                "gold": f"Town {i % 7}" if i < right else "Elsewhere",
                "correct": i < right,
                "probability": 0.9 - i / 100,
            }
        )
        for i in range(n)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
