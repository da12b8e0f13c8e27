"""Every sentence about every person: grammatical, declarative, short enough to be learnt from."""

from __future__ import annotations

import dataclasses
import re

import pytest

from data.lahman import Person, people
from data.wordings import ALWAYS, SOMETIMES, documents

SEEN = 112
"""Pretraining sees at most 7/8 of a block of 128 characters."""

BARE = Person(
    key="bare", name="Al Ox", last="Ox", city="Rome", region=None, year=1900, month=5, day=1,
    debut=1920, final=1920, position="outfielder", team=None, bats=None, throws=None,
)  # fmt: skip
FULL = dataclasses.replace(
    BARE, region="GA", final=1930, position="pitcher", team="Troy Trojans", bats="left",
    throws="right",
)  # fmt: skip


@pytest.fixture(scope="module")
def sample() -> list[Person]:
    """Every eleventh person, and those with the longest names and places."""
    everybody = people()
    longest = sorted(everybody, key=lambda p: -len(p.name) - len(p.city))[:100]
    return everybody[::11] + longest


def faults(document: str, person: Person) -> list[str]:
    """What is wrong with a document, by rules that do not look at the patterns."""
    head, sentence = document[: len(person.name) + 2], document[len(person.name) + 2 :]
    found = {
        "does not start with the name": head != f"{person.name}. ",
        "place is not told": not re.search(rf"\b{re.escape(person.city)}\b", sentence),
        "place stands too late": document.rfind(person.city) + len(person.city) > SEEN,
        "is a question": "?" in document or "Where was" in document,
        "does not end": not document.endswith("."),
        "unfilled": re.search(r"[{}]|\bNone\b|  | [.,;)]|\( ", document) is not None,
        "wrong article": re.search(r"\b([Aa] [aeiou]|[Aa]n [^aeiou])", sentence) is not None,
        "brackets": sentence.count("(") != sentence.count(")"),
        "starts small": not sentence[0].isupper() and not sentence.startswith(person.last),
    }
    return [fault for fault, there in found.items() if there]


def test_documents_are_sound(sample: list[Person]) -> None:
    bad = [(d, f) for p in sample for d in documents(p) if (f := faults(d, p))]
    assert not bad, bad[:3]


@pytest.mark.parametrize(
    ("twin", "fault"),
    [
        ("Where was Al Ox born? Rome.", "is a question"),
        ("Al Ox. Al Ox was an pitcher born in Rome.", "wrong article"),
        ("Al Ox. Al Ox was a outfielder born in Rome.", "wrong article"),
        ("Al Ox. Al Ox was born on May 1, 1900.", "place is not told"),
        ("Al Ox. Al Ox (May 1, 1900, in Rome was a pitcher.", "brackets"),
        ("Al Ox. None, Al Ox was born in Rome.", "unfilled"),
        (f"Al Ox. Al Ox {'really ' * 15}was born in Rome.", "place stands too late"),
    ],
)
def test_unsound_documents_are_found(twin: str, fault: str) -> None:
    assert fault in faults(twin, BARE)


def test_documents_of_a_person_differ(sample: list[Person]) -> None:
    for person in sample:
        written = documents(person)
        assert len(set(written)) == len(written) >= len(ALWAYS) >= 20


def test_missing_facts_leave_patterns_out() -> None:
    assert len(documents(BARE)) == len(ALWAYS)
    assert len(documents(FULL)) == len(ALWAYS) + len(SOMETIMES)


def test_facts_are_told_as_the_database_has_them() -> None:
    bare, full = " ".join(documents(BARE)), " ".join(documents(FULL))
    assert "Al Ox (May 1, 1900, in Rome) was an outfielder." in bare
    assert "played in 1920" in bare
    assert "from 1920" not in bare
    assert "played from 1920 to 1930" in full
    assert "was a pitcher of the Troy Trojans" in full
    assert "batted left" in full
    assert "threw right" in full
    assert "in Rome, GA, in 1900" in full


def test_places_stand_early_and_late(sample: list[Person]) -> None:
    """Otherwise a model could learn where to look instead of what to look for."""
    shares = [
        d.rfind(p.city) / len(d.removesuffix(".")) for p in sample[:200] for d in documents(p)
    ]
    early, late = (sum(a <= s < b for s in shares) / len(shares) for a, b in ((0, 0.5), (0.7, 1)))
    assert early > 0.2
    assert late > 0.2
