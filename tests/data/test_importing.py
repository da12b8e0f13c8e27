"""The practical's files: cosmetic differences are mended, all others named with file and line."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from data import corpus as corpus_module
from data import importing
from data.__main__ import main
from data.fetching import FILES
from reports.record import CorpusRecord, InputError, read, sha256

Write = Callable[[dict[str, bytes]], Path]
Change = Callable[[bytes], bytes]

COSMETIC: dict[str, Change] = {
    "CRLF": lambda b: b.replace(b"\n", b"\r\n"),
    "byte order mark": lambda b: b"\xef\xbb\xbf" + b,
    "final newline": lambda b: b.rstrip(b"\n") if b.endswith(b"\n") else b + b"\n",
    "final newlines": lambda b: b + b"\n\n\n",
    "all of them": lambda b: b"\xef\xbb\xbf" + (b + b"\n\n").replace(b"\n", b"\r\n"),
}


def hashes(folder: Path) -> dict[str, str]:
    return {name: sha256(folder / name) for name in FILES}


def test_files_arrive_as_they_are(files: dict[str, bytes], folder: Write, tmp_path: Path) -> None:
    corpus, record = importing.build(str(folder(files)), tmp_path / "practical", False)
    assert {n: (tmp_path / "practical" / n).read_bytes() for n in files} == files
    assert read(tmp_path / "practical" / "corpus.json", CorpusRecord) == record
    assert (record.documents, record.training_pairs, record.evaluation_pairs) == (2, 1, 2)
    assert record.notes == ()
    assert corpus.evaluation[0] == ("Where was Ada Löf born?", "Bergen")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("cosmetic", COSMETIC)
def test_cosmetic_differences_are_mended(
    files: dict[str, bytes], folder: Write, tmp_path: Path, name: str, cosmetic: str
) -> None:
    files[name] = COSMETIC[cosmetic](files[name])
    _, record = importing.build(str(folder(files)), tmp_path / "practical", False)
    assert hashes(tmp_path / "practical") == {n: importing.KNOWN[n].sha256 for n in files}
    assert record.notes
    assert all(note.startswith(f"{name}: ") for note in record.notes)


WRONG = {
    "no tab": ("birth_dev.tsv", b"Where was A born?\tX\nWhere was B born?Y\n", ":2: no tab"),
    "spaces": (
        "birth_dev.tsv", b"Where was A born?\tX\nWhere was B born?    Y\n",
        r":2: no tab between question and place, there are spaces in its stead \('Where was B",
    ),
    "two tabs": ("birth_dev.tsv", b"Where was A born?\tX\tY\n", ":1: 2 tabs, expected one"),
    "no place": ("birth_places_train.tsv", b"Where was A born?\t\n", ":1: no place"),
    "no question": ("birth_places_train.tsv", b"\tRome\n", ":1: no question"),
    "gap": ("birth_places_train.tsv", b"A?\tX\n\nB?\tY\n", ":2: no tab"),
    "not UTF-8": ("birth_dev.tsv", b"A?\tX\nB?\tY\nC?\t\xffZ\n", r":3: not UTF-8 \(byte 0xff\)"),
    "UTF-16": ("wiki.txt", "Ada. Born in Rome .".encode("utf-16"), ":1: not UTF-8"),
    "NUL": ("wiki.txt", b"Ada. Born .\nBo. \0 .", r":2: control character U\+0000"),
    "old line ends": ("wiki.txt", b"Ada. Born .\rBo. Born .", r":1: control character U\+000D"),
    "gap in the text": ("wiki.txt", b"Ada. Born .\n \nBo. Born .", ":2: empty line"),
    "empty": ("birth_dev.tsv", b"", ": is empty"),
    "blank": ("wiki.txt", b"\xef\xbb\xbf\r\n \r\n", ": is empty"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("any_version", [False, True])
def test_unsound_files_are_refused(
    files: dict[str, bytes], folder: Write, tmp_path: Path, case: str, any_version: bool
) -> None:
    name, content, problem = WRONG[case]
    files[name] = content
    with pytest.raises(InputError, match=f"^{name}{problem}"):
        importing.build(str(folder(files)), tmp_path / "practical", any_version)
    assert not (tmp_path / "practical").exists()


def test_another_version_only_when_asked(
    files: dict[str, bytes], folder: Write, tmp_path: Path
) -> None:
    files["birth_dev.tsv"] = files["birth_dev.tsv"].replace(b"Oslo", b"Rome")
    source = str(folder(files))
    message = r"^birth_dev\.tsv: not the practical's version: 2 lines of 2, SHA-256 .*--any-version"
    with pytest.raises(InputError, match=message):
        importing.build(source, tmp_path / "practical", False)
    _, record = importing.build(source, tmp_path / "practical", True)
    assert len(record.notes) == 1
    assert "not the practical's version" in record.notes[0]


def test_nothing_is_overwritten_on_failure(
    files: dict[str, bytes], folder: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = folder(files), tmp_path / "corpora" / "practical"
    importing.build(str(source), target, False)
    before = {p.name: p.read_bytes() for p in target.iterdir()}

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for module, function in ((corpus_module, "write"), (corpus_module, "_put_in_place")):
        with monkeypatch.context() as patch:
            patch.setattr(module, function, full_disk)
            with pytest.raises(InputError, match="No space left on device"):
                importing.build(str(source), target, False)
    (source / "birth_dev.tsv").write_bytes(b"Where was A born? X\n")
    with pytest.raises(InputError, match="no tab"):
        importing.build(str(source), target, False)
    assert {p.name: p.read_bytes() for p in target.iterdir()} == before
    assert list(target.parent.iterdir()) == [target]


def test_the_previous_corpus_comes_back(
    files: dict[str, bytes], folder: Write, tmp_path: Path
) -> None:
    target = tmp_path / "corpora" / "practical"
    importing.build(str(folder(files)), target, False)
    with pytest.raises(OSError, match="No such file"):
        corpus_module._put_in_place(tmp_path / "gone", target, tmp_path / "previous")
    assert hashes(target) == {n: importing.KNOWN[n].sha256 for n in files}


# --------------------------------------------------------------------------------- command line


def test_the_command_imports(
    files: dict[str, bytes], folder: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--from", str(folder(files)), "--into", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "2 people, 2 documents, 68 characters" in said
    assert hashes(tmp_path / "practical") == {n: importing.KNOWN[n].sha256 for n in files}


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--any-version"], "--any-version: only with --from"),
        (["--from", ".", "--dev-share", "3"], "--dev-share: not with --from"),
        (["--name", "../x"], "--name ../x: must be"),
        (["--name", ".."], "--name ..: must be"),
        (["--name", "mine"], "is not a corpus"),
        (["--from", "\x1b]0;x"], "no such folder"),
    ],
)
def test_the_command_refuses(tmp_path: Path, arguments: list[str], problem: str) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError) as refusal:
        main([*arguments, "--into", str(tmp_path)])
    assert problem in str(refusal.value)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_a_place_that_cannot_be_written(
    files: dict[str, bytes], folder: Write, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        main(["--from", str(folder(files)), "--into", str(tmp_path / "file")])


@pytest.mark.skipif(
    "PRACTICAL_FILES" not in os.environ, reason="PRACTICAL_FILES names no folder of the real files"
)
def test_the_real_files(tmp_path: Path) -> None:
    corpus, record = importing.build(os.environ["PRACTICAL_FILES"], tmp_path / "practical", False)
    assert record.notes == ()
    assert record.files == {name: known.sha256 for name, known in importing.KNOWN.items()}
    assert (record.documents, record.characters, record.symbols) == (2937, 418_351, 256)
    assert (record.training_pairs, record.evaluation_pairs) == (2000, 500)
    assert sum(place == "London" for _, place in corpus.evaluation) == 25
