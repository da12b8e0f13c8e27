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
    """Print the medians, and as the last line JSON with the ratios of the last way to the others.

    A ratio is of two rates of one turn; its median over the turns is given, the least, the largest.
    """
    *others, last = rates
    for name, values in rates.items():
        print(f"{benchmark}: {name}: {statistics.median(values):,.0f} {unit} a second (median)")
    ratios = {}
    for other in others:
        found = [b / a for a, b in zip(rates[other], rates[last], strict=True)]
        ratios[other] = {
            "median": round(statistics.median(found), 3),
            "range": [round(min(found), 3), round(max(found), 3)],
        }
    line = {
        "benchmark": benchmark,
        "unit": f"{unit} a second",
        "rates": {name: [round(v, 1) for v in values] for name, values in rates.items()},
        "of": last,
        "ratios": ratios,
        "device": processor(),
    }
    print(json.dumps(line, ensure_ascii=False))
