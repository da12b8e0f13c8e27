"""Our Performer and Linformer beside the public packages', ever longer: time and memory.

    python -m benchmarks.public_attention [--largest 16384] [--repetitions 6] [--limit 10]

Each pair computes the same formula with the same weights on the same inputs, ours and theirs in
turns. Of the Performer, the layers mix given queries, keys and values (theirs: FastAttention; its
causal form is the one in torch alone). Linformer's are whole, with the maps to queries, keys and
values and the one behind, for theirs cannot be had without; the biases that ours adds to the first
three, and theirs does not, are taken from it. Forward is without gradients; both is forward, then
backward to inputs and parameters.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from benchmarks import measure, public_packages, settings
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
from benchmarks.peak_memory import peak
from benchmarks.settings import Settings
from gpt.attention.linformer import LinformerAttention
from gpt.attention.performer import PerformerAttention
from gpt.device import choose, describe
from reports.public_packages import weigh_rows
from reports.record import (
    Clock,
    PackageRecord,
    PackageRow,
    Side,
    exit_on_input_error,
    require_writable,
    write,
)

WIDTH = HEADS * SIZE
DEFAULT = Settings(repetitions=6, limit=10.0)
"""Of six turns the least and the largest ratio enclose the median with probability above 0.95."""


@dataclass(frozen=True)
class Pair:
    """Two layers of one formula, and what both are called with."""

    ours: Layer
    theirs: Layer
    inputs: list[Tensor]
    gradient: Tensor
    parameters: list[Tensor]

    def calls(self, work: Work) -> dict[str, Call]:
        """What is timed on each side."""
        return {
            side: calls(layer, self.inputs, self.parameters, self.gradient)[work]
            for side, layer in (("ours", self.ours), ("theirs", self.theirs))
        }


def performer(length: int, dtype: torch.dtype, device: torch.device, causal: bool) -> Pair:
    """Directions are left in float32, as both sides have them."""
    ours = PerformerAttention(WIDTH, HEADS, length, 0.0, causal)
    theirs = public_packages.performer(ours)
    drawn = torch.randn(4, BATCH, HEADS, length, SIZE)
    *inputs, gradient = (x.clone() for x in drawn.to(device, dtype))
    mix = partial(ours.to(device).mix, padding=None)
    return Pair(mix, theirs.to(device), _leaves(inputs), gradient, [])


def linformer(length: int, dtype: torch.dtype, device: torch.device) -> Pair:
    ours = LinformerAttention(WIDTH, HEADS, length, 0.0, causal=False, share="headwise")
    both = nn.ModuleList([ours, public_packages.linformer(ours)]).to(device, dtype)
    x, gradient = (x.clone() for x in torch.randn(2, BATCH, length, WIDTH).to(device, dtype))
    return Pair(both[0], both[1], _leaves([x]), gradient, list(both.parameters()))


LAYERS: dict[str, Callable[[int, torch.dtype, torch.device], Pair]] = {
    "performer": partial(performer, causal=False),
    "performer, causal": partial(performer, causal=True),
    "linformer": linformer,
}
OPTIONS = {
    "performer": PerformerAttention.options,
    "performer, causal": PerformerAttention.options,
    "linformer": {"k": LinformerAttention.options["k"], "share": "headwise"},
}


def run() -> None:
    """With the default settings, on the device at hand; where a package is missing, not at all."""
    try:
        carry_out(DEFAULT, measure.RECORDS)
    except public_packages.MissingPackageError as problem:
        print(f"public_attention: skipped: {problem}")


def main(argv: list[str] | None = None) -> int:
    carry_out(*settings.read("python -m benchmarks.public_attention", __doc__, DEFAULT, argv))
    return 0


def carry_out(chosen: Settings, folder: Path) -> None:
    """Measure in all precisions, write the record and print what the report says of it.

    Raises: MissingPackageError if a public package is not installed.
    """
    clock, device, packages = Clock(), choose(chosen.device), public_packages.versions()
    kind, name = describe(device)
    path = folder / f"public-attention.{kind}.json"
    require_writable(path)
    rows = [
        row
        for precision in PRECISIONS
        for layer in LAYERS
        for row in at_lengths(layer, precision, chosen, device)
    ]
    record = PackageRecord(
        provenance=clock.provenance(None, (), kind, name),
        threads=measure.threads(),
        batch=BATCH,
        heads=HEADS,
        size=SIZE,
        packages=packages,
        options=OPTIONS,
        rows=tuple(rows),
    )
    write(path, record)
    _show(record)


# ------------------------------------------------------------------------------- measuring


def at_lengths(
    layer: str, precision: Literal["fp32", "bf16"], chosen: Settings, device: torch.device
) -> list[PackageRow]:
    """One pair at all lengths; work that takes too long or too much is left out at longer ones."""
    rows: list[PackageRow] = []
    left_out: dict[Work, str] = {}
    for length in chosen.lengths:
        torch.manual_seed(0)
        pair = LAYERS[layer](length, PRECISIONS[precision], device)
        for work in WORKS:
            row = partial(PackageRow, layer, precision, work, length)
            if work not in left_out:
                try:
                    ours, theirs = in_turns(pair.calls(work), chosen.repetitions, device)
                except torch.OutOfMemoryError:
                    left_out[work] = f"memory was not enough at length {length}"
            if work in left_out:
                rows.append(row(None, None, left_out[work]))
                continue
            rows.append(row(ours, theirs, None))
            _tell(rows[-1], ours, theirs)
            slowest = max(statistics.median(side.seconds) for side in (ours, theirs))
            if slowest > chosen.limit:
                left_out[work] = (
                    f"a call took {slowest:.2g} s at length {length}, more than the limit of "
                    f"{chosen.limit:g} s"
                )
    return rows


def in_turns(timed: dict[str, Call], repetitions: int, device: torch.device) -> tuple[Side, Side]:
    """Ours and theirs, each turn of ours followed by one of theirs."""
    turns = {side: repeated(call, device) for side, call in timed.items()}
    once = {side: partial(times, 1, call, device) for side, call in timed.items()}
    rates = measure.alternate(turns, repetitions, once)
    ours, theirs = (Side(seconds_of(rates[s]), peak(call, device)) for s, call in timed.items())
    return ours, theirs


def _leaves(inputs: list[Tensor]) -> list[Tensor]:
    return [x.requires_grad_() for x in inputs]


# ---------------------------------------------------------------------------------- showing


def _tell(row: PackageRow, ours: Side, theirs: Side) -> None:
    seconds = " and ".join(f"{statistics.median(side.seconds):.4g} s" for side in (ours, theirs))
    memory = " and ".join(f"{side.peak / 2**20:.4g} MiB" for side in (ours, theirs))
    what = f"{row.precision}: length {row.length}: {row.layer}, {row.work}"
    print(f"public_attention: {what}: ours and theirs: {seconds}, {memory}", flush=True)


def _show(record: PackageRecord) -> None:
    """As the last line JSON: the median ratio ours/theirs by length, and where ours is slower."""
    line = {
        f"{found.layer}, {found.work}, {found.precision}": {
            "ratio": {str(r.length): round(r.time.median, 3) for r in found.ratios},
            "slower_at": found.slower_at,
        }
        for found in weigh_rows(record.rows)
    }
    device = record.provenance.device_name
    print(json.dumps({"benchmark": "public_attention", "device": device} | line))


if __name__ == "__main__":
    exit_on_input_error(main)
