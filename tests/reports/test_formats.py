"""How numbers are written."""

from __future__ import annotations

import pytest

from reports import formats


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "–"),
        (0.0, "0"),
        (1.0, "1"),
        (-2.0, "−2"),
        (1234567.0, "1.23\u202f×\u202f10<sup>6</sup>"),
        (0.01234, "0.0123"),
        (0.00034, "3.4\u202f×\u202f10<sup>−4</sup>"),
        (1e-6, "10<sup>−6</sup>"),
        (-1e-6, "−10<sup>−6</sup>"),
        (12345.0, "12\u202f345"),
        (12345.6, "12\u202f346"),
        (-1234.5678, "−1\u202f235"),
    ],
)
def test_numbers(value: float | None, expected: str) -> None:
    assert str(formats.number(value)) == expected


def test_fixed_numbers_have_as_many_digits_as_asked() -> None:
    assert [formats.fixed(x) for x in (1, -0.456, 12.0049)] == ["1.00", "−0.46", "12.00"]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(4.21, "4.2 s"), (59.94, "59.9 s"), (200.0, "3 min 20 s"), (7500.0, "2 h 5 min")],
)
def test_durations(seconds: float, expected: str) -> None:
    assert formats.duration(seconds).replace("\u00a0", " ") == expected


def test_a_command_is_cut_before_its_options() -> None:
    assert formats.brief("python -m theory") == "python -m theory"
    assert formats.brief("python -m theory --seed 0") == "python -m theory …"
    assert formats.brief("python gpt/run.py evaluate vanilla wiki.txt") == (
        "python gpt/run.py evaluate vanilla …"
    )


def test_shares_and_intervals() -> None:
    assert formats.percent(0.0625) == "6.2\u00a0%"
    assert formats.interval((0.02, 0.051)) == "2.0–5.1\u00a0%"
    assert formats.short(None) == "unknown"
    assert formats.when("2026-01-02T03:04:05+00:00") == "2026-01-02 03:04 UTC"
