"""Tables of the capacity study, written beside its records: python -m gpt.studies.capacity_tables

capacity.csv has a row for each model, cost.csv the exponent a of seconds ∝ tokens^a for each width.
"""

from __future__ import annotations

import argparse
import csv
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from reports.record import (
    ROOT,
    ArgumentParser,
    InputError,
    StudyRecord,
    exit_on_input_error,
    read,
    write_text,
)


def rows(records: Sequence[StudyRecord]) -> list[dict[str, object]]:
    """One row a model: its size, cost, accuracy on the people asked, and measures."""
    found = []
    for record in records:
        (run,), (answers,) = record.runs, record.answers
        low, high = answers.result.interval
        found.append(
            {
                "people": int(record.measures["people"]),
                "width": record.hyperparameters["width"],
                "seed": record.provenance.seed,
                "parameters": record.parameters,
                "device": record.provenance.device_name,
                "threads": record.threads,
                "tokens": run.tokens,
                "seconds": run.seconds,
                "accuracy": answers.result.accuracy,
                "accuracy_low": low,
                "accuracy_high": high,
                **{k: v for k, v in record.measures.items() if k != "people"},
            }
        )
    return sorted(found, key=lambda row: (row["people"], row["width"], row["seed"]))


def costs(table: Sequence[Mapping[str, Any]]) -> list[dict[str, object]]:
    """The exponent of the cost for each width on each device that trained three sizes or more."""
    groups = defaultdict(list)
    for row in table:
        groups[row["width"], row["device"], row["threads"]].append(row)
    found = []
    for (width, device, threads), group in sorted(groups.items()):
        if len({row["people"] for row in group}) >= 3:
            value, low, high = exponent(*([row[k] for row in group] for k in ("tokens", "seconds")))
            found.append(
                {
                    "width": width, "device": device, "threads": threads, "runs": len(group),
                    "exponent": value, "exponent_low": low, "exponent_high": high,
                }
            )  # fmt: skip
    return found


def exponent(tokens: Sequence[float], seconds: Sequence[float]) -> tuple[float, float, float]:
    """a in seconds ∝ tokens^a by least squares of the logarithms, with its 95 % interval.

    The interval is Student's; three runs or more have one.
    """
    from scipy.stats import linregress, t  # takes seconds to load, and training never needs it

    fit = linregress(np.log(tokens), np.log(seconds))
    slope = float(fit.slope)
    half = float(t.ppf(0.975, len(tokens) - 2) * fit.stderr)
    return slope, slope - half, slope + half


def main(argv: list[str] | None = None) -> int:
    parser = ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=Path, default=ROOT / "results/reference/capacity")
    folder: Path = parser.parse_args(argv).records
    table = rows([read(path, StudyRecord) for path in sorted(folder.glob("people*.json"))])
    if not table:
        raise InputError(f"{folder}: no record of the study there: python -m gpt.study capacity")
    for name, found in (("capacity.csv", table), ("cost.csv", costs(table))):
        if found:
            text = _as_csv(found)
            write_text(folder / name, text)
            print(f"{folder / name}\n{text}")
    return 0


def _as_csv(table: Sequence[Mapping[str, object]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(table[0]), lineterminator="\n")
    writer.writeheader()
    for row in table:
        rounded = {k: round(v, 6) if isinstance(v, float) else v for k, v in row.items()}
        writer.writerow(rounded)
    return text.getvalue()


if __name__ == "__main__":
    exit_on_input_error(main)
