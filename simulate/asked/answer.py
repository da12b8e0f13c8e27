"""What a question of one's own leaves behind: a folder with record, table and figure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reports import record
from reports.record import ROOT, InputError, Provenance, SimulateRecord
from simulate.asked.places import places
from simulate.asked.questions import Asked
from simulate.experiment import FAMILY_FALSE_ALARM, Result
from simulate.samplers import SAMPLERS

ASKED = ROOT / "results" / "asked"
QUESTION = "question.json"
NO_FIGURE = "matplotlib is not installed: no figure was drawn"


def folder(asked: Asked, run: Mapping[str, Any]) -> Path:
    """Where the answer goes by default: a name of its own for each question.

    run: what else the results depend on, such as seed, trials and sampler
    """
    numbers = [f"{name}{value!r}".removesuffix(".0") for name, value in asked.numbers.items()]
    others = [f"{name}{value}" for name, value in run.items() if value is not None]
    return ASKED / "_".join([asked.name, *numbers, *others])


def claim(path: Path, asked: Asked, run: Mapping[str, Any]) -> None:
    """Reserve a folder for the answer, before the work is done.

    Raises: InputError if it holds something else, or cannot be written.
    """
    question = {"name": asked.name, "parameters": asked.numbers, "run": dict(run)}
    text = json.dumps(question, indent=1, sort_keys=True) + "\n"
    place = path / QUESTION
    if path.exists() and not path.is_dir():
        raise InputError(f"{path}: cannot be used: it is no folder")
    try:
        there = sorted(p.name for p in path.iterdir()) if path.exists() else []
        same = place.is_file() and place.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError) as problem:
        raise InputError(f"{path}: cannot be used: {problem}") from None
    if there and not same:
        raise InputError(f"{path}: holds something else already; name another folder")
    record.write_text(place, text)


def write(
    path: Path, asked: Asked, results: Sequence[Result], run: Mapping[str, Any],
    provenance: Provenance,
) -> list[str]:  # fmt: skip
    """Write record.json, table.csv, figure.csv, figure.svg and figure.png into the folder `path`.

    run: holds 'seed', 'trials' and 'sampler', see `folder`
    Returns lines that tell the user what was written.
    Raises: InputError if the folder holds something else or cannot be written.
    """
    claim(path, asked, run)
    table = _csv([_row(asked, r) for r in results])
    record.write_text(path / "table.csv", table)
    figures, note = _draw(path, asked, results, run)
    entries = tuple(r.entry() for r in results)
    record.write(
        path / "record.json",
        SimulateRecord(provenance, FAMILY_FALSE_ALARM, run["sampler"], entries, figures),
    )
    return [f"Record, table and figure: {path}", *note]


def title(asked: Asked) -> str:
    """The question in words of a figure."""
    symbols = {"alpha": r"\alpha", "beta": r"\beta", "keys": "n", "dim": "d", "radial": "r",
               "heads": "H", "margin": r"\Delta", "rows": "k", "epsilon": r"\varepsilon",
               "delta": r"\delta", "total": r"\Vert x+y\Vert", "apart": r"\Vert x-y\Vert",
               "draws": "m"}  # fmt: skip
    numbers = [f"${symbols[name]}={value:g}$" for name, value in asked.numbers.items()]
    return f"{asked.name}: " + ", ".join(numbers) if numbers else asked.name


def _row(asked: Asked, result: Result) -> dict[str, Any]:
    """One line of the table: what was asked, what was tested, what came of it."""
    e, j = result.experiment, result.judgement
    low, high = j.interval or (None, None)
    return asked.numbers | {
        "experiment": e.key,
        "claim": e.claim,
        "n": result.tally.trials,
        "measured": j.observed,
        "interval_low": low,
        "interval_high": high,
        "law": j.expected,
        "distance": j.distance,
        "threshold": j.threshold,
        "detectable": j.detectable,
        "p_value": j.p_value,
        "verdict": j.verdict,
    }


def _draw(
    path: Path, asked: Asked, results: Sequence[Result], run: Mapping[str, Any]
) -> tuple[tuple[record.Figure, ...], list[str]]:
    """Draw the figure, and write the numbers of one of outputs beside it."""
    sampler = SAMPLERS[run["sampler"]]
    setting = asked.parameters.setting
    found = places(asked.name, setting, run["seed"], sampler, run["trials"])
    tables: tuple[record.Figure, ...] = ()
    if found:
        numbers = path / "figure.csv"
        record.write_text(numbers, _csv(found.rows()))
        tables = (record.Figure("places", numbers.name, record.sha256(numbers)),)
    try:
        from simulate.asked import drawing
    except ModuleNotFoundError as missing:
        if missing.name != "matplotlib":
            raise
        return tables, [NO_FIGURE]
    what = title(asked)
    drawn = drawing.of_places(what, found) if found else drawing.of_results(what, results)
    for ending, content in drawn.items():
        record.write_bytes(path / f"figure.{ending}", content)
    return tables, []


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Numbers are written so that they read back exactly, what is missing as nothing."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
