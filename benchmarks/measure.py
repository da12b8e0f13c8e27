"""Timing several ways of doing one thing in turns, so that all see the same machine."""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable, Hashable, Mapping
from typing import Literal, TypeVar

from reports.record import ROOT, BenchmarkRecord, Clock, Way, processor, write

RECORDS = ROOT / "results" / "reference" / "benchmarks"
Device = tuple[Literal["cpu", "cuda"], str]
Name = TypeVar("Name", bound=Hashable)


def compare(
    benchmark: str,
    unit: str,
    ways: Mapping[str, Callable[[], float]],
    repetitions: int,
    device: Device | None = None,
) -> None:
    """Time the ways in turns, print their rates, and write the record of the benchmark.

    Each way returns the units of work that it did.
    """
    clock = Clock()
    kind, name = device or ("cpu", processor())
    rates = alternate(ways, repetitions)
    show(benchmark, unit, rates, name)
    record = BenchmarkRecord(
        provenance=clock.provenance(None, (), kind, name),
        benchmark=benchmark,
        unit=unit,
        threads=threads(),
        ways=tuple(Way(way, tuple(round(v, 1) for v in values)) for way, values in rates.items()),
    )
    write(RECORDS / f"{benchmark.replace(' ', '-')}.{kind}.json", record)


def alternate(
    ways: Mapping[Name, Callable[[], float]],
    repetitions: int,
    before: Mapping[Name, Callable[[], object]] | None = None,
) -> dict[Name, list[float]]:
    """Units of work a second of each way, one value a repetition, the ways taking turns.

    Each way returns the units it did; the first turn of each is a warm-up and is dropped.
    before: what is done at the start of each turn of a way, untimed
    """
    rates: dict[Name, list[float]] = {name: [] for name in ways}
    for turn in range(repetitions + 1):
        for name, way in ways.items():
            if before is not None:
                before[name]()
            begin = time.perf_counter()
            units = way()
            rate = units / (time.perf_counter() - begin)
            if turn:
                rates[name].append(rate)
    return rates


def show(benchmark: str, unit: str, rates: dict[str, list[float]], device: str) -> None:
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
        "device": device,
    }
    print(json.dumps(line, ensure_ascii=False), flush=True)


def threads() -> int:
    """Threads that the libraries use at most: the cores at hand, unless OMP_NUM_THREADS is less."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    allowed = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores or 1, int(allowed)) if allowed.isdigit() else cores or 1
