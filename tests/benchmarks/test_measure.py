"""Side-by-side measurement: turns, warm-up, and the machine-readable last line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import measure
from benchmarks.measure import alternate, compare, show
from reports.record import BenchmarkRecord, read


def test_the_ways_take_turns_and_the_first_turn_is_dropped() -> None:
    calls: list[str] = []

    def way(name: str) -> float:
        calls.append(name)
        return 1.0

    rates = alternate({"a": lambda: way("a"), "b": lambda: way("b")}, repetitions=3)
    assert calls == ["a", "b"] * 4
    assert {name: len(values) for name, values in rates.items()} == {"a": 3, "b": 3}


def test_what_is_done_before_a_turn_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seconds before each turn, one in it."""
    now = [0.0]
    monkeypatch.setattr("benchmarks.measure.time.perf_counter", lambda: now[0])

    def passes(seconds: float) -> float:
        now[0] += seconds
        return 5.0

    rates = alternate({"a": lambda: passes(1.0)}, 3, {"a": lambda: passes(2.0)})
    assert rates == {"a": [5.0] * 3}


def test_the_last_line_has_the_ratios_of_the_last_way_to_the_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rates = {"slow": [1.0, 2.0, 4.0], "faster": [6.0, 2.0, 20.0], "fast": [3.0, 4.0, 20.0]}
    show("adding", "sums", rates, "an abacus")
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert line["of"] == "fast"
    assert line["ratios"] == {
        "slow": {"median": 3.0, "range": [2.0, 5.0]},
        "faster": {"median": 1.0, "range": [0.5, 2.0]},
    }


def test_a_comparison_leaves_a_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "RECORDS", tmp_path)
    ways = {"slow": lambda: 1.0, "fast": lambda: 2.0}
    compare("adding up", "sums", ways, 2, ("cuda", "an abacus"))
    record = read(tmp_path / "adding-up.cuda.json", BenchmarkRecord)
    assert [way.name for way in record.ways] == ["slow", "fast"]
    assert all(len(way.rates) == 2 for way in record.ways)
    assert (record.unit, record.provenance.device_name) == ("sums", "an abacus")
