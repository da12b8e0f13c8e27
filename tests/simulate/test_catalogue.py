"""The catalogue keeps its promises."""

from __future__ import annotations

import subprocess
import sys

import pytest

import theory
from reports.record import ROOT
from simulate.catalogue import catalogue
from simulate.experiment import FAMILY_FALSE_ALARM, exactly, false_alarm_share, number
from theory import law

CATALOGUE = catalogue()


def test_keys_are_unique_and_reasons_are_given() -> None:
    assert len({e.key for e in CATALOGUE}) == len(CATALOGUE)
    assert all((e.most is None) == (e.small_by_design is None) for e in CATALOGUE)
    assert {e.trials(10**6) for e in CATALOGUE if e.most is None} == {10**6}
    assert all(e.trials(10) == 10 for e in CATALOGUE)


def test_shares_add_up_to_the_familys_false_alarm() -> None:
    statistical = sum(e.check.statistical for e in CATALOGUE)
    assert statistical * false_alarm_share(CATALOGUE) == pytest.approx(FAMILY_FALSE_ALARM)


def test_laws_are_theorys_own() -> None:
    for e in CATALOGUE:
        assert callable(law(e.law))
    assert number("averaging.leak", 0.0, 4) == pytest.approx(0.5)
    assert exactly("averaging.leak", 0.0, 4)() == (pytest.approx(0.5),) * 2


def test_claims_are_theorys_own_and_every_claim_on_random_keys_is_tested() -> None:
    claims = {c.key for c in theory.claims()}
    tested = {e.claim for e in CATALOGUE}
    assert tested <= claims
    on_random_keys = {key for key in claims if key.startswith(("single_head.", "multi_head."))}
    assert on_random_keys <= tested


def test_simulate_needs_neither_torch_nor_types_nor_plots() -> None:
    code = """
import sys

class Refusal:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "jaxtyping", "pandas", "matplotlib", "flint"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Refusal())
import simulate.__main__
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
