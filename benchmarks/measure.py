"""Timing two ways of doing one thing in turns, so that both see the same machine."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable

from reports.record import processor


def alternate(ways: dict[str, Callable[[], float]], repetitions: int) -> dict[str, list[float]]:
    """Units of work a second of each way, one value a repetition, the ways taking turns.

    Each way returns the units it did; the first turn of each is a warm-up and is dropped.
    """
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(repetitions + 1):
        for name, way in ways.items():
            begin = time.perf_counter()
            units = way()
            rate = units / (time.perf_counter() - begin)
            if turn:
                rates[name].append(rate)
    return rates


def report(benchmark: str, unit: str, rates: dict[str, list[float]]) -> None:
    """Print the medians, and as the last line JSON with the ratio of the second to the first."""
    first, second = rates
    ratios = [b / a for a, b in zip(rates[first], rates[second], strict=True)]
    for name, values in rates.items():
        print(f"{benchmark}: {name}: {statistics.median(values):,.0f} {unit} a second (median)")
    line = {
        "benchmark": benchmark,
        "unit": f"{unit} a second",
        "rates": {name: [round(v, 1) for v in values] for name, values in rates.items()},
        "ratio": round(statistics.median(ratios), 3),
        "ratio_range": [round(min(ratios), 3), round(max(ratios), 3)],
        "of": [second, first],
        "device": processor(),
    }
    print(json.dumps(line, ensure_ascii=False))
