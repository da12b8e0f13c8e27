"""All claims decided once for the whole folder of tests."""

from __future__ import annotations

import pytest

import theory
from reports import record


@pytest.fixture(scope="session")
def decided() -> dict[str, record.Claim]:
    return {claim.key: claim.decide() for claim in theory.claims()}
