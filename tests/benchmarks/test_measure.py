"""Side-by-side measurement: turns, warm-up, and the machine-readable last line."""

from __future__ import annotations

import json

import pytest

from benchmarks.measure import alternate, report


def test_the_ways_take_turns_and_the_first_turn_is_dropped() -> None:
    calls: list[str] = []

    def way(name: str) -> float:
        calls.append(name)
        return 1.0

    rates = alternate({"a": lambda: way("a"), "b": lambda: way("b")}, repetitions=3)
    assert calls == ["a", "b"] * 4
    assert {name: len(values) for name, values in rates.items()} == {"a": 3, "b": 3}


def test_the_last_line_has_the_ratios_of_the_last_way_to_the_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rates = {"slow": [1.0, 2.0, 4.0], "faster": [6.0, 2.0, 20.0], "fast": [3.0, 4.0, 20.0]}
    report("adding", "sums", rates)
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert line["of"] == "fast"
    assert line["ratios"] == {
        "slow": {"median": 3.0, "range": [2.0, 5.0]},
        "faster": {"median": 1.0, "range": [0.5, 2.0]},
    }
