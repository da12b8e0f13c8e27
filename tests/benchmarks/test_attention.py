"""The benchmark of attention by length: complete rows, honest calls, counted operations."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import attention, measure, one_layer, operations
from benchmarks.__main__ import BENCHMARKS
from benchmarks.attention import OPTIONS, TASKS, carry_out, tasks
from benchmarks.one_layer import WORKS
from benchmarks.settings import Settings
from reports.record import ScalingRecord, read
from theory.features.attention_cost import causal_crossing

CPU = torch.device("cpu")
FEW: dict[str, dict[str, Any]] = {
    "performer": {"features": 3},
    "linformer": {"k": 3, "block": 4},
    "bigbird": {"block": 4, "window": 2, "global_blocks": 1, "random_blocks": 1},
}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns as short as can be."""
    monkeypatch.setattr(one_layer, "TURN", 1e-4)
    monkeypatch.setattr(attention, "SIDES", {"cpu": (16, 32)})


def measured(folder: Path, limit: float = 100.0) -> ScalingRecord:
    carry_out(Settings(largest=256, repetitions=2, limit=limit, device="cpu"), folder)
    return read(folder / "attention.cpu.json", ScalingRecord)


# ---------------------------------------------------------------------------------- record


def test_every_way_is_measured_at_every_length(
    quick: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = measured(tmp_path)
    assert [scaling.precision for scaling in record.precisions] == ["fp32", "bf16"]
    for scaling in record.precisions:
        assert scaling.matrix_rate > 0
        assert [(row.way, row.work, row.length) for row in scaling.rows] == [
            (*task, length) for length in (128, 256) for task in TASKS
        ]
        assert all(len(row.seconds) == 2 and row.skipped is None for row in scaling.rows)
        for row in scaling.rows[::2]:  # the gradient of the queries alone is that large
            assert row.peak is not None
            assert row.peak >= 4 * row.length * 64 * (4 if scaling.precision == "fp32" else 2)
    assert record.crossings["performer"] == 255
    assert record.options["bigbird"]["window"] == 3
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(line["fp32"]) == {f"{way}, {work}" for way, work in TASKS}
    assert line["fp32"]["sdpa, both"]["faster_from"] is None


def test_what_took_too_long_is_missing_at_greater_lengths(quick: None, tmp_path: Path) -> None:
    record = measured(tmp_path, limit=1e-9)
    for row in (row for scaling in record.precisions for row in scaling.rows):
        if row.length == 128:
            assert row.skipped is None
        else:
            assert (row.seconds, row.peak) == ((), None)
            assert row.skipped is not None
            assert row.skipped.endswith("s at length 128, more than the limit of 1e-09 s")


def test_what_needs_too_much_memory_is_missing(
    quick: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exact(*_: Tensor) -> Tensor:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(attention, "exact", exact)
    rows = measured(tmp_path).precisions[0].rows
    reasons = {row.skipped for row in rows if row.way == "sdpa"}
    assert reasons == {"memory was not enough at length 128"}
    assert all(row.skipped is None for row in rows if row.way != "sdpa")


def test_lengths_double_up_to_the_largest() -> None:
    assert Settings(largest=128).lengths == [128]
    assert Settings(largest=1000).lengths == [128, 256, 512]
    assert Settings().lengths[-1] == 16_384
    assert Settings(largest=262_144).lengths[-1] == 262_144


def test_it_is_run_with_the_others() -> None:
    assert BENCHMARKS["attention"] is attention.run


# -------------------------------------------------------------------------------- measuring


def test_all_ways_get_the_same_and_the_opponent_is_exact_causal_attention() -> None:
    calls: dict[Any, Any] = dict(tasks(128, torch.float32, CPU))
    again: dict[Any, Any] = dict(tasks(128, torch.float32, CPU))
    inputs = calls["sdpa", "forward"].args[1]
    for task in TASKS:
        assert calls[task].args[1] is inputs
    for way in ("sdpa", *OPTIONS):
        y = calls[way, "forward"]()
        assert y.shape == (1, 4, 128, 64)
        assert bool((again[way, "forward"]() == y).all())
    q, k, v = (x.detach().double() for x in inputs)
    scores = (q @ k.mT / 8).masked_fill(torch.ones(128, 128).triu(1).bool(), -torch.inf)
    assert float((scores.softmax(-1) @ v - calls["sdpa", "forward"]()).abs().max()) < 1e-5


@pytest.mark.parametrize("way", ["sdpa", *OPTIONS])
def test_backward_reaches_inputs_and_parameters_and_leaves_no_gradient(way: str) -> None:
    """Linformer's E besides; the projections are not timed, so nothing reaches them."""
    call = tasks(128, torch.float32, CPU)[way, "both"]
    _, inputs, parameters, _ = call.args  # type: ignore[attr-defined]
    reached: list[list[int]] = []
    for x in (*inputs, *parameters):
        x.register_post_accumulate_grad_hook(lambda x: reached.append(list(x.shape)))
    call()
    own = [[32, 128]] if way == "linformer" else []
    assert sorted(reached) == sorted([[1, 4, 128, 64]] * 3 + own)
    assert all(x.grad is None for x in (*inputs, *parameters))


def test_a_turn_repeats_short_calls_and_makes_long_ones_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(one_layer, "TURN", 0.2)
    assert one_layer.repeated(lambda: time.sleep(0.25), CPU)() == 1
    calls: list[float] = []
    turn = one_layer.repeated(lambda: calls.append(time.perf_counter()), CPU)
    calls.clear()
    assert turn() == len(calls) > 100


def test_the_matrix_rate_is_that_of_the_fastest_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five products of side 16 in a second, one of side 32 in four."""
    seconds = {16: 1.0, 32: 4.0}

    def repeated(call: Any, _: torch.device) -> Callable[[], float]:
        return lambda: 5.0 if call.args[0].shape == (16, 16) else 1.0

    def alternate(ways: dict[int, Callable[[], float]], repetitions: int) -> dict[int, list[float]]:
        return {side: [way() / seconds[side]] * repetitions for side, way in ways.items()}

    monkeypatch.setattr(attention, "SIDES", {"cpu": (16, 32)})
    monkeypatch.setattr(attention, "repeated", repeated)
    monkeypatch.setattr(measure, "alternate", alternate)
    assert attention.matrix_rate(torch.float32, CPU) == 5 * 16**3
    seconds[32] = 1.0
    assert attention.matrix_rate(torch.float32, CPU) == 32**3


# ------------------------------------------------------------------------------- operations


def by_loops(way: str, length: int, size: int, options: dict[str, Any]) -> int:
    """Multiply-adds of a forward pass, query by query."""
    if way == "performer":  # φ(q), φ(k), the sum's update, its reading
        return sum(4 * options["features"] * size for _ in range(length))
    total = 0
    for query in range(length):
        block, place = divmod(query, options.get("block", length))
        keys = place + 1
        if way == "linformer":
            keys += options["k"] if block else 0
            if block < (length - 1) // options["block"]:  # some later block sees what it adds
                total += 2 * options["k"] * size
        if way == "bigbird":
            beside = options["window"] - 1 + options["global_blocks"] + options["random_blocks"]
            keys += min(block, beside) * options["block"]
        total += 2 * keys * size
    return total


@pytest.mark.parametrize("way", ["sdpa", *FEW])
def test_counts_are_those_of_loops(way: str) -> None:
    options = FEW.get(way, {})
    for length in range(1, 60):
        found = operations.needed(way, "forward", length, 5, options)
        assert found == by_loops(way, length, 5, options)


def test_another_window_or_a_block_more_is_noticed() -> None:
    for way, name in (("bigbird", "window"), ("linformer", "k"), ("performer", "features")):
        other = FEW[way] | {name: FEW[way][name] + 1}
        assert operations.needed(way, "forward", 50, 5, other) != by_loops(way, 50, 5, FEW[way])


def test_bigbird_sees_as_many_keys_as_are_counted() -> None:
    """The weights of a real layer, read off by values that are unit vectors."""
    torch.manual_seed(0)
    for length in (4, 15, 43):
        layer = attention.VARIANTS["bigbird"](8, 2, length, 0.0, **FEW["bigbird"])
        q, k = torch.randn(2, 1, 2, length, 4)
        weights = layer.mix(q, k, torch.eye(length).expand(1, 2, -1, -1), None)
        seen = int((weights > 0).sum()) // 2
        assert 2 * seen * 5 == operations.needed("bigbird", "forward", length, 5, FEW["bigbird"])


@pytest.mark.parametrize("way", list(OPTIONS))
@pytest.mark.parametrize("work", WORKS)
def test_the_count_is_below_what_is_done_and_not_far(way: str, work: str) -> None:
    """torch counts the products of the real call, two operations a multiply-add."""
    call = tasks(256, torch.float32, CPU)[way, work]  # type: ignore[index]
    with FlopCounterMode(display=False) as counted:
        call()
    done = counted.get_total_flops() / 2
    needed = 4 * operations.needed(way, work, 256, 64, OPTIONS[way])
    assert needed <= done < 3 * needed


def test_a_backward_pass_needs_both_gradients_of_a_product_and_one_of_fixed_directions() -> None:
    forward, both = (operations.needed("sdpa", work, 64, 8, {}) for work in WORKS)
    assert both == 3 * forward
    forward, both = (operations.needed("performer", w, 64, 8, FEW["performer"]) for w in WORKS)
    assert (forward, both) == (4 * 64 * 3 * 8, 10 * 64 * 3 * 8)


@pytest.mark.parametrize("features", [1, 16, 64])
def test_the_performer_crosses_where_theory_says(features: int) -> None:
    found = operations.crossing("performer", 4096, 64, {"features": features})
    assert found == causal_crossing(draws=features)
    assert operations.crossing("performer", 4 * features - 2, 64, {"features": features}) is None


def test_a_crossing_is_for_good() -> None:
    """BigBird never needs more; Linformer not in its first block, then more, then no more."""
    assert operations.crossing("bigbird", 512, 8, OPTIONS["bigbird"]) == 1
    options = OPTIONS["linformer"]
    found = operations.crossing("linformer", 512, 8, options)
    lengths = np.arange(1, 513)
    more = operations.linformer(lengths, 8, options).forward > lengths * (lengths + 1) * 8
    assert not more[: options["block"]].any()
    assert found is not None
    assert more[found - 2]
    assert not more[found - 1 :].any()
