"""Trials of question 2c a second: what a user would write by hand, ours, and the floor.

All draw n = 16 keys in R^64 about orthonormal means and count how often the share of v_a against
v_b is within a tenth of one half. The floor is the time to draw the normals that the scores need.
"""

from __future__ import annotations

import json
import math
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from benchmarks.measure import Device, compare
from reports.record import processor
from simulate import accelerator
from simulate.attention import logit, share
from simulate.experiment import DEFAULT_TRIALS, Experiment, exactly
from simulate.keys import A, B, Scores
from simulate.runner import run
from simulate.samplers import SAMPLERS, Draw
from simulate.schedules import cores, on_threads
from simulate.setting import Setting
from simulate.statistics import Probability
from simulate.streams import SIZE, Block
from simulate.tallies import indicator

N, D = 16, 64
ALPHA, BETA = 1e-3, 10.0
HALF_WIDTH = 0.1
REPETITIONS = 5
BY_LOOP, WHOLE_KEYS = 5_000, 2**17
BY_VECTOR, AT_ONCE = 20_000, 1_000
ON_DEVICE = 2**28


def run_all() -> None:
    """Rates side by side, how the cost and the memory grow, and the same on a CUDA device."""
    ways: dict[str, Callable[[], float]] = {
        "a loop over trials": by_loop,
        "whole keys, vectorised": by_vector,
        "ours, whole keys": lambda: by_us(WHOLE_KEYS, "full"),
        "the normals alone": floor,
        "ours, scores alone": lambda: by_us(DEFAULT_TRIALS, "reduced"),
    }
    compare("sampling", "trials", ways, REPETITIONS)
    growth()
    import torch

    if torch.cuda.is_available():
        accelerated("cuda", ON_DEVICE)


def by_loop() -> float:
    """One trial at a time."""
    rng = np.random.default_rng(0)
    means = np.eye(N, D)
    query = BETA * (means[A] + means[B])
    near = 0
    for _ in range(BY_LOOP):
        keys = means + np.sqrt(ALPHA) * rng.standard_normal((N, D))
        scores = keys @ query
        exponentials = np.exp(scores - scores.max())
        weights = exponentials / exponentials.sum()
        near += int(abs(weights[A] / (weights[A] + weights[B]) - 0.5) <= HALF_WIDTH)
    assert 0 < near < BY_LOOP
    return BY_LOOP


def by_vector() -> float:
    """A thousand trials at once, which is faster than more, as the question defines them."""
    rng = np.random.default_rng(0)
    means = np.eye(N, D)
    query = BETA * (means[A] + means[B])
    near = 0
    for _ in range(BY_VECTOR // AT_ONCE):
        keys = means + np.sqrt(ALPHA) * rng.standard_normal((AT_ONCE, N, D))
        scores = keys @ query
        exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
        weights = exponentials / exponentials.sum(axis=1, keepdims=True)
        shares = weights[:, A] / (weights[:, A] + weights[:, B])
        near += int(np.count_nonzero(np.abs(shares - 0.5) <= HALF_WIDTH))
    assert 0 < near < BY_VECTOR
    return BY_VECTOR


def by_us(trials: int, sampler: str, n: int = N, d: int = D) -> float:
    """The runner, with all that it does, on all cores."""
    experiment = near_half(Setting(ALPHA, BETA, n, d=d).one_head())
    (result,) = run([experiment], 1e-6, SAMPLERS[sampler], trials, schedule=on_threads(cores()))
    assert result.judgement.verdict == "consistent"
    return trials


def near_half(scores: Scores) -> Experiment:
    """How often the share is within a tenth of one half."""

    def near(draw: Draw) -> np.ndarray:
        found = share(logit(draw.scores(scores)[0], A, B))
        return indicator(abs(found - 0.5) <= HALF_WIDTH, found)

    return Experiment(
        key="benchmark",
        claim="single_head.average",
        question="2c.1",
        title="how often the share is within a tenth of one half",
        law="regimes.near_half",
        parameters={"alpha": ALPHA, "beta": BETA},
        on_keys=True,
        measure=near,
        check=Probability(exactly("regimes.near_half", HALF_WIDTH, ALPHA, BETA)),
    )


def floor() -> float:
    """The normals of the scores of as many trials, on all cores, kept nowhere."""
    numbers = range(math.ceil(DEFAULT_TRIALS / SIZE))

    def draw(number: int) -> None:
        Block(0, "benchmark", number).generator().standard_normal((N, SIZE))

    with ThreadPoolExecutor(cores()) as pool:
        list(pool.map(draw, numbers))
    return DEFAULT_TRIALS


def accelerated(device: str, trials: int) -> None:
    """On a torch device: the device's own normals alone, against whole trials."""
    import torch

    sampler = accelerator.on_device(device)
    experiment = near_half(Setting(ALPHA, BETA, N, d=D).one_head())
    blocks = trials // accelerator.SIZE

    def normals() -> float:
        generator = torch.Generator(device).manual_seed(0)
        shape = (N, accelerator.SIZE)
        for _ in range(blocks):
            torch.randn(shape, generator=generator, device=device, dtype=torch.float64)
        return _finished(device, blocks * accelerator.SIZE)

    def ours() -> float:
        use = SAMPLERS["reduced"]
        (result,) = run([experiment], 1e-6, use, trials, accelerated=sampler)
        assert result.judgement.verdict == "consistent"
        return _finished(device, trials)

    ways = {f"the normals alone, {device}": normals, f"ours, {device}": ours}
    found: Device | None = ("cuda", torch.cuda.get_device_name()) if device == "cuda" else None
    compare(f"sampling on {device}", "trials", ways, REPETITIONS, found)


def _finished(device: str, units: float) -> float:
    """The units, once the device has done what it was asked to."""
    if device == "cuda":
        import torch

        torch.cuda.synchronize()
    return units


def growth() -> None:
    """Exponents of the cost in trials, n and d, and the memory for few and for many trials."""
    sweeps: dict[str, tuple[tuple[int, ...], Callable[[int], float]]] = {
        "trials": ((2**18, 2**20, 2**22), lambda t: by_us(t, "reduced")),
        "n": ((8, 16, 32, 64), lambda n: by_us(2**18, "reduced", n=n, d=D)),
        "d": ((16, 256, 4096), lambda d: by_us(2**18, "reduced", d=d)),
    }
    exponents = {}
    for name, (sizes, way) in sweeps.items():
        seconds = [min(_seconds(way, size) for _ in range(3)) for size in sizes]
        exponents[name] = round(float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0]), 3)
        each = ", ".join(f"{s}: {t:.3f} s" for s, t in zip(sizes, seconds, strict=True))
        print(f"sampling: cost by {name}: {each}; exponent {exponents[name]}")
    memory = {trials: _peak(trials) for trials in (2**18, 2**22)}
    for trials, peak in memory.items():
        print(f"sampling: {trials:,} trials: {peak / 2**20:.1f} MiB at most")
    few, many = memory.values()
    line = {
        "benchmark": "sampling growth",
        "exponents": exponents,
        "memory_ratio": round(many / few, 3),
        "device": processor(),
    }
    print(json.dumps(line))


def _seconds(way: Callable[[int], float], size: int) -> float:
    begin = time.perf_counter()
    way(size)
    return time.perf_counter() - begin


def _peak(trials: int) -> int:
    """Bytes held at most at a time."""
    tracemalloc.start()
    by_us(trials, "reduced")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak
