"""One layer of attention alone, ever longer: time and memory of variants and of torch's own.

    python -m benchmarks.attention [--largest 262144] [--repetitions 5] [--limit 20]

What a variant does with queries, keys and values is timed (`mix`): causal, without dropout or
padding, with its default options. The projections before and after are left out, for all ways have
the same. The opponent is torch's scaled_dot_product_attention. Forward is without gradients; both
is forward, then backward to queries, keys, values and the variant's own parameters.
"""

from __future__ import annotations

import json
import statistics
from functools import partial
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from benchmarks import measure, settings
from benchmarks.one_layer import (
    BATCH,
    HEADS,
    PRECISIONS,
    SIZE,
    WORKS,
    Call,
    Layer,
    Work,
    calls,
    repeated,
    seconds_of,
    times,
)
from benchmarks.operations import crossing, needed
from benchmarks.peak_memory import peak
from benchmarks.settings import Settings
from gpt.attention.bigbird import BigBirdAttention
from gpt.attention.heads import Attention
from gpt.attention.linformer import LinformerAttention
from gpt.attention.performer import PerformerAttention
from gpt.device import choose, describe
from reports.record import (
    Clock,
    Scaling,
    ScalingRecord,
    ScalingRow,
    exit_on_input_error,
    require_writable,
    write,
)
from reports.scaling import growths

Task = tuple[str, Work]

OPPONENT = "sdpa"
VARIANTS: dict[str, type[Attention]] = {
    "performer": PerformerAttention,
    "linformer": LinformerAttention,
    "bigbird": BigBirdAttention,
}
OPTIONS = {name: variant.options for name, variant in VARIANTS.items()}
TASKS: tuple[Task, ...] = tuple((way, work) for way in (OPPONENT, *VARIANTS) for work in WORKS)
SIDES = {"cpu": (512, 1024, 2048), "cuda": (2048, 4096, 8192)}
"""Of the square matrices whose products are timed for the matrix rate."""


def run() -> None:
    """With the default settings, on the device at hand."""
    carry_out(Settings(), measure.RECORDS)


def main(argv: list[str] | None = None) -> int:
    carry_out(*settings.read("python -m benchmarks.attention", __doc__, Settings(), argv))
    return 0


def carry_out(chosen: Settings, folder: Path) -> None:
    """Measure in all precisions, write the record and print what the report says of it."""
    clock, device = Clock(), choose(chosen.device)
    kind, name = describe(device)
    path = folder / f"attention.{kind}.json"
    require_writable(path)
    precisions = tuple(scaling(precision, chosen, device) for precision in PRECISIONS)
    record = ScalingRecord(
        provenance=clock.provenance(None, (), kind, name),
        threads=measure.threads(),
        batch=BATCH,
        heads=HEADS,
        size=SIZE,
        causal=True,
        options=OPTIONS,
        crossings={
            way: crossing(way, chosen.largest, SIZE, options) for way, options in OPTIONS.items()
        },
        precisions=precisions,
    )
    write(path, record)
    _show(record)


# ------------------------------------------------------------------------------- measuring


def scaling(precision: Literal["fp32", "bf16"], chosen: Settings, device: torch.device) -> Scaling:
    """All tasks at all lengths; one that takes too long or too much is left out at longer ones."""
    dtype = PRECISIONS[precision]
    rate = matrix_rate(dtype, device)
    print(f"attention: {precision}: {rate:.3g} multiply-adds a second in matrix products")
    rows: list[ScalingRow] = []
    left_out: dict[Task, str] = {}
    for length in chosen.lengths:
        found = at_length(length, dtype, chosen, device, left_out)
        for row in found:
            _tell(precision, row)
            if row.skipped is not None:
                left_out[row.way, row.work] = row.skipped
            elif (seconds := statistics.median(row.seconds)) > chosen.limit:
                left_out[row.way, row.work] = (
                    f"a call took {seconds:.2g} s at length {length}, more than the limit of "
                    f"{chosen.limit:g} s"
                )
        rows += found
    return Scaling(precision, float(f"{rate:.4g}"), tuple(rows))


