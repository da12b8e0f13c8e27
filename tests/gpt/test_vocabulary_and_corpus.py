"""The vocabulary's order, and files that are read the same or refused by line."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gpt.corpus import CORPORA, Pair, find, read_documents, read_pairs
from gpt.vocabulary import MASK, MASK_ID, PAD, PAD_ID, Vocabulary
from reports.record import InputError


def test_pad_and_mask_come_first_then_the_sorted_characters() -> None:
    vocabulary = Vocabulary.of_text("ba b\nŁa\n")
    assert vocabulary.symbols == ("□", "⁇", "\n", " ", "a", "b", "Ł")
    assert (vocabulary.stoi[PAD], vocabulary.stoi[MASK]) == (PAD_ID, MASK_ID) == (0, 1)
    assert len(vocabulary) == 7


def test_decoding_undoes_encoding() -> None:
    vocabulary = Vocabulary.of_text("born in Łódź\n")
    text = f"Łó{MASK}born{PAD}\n"
    assert vocabulary.decode(vocabulary.encode(text)) == text
    assert [vocabulary.itos[i] for i in range(len(vocabulary))] == list(vocabulary.symbols)


@pytest.mark.parametrize("symbol", [PAD, MASK])
def test_a_corpus_with_a_reserved_symbol_is_refused_by_line(symbol: str) -> None:
    with pytest.raises(InputError, match=f"line 2: reserved '{symbol}'"):
        Vocabulary.of_text(f"one\ntwo {symbol}\n")


@pytest.mark.parametrize("symbols", [[MASK, PAD, "a"], [PAD, MASK, "a", "a"], [PAD]])
def test_symbols_out_of_order_or_repeated_are_refused(symbols: list[str]) -> None:
    with pytest.raises(InputError, match="distinct and begin with PAD and MASK"):
        Vocabulary(symbols)


def test_an_unknown_character_is_named() -> None:
    with pytest.raises(InputError, match="character 'Ł' of 'aŁ'"):
        Vocabulary.of_text("a\n").encode("aŁ")


def test_the_fingerprint_depends_on_the_order() -> None:
    one, other = (Vocabulary([PAD, MASK, *symbols]) for symbols in ("ab", "ba"))
    assert one.sha256 != other.sha256
    assert one.sha256 == Vocabulary.of_text("ab").sha256


def test_the_practicals_corpus_has_256_symbols(practical: Path) -> None:
    text = read_documents(practical / "wiki.txt")
    assert len(Vocabulary.of_text(text)) == 256


# ------------------------------------------------------------------ the same content, or refused

COSMETICS: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda raw: raw,
    "CRLF": lambda raw: raw.replace(b"\n", b"\r\n"),
    "byte order mark": lambda raw: b"\xef\xbb\xbf" + raw,
    "no final newline": lambda raw: raw.removesuffix(b"\n"),
    "empty last lines": lambda raw: raw + b"\n\n",
    "all of them": lambda raw: b"\xef\xbb\xbf" + raw.replace(b"\n", b"\r\n").removesuffix(b"\r\n"),
}
TSV = "Where was Ann Ó born?\tCórk\nWhere was Bo born?\tSan José\n".encode()
WIKI = "Ann Ó. Born in Córk.\n\nBo. Born.\n".encode()


@pytest.mark.parametrize("change", COSMETICS.values(), ids=COSMETICS.keys())
def test_cosmetic_differences_change_nothing(
    tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    (tmp_path / "pairs").write_bytes(change(TSV))
    (tmp_path / "text").write_bytes(change(WIKI))
    assert read_pairs(tmp_path / "pairs") == [
        Pair("Where was Ann Ó born?", "Córk", 1),
        Pair("Where was Bo born?", "San José", 2),
    ]
    assert read_documents(tmp_path / "text") == WIKI.decode()


def test_a_file_without_tabs_is_questions_alone(tmp_path: Path) -> None:
    (tmp_path / "asked").write_bytes(b"Where was Bo born?\nWhere was Cy born?\n")
    assert [pair.place for pair in read_pairs(tmp_path / "asked")] == [None, None]


REFUSED = {
    "empty": (b"", "the file is empty"),
    "only a byte order mark": (b"\xef\xbb\xbf\r\n", "the file is empty"),
    "no tab": (b"a\tb\ncd\n", r":2: no tab between question and place: 'cd'"),
    "extra tab": (b"a\tb\nc\td\te\n", r":2: extra tab: 'c\\\\td\\\\te'"),
    "no place": (b"a\tb\nc\t\n", r":2: empty question or place: 'c\\\\t'"),
    "no question": (b"\tb\n", r":1: empty question or place"),
    "empty line inside": (b"a\tb\n\nc\td\n", r":2: no tab between question and place: ''"),
    "empty line among questions": (b"a\n\nb\n", r":2: empty question or place"),
    "not UTF-8": (b"a\tb\nc\t\xe9\n", r":2: not UTF-8: byte b'\\xe9'"),
    "UTF-16": ("a\tb\n".encode("utf-16"), r":1: not UTF-8: byte b'\\xff'"),
    "UTF-16 without mark": ("a\tb\n".encode("utf-16-le"), r":1: character '\\x00'"),
    "lone carriage return": (b"a\tb\nc\rd\te\n", r":2: character '\\r'"),
    "old line ends": (b"a\tb\rc\td\r", r":1: character '\\r'"),
    "NUL": (b"a\tb\nc\t\0\n", r":2: character '\\x00'"),
    "PAD": (f"a\tb{PAD}\n".encode(), f":1: character '{PAD}'"),
    "MASK": (f"a{MASK}\tb\n".encode(), f":1: character '{MASK}'"),
}


@pytest.mark.parametrize(("content", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_bad_pairs_are_refused_by_file_line_and_value(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "bad.tsv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as refused:
        read_pairs(path)
    assert str(refused.value).startswith(f"{path}:")
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"none\.tsv: cannot be read: No such file"):
        read_pairs(tmp_path / "none.tsv")
    with pytest.raises(InputError, match=f"none.tsv: no such file here or in {CORPORA}/embedded"):
        find("none.tsv", "embedded")
    with pytest.raises(InputError, match=re.escape("cannot be read: Is a directory")):
        read_pairs(tmp_path)


def test_the_current_folder_comes_before_the_corpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpora = tmp_path / "corpora"
    (corpora / "embedded").mkdir(parents=True)
    (corpora / "embedded" / "wiki.txt").write_text("theirs")
    monkeypatch.setattr("gpt.corpus.CORPORA", corpora)
    monkeypatch.chdir(tmp_path)
    assert find("wiki.txt", "embedded") == corpora / "embedded" / "wiki.txt"
    (tmp_path / "wiki.txt").write_text("mine")
    assert find("wiki.txt", "embedded") == Path("wiki.txt")
