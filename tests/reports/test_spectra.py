"""The spectrum of attention on the page: its numbers are those of the record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reports import spectra
from reports.document import render
from reports.figures import Figure
from reports.record import RecordError, SpectrumRecord, read
from reports.shelf import gather


def test_the_largest_quarter_is_told_over_all_heads(fake: Any) -> None:
    found = spectra.weigh(fake.spectrum("vanilla"))
    # 2 of 8: 1 − (3/4)^p for the powers 1, 2, 2, 3; before training 1 − (3/4)²
    assert (found.count, found.heads, found.nearer) == (2, 4, 1)
    assert found.trained == pytest.approx((1 / 4, 37 / 64))
    assert found.untrained == pytest.approx((7 / 16, 7 / 16))


def test_the_figure_tells_its_numbers(fake: Any) -> None:
    alt = spectra.draw(fake.spectrum("vanilla")).alt
    assert "layer 1 18 % at 1, 34 % at 2, 62 % at 4" in alt  # (1/8 + 15/64)/2, (1/4 + 7/16)/2, …
    assert "layer 2 28 % at 1, 51 % at 2, 81 % at 4" in alt
    assert "before training 23 % at 1, 44 % at 2, 75 % at 4" in alt


@pytest.mark.parametrize("variant", ["vanilla", "performer"])
def test_the_page_has_the_record_s_numbers_if_there_is_a_matrix(
    fake: Any, figures: dict[str, Figure], tmp_path: Path, variant: str
) -> None:
    fake.shelf(tmp_path, variant=variant)
    shelf = gather(tmp_path, "quick", variant)
    html = " ".join(render(shelf, figures, "html").html.split())
    told = (
        "first 8 characters of 11 documents. The largest 2 of 8 singular values make 25.0 % to "
        "57.8 % of their sum, by head; before any training they made 43.8 % to 43.8 %. "
        "Training brought 1 of 4 heads nearer"
    )
    assert (told in html) == (variant == "vanilla")


def test_a_record_of_another_number_of_positions_is_refused(fake: Any, tmp_path: Path) -> None:
    path = fake.shelf(tmp_path) / "vanilla.spectrum.json"
    path.write_text(path.read_text().replace('"positions": 8', '"positions": 9'))
    with pytest.raises(RecordError, match="8 shares, expected 9"):
        read(path, SpectrumRecord)