def at_length(
    length: int,
    dtype: torch.dtype,
    chosen: Settings,
    device: torch.device,
    left_out: dict[Task, str],
) -> list[ScalingRow]:
    """The rows of one length: all tasks in turns, but for those left out."""
    timed = {t: c for t, c in tasks(length, dtype, device).items() if t not in left_out}
    skipped, turns = dict(left_out), {}
    for task, call in timed.items():
        try:
            turns[task] = repeated(call, device)
        except torch.OutOfMemoryError:
            skipped[task] = f"memory was not enough at length {length}"
    once = {task: partial(times, 1, timed[task], device) for task in turns}
    rates = measure.alternate(turns, chosen.repetitions, once)
    seconds = {task: seconds_of(rates[task]) for task in turns}
    peaks = {task: peak(timed[task], device) for task in turns}
    return [
        ScalingRow(
            way,
            work,
            length,
            BATCH * HEADS * needed(way, work, length, SIZE, OPTIONS.get(way, {})),
            seconds.get((way, work), ()),
            peaks.get((way, work)),
            skipped.get((way, work)),
        )
        for way, work in TASKS
    ]


def matrix_rate(dtype: torch.dtype, device: torch.device) -> float:
    """Multiply-adds a second of the fastest product of two square matrices."""
    ways = {}
    for side in SIDES[device.type]:
        a, b = torch.randn(2, side, side).to(device, dtype)
        turn = repeated(partial(torch.mm, a, b), device)
        ways[side] = lambda turn=turn, side=side: turn() * side**3
    return max(max(rates) for rates in measure.alternate(ways, 3).values())


# ------------------------------------------------------------------------- what is measured


def tasks(length: int, dtype: torch.dtype, device: torch.device) -> dict[Task, Call]:
    """A call of each task, all of the same queries, keys and values."""
    torch.manual_seed(0)
    drawn = torch.randn(4, BATCH, HEADS, length, SIZE).to(device, dtype)
    *inputs, gradient = (x.clone() for x in drawn)
    for x in inputs:
        x.requires_grad_()
    mixes: dict[str, tuple[Layer, list[Tensor]]] = {OPPONENT: (exact, [])}
    for name, variant in VARIANTS.items():
        layer = variant(HEADS * SIZE, HEADS, length, dropout=0.0).to(device)
        for parameter in layer.parameters():  # buffers stay as they are, as in training
            parameter.data = parameter.data.to(dtype)
        mixes[name] = partial(layer.mix, padding=None), list(layer.parameters())
    return {
        (way, work): call
        for way, (mix, parameters) in mixes.items()
        for work, call in calls(mix, inputs, parameters, gradient).items()
    }


def exact(
    q: Float[Tensor, "B H T D"], k: Float[Tensor, "B H T D"], v: Float[Tensor, "B H T D"]
) -> Float[Tensor, "B H T D"]:
    return functional.scaled_dot_product_attention(q, k, v, is_causal=True)


# ---------------------------------------------------------------------------------- showing


def _tell(precision: str, row: ScalingRow) -> None:
    what = f"attention: {precision}: length {row.length}: {row.way}, {row.work}: "
    if row.peak is None:
        print(what + f"left out, {row.skipped}", flush=True)
    else:
        seconds = statistics.median(row.seconds)
        print(what + f"{seconds:.4g} s, {row.peak / 2**20:.4g} MiB", flush=True)


def _show(record: ScalingRecord) -> None:
    """As the last line JSON: fitted exponents of time and memory, and crossings, by task."""
    line = {
        scaling.precision: {
            f"{g.way}, {g.work}": {
                "time": None if g.time is None else round(g.time.exponent, 3),
                "memory": None if g.memory is None else round(g.memory.exponent, 3),
                "faster_from": g.crossing and g.crossing.length and round(g.crossing.length),
            }
            for g in growths(scaling)
        }
        for scaling in record.precisions
    }
    print(json.dumps({"benchmark": "attention", "device": record.provenance.device_name} | line))


if __name__ == "__main__":
    exit_on_input_error(main)
