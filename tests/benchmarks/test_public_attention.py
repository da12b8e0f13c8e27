"""The benchmark beside the public packages: same results, honest turns, a complete record."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks import measure, one_layer, public_attention, public_packages
from benchmarks.__main__ import BENCHMARKS
from benchmarks.one_layer import Call
from benchmarks.public_attention import LAYERS, OPTIONS, carry_out
from benchmarks.settings import Settings
from reports.record import PackageRecord, read
from reports.terminal import exit_on_input_error

CPU = torch.device("cpu")
EVERY = pytest.mark.parametrize("layer", LAYERS)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns as short as can be; skipped where a package is missing."""
    monkeypatch.setattr(one_layer, "TURN", 1e-4)
    try:
        public_packages.versions()
    except public_packages.MissingPackageError as problem:
        pytest.skip(str(problem))


def difference(layer: str) -> float:
    pair = LAYERS[layer](128, torch.float32, CPU)
    timed = pair.calls("forward")
    ours, theirs = (timed[side]() for side in ("ours", "theirs"))
    assert isinstance(ours, torch.Tensor)
    return float((ours - theirs).abs().max() / ours.abs().max())  # type: ignore[operator]


@pytest.fixture
def _constants_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """What performer-pytorch adds is no part of the formula: tests/gpt/test_public_packages.py."""
    module = public_packages._loaded("performer_pytorch.performer_pytorch", "performer-pytorch")
    for name in ("softmax_kernel", "causal_linear_attention_noncuda"):
        monkeypatch.setattr(module, name, partial(getattr(module, name), eps=0.0))


@EVERY
@pytest.mark.usefixtures("_constants_away")
def test_both_sides_compute_the_same(layer: str) -> None:
    """In float32, in which sums over 128 positions and 64 features round by about 1e-5."""
    assert difference(layer) < 1e-3


@pytest.mark.usefixtures("_constants_away")
def test_other_weights_on_one_side_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def other(copied: Any) -> Any:
        def copy(ours: Any) -> Any:
            theirs = copied(ours)
            for x in (*theirs.parameters(), *theirs.buffers()):
                x.data = x.data.flip(-1)
            return theirs

        return copy

    for name in ("performer", "linformer"):
        monkeypatch.setattr(public_packages, name, other(getattr(public_packages, name)))
    assert all(difference(layer) > 0.05 for layer in LAYERS)


@EVERY
def test_backward_reaches_the_inputs_of_both_and_leaves_no_gradient(layer: str) -> None:
    pair = LAYERS[layer](128, torch.float32, CPU)
    own = len(list(pair.parameters))
    for side in ("ours", "theirs"):
        reached: list[torch.Tensor] = []
        hooks = [
            x.register_post_accumulate_grad_hook(reached.append)
            for x in (*pair.inputs, *pair.parameters)
        ]
        pair.calls("both")[side]()
        for hook in hooks:
            hook.remove()
        assert len(reached) == (1 + own // 2 if own else 3)
        assert all(x.grad is None for x in (*pair.inputs, *pair.parameters))


def test_a_turn_of_ours_is_followed_by_one_of_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def repeated(call: Callable[[], object], _: torch.device) -> Callable[[], float]:
        def turn() -> float:
            call()
            return 1.0

        return turn

    monkeypatch.setattr(public_attention, "repeated", repeated)
    monkeypatch.setattr(public_attention, "peak", lambda call, device: 1)
    timed: dict[str, Call] = {name: partial(made.append, name) for name in ("ours", "theirs")}
    ours, theirs = public_attention.in_turns(timed, 3, CPU)
    assert made == ["ours", "ours", "theirs", "theirs"] * 4  # each turn begins with one untimed
    assert len(ours.seconds) == len(theirs.seconds) == 3


# ---------------------------------------------------------------------------------- record


def measured(folder: Path, limit: float = 100.0) -> PackageRecord:
    carry_out(Settings(largest=256, repetitions=2, limit=limit, device="cpu"), folder)
    return read(folder / "public-attention.cpu.json", PackageRecord)


def test_every_pair_is_measured_at_every_length(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = measured(tmp_path)
    assert {(row.layer, row.precision, row.work, row.length) for row in record.rows} == {
        (layer, precision, work, length)
        for layer in LAYERS
        for precision in ("fp32", "bf16")
        for work in ("forward", "both")
        for length in (128, 256)
    }
    for row in record.rows:
        assert row.skipped is None
        for side in (row.ours, row.theirs):
            assert side is not None
            assert len(side.seconds) == 2
            assert side.peak >= 256 * row.length * (4 if row.precision == "fp32" else 2)
    assert record.packages.keys() == {"performer-pytorch", "linformer"}
    assert record.options == OPTIONS
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert len(line) == 2 + 2 * 2 * len(LAYERS)
    assert set(line["linformer, both, bf16"]["ratio"]) == {"128", "256"}


def test_what_took_too_long_is_missing_at_greater_lengths(tmp_path: Path) -> None:
    for row in measured(tmp_path, limit=1e-9).rows:
        assert (row.skipped is None) == (row.length == 128)
        if row.skipped is not None:
            assert row.skipped.endswith("s at length 128, more than the limit of 1e-09 s")


def test_what_needs_too_much_memory_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: Any) -> Any:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(public_attention, "in_turns", no_room)
    reasons = {row.skipped for row in measured(tmp_path).rows}
    assert reasons == {"memory was not enough at length 128"}


# ------------------------------------------------------------------------- missing packages


def test_without_a_package_the_command_ends_with_2_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(public_packages, "PACKAGES", ("performer-pytorch", "no-such-package"))
    monkeypatch.setattr(measure, "RECORDS", tmp_path)
    BENCHMARKS["public_attention"]()
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("public_attention: skipped: no-such-package: not installed")
    with pytest.raises(SystemExit) as ended:
        exit_on_input_error(lambda: public_attention.main(["--output", str(tmp_path)]))
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "no-such-package: not installed" in line
    assert list(tmp_path.iterdir()) == []


def test_a_package_without_what_it_needs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "linformer", None)
    with pytest.raises(public_packages.MissingPackageError, match=r"^linformer: not installed or"):
        LAYERS["linformer"](128, torch.float32, CPU)
