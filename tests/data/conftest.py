"""A small stand-in for the practical's files, which the importer takes for the real ones."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from data import importing

FILES = {
    "wiki.txt": "Ada Löf. Ada Löf was born in Bergen .\nBo Ek. Born in Rome, Ek sang .".encode(),
    "birth_places_train.tsv": b"Where was Bo Ek born?\tRome\n",
    "birth_dev.tsv": "Where was Ada Löf born?\tBergen\nWhere was Cy Oz born?\tOslo\n".encode(),
}


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Name and bytes of the three files, whose SHA-256 the importer knows."""
    known = {
        name: importing.Known(
            hashlib.sha256(content).hexdigest(),
            lines=len(content.splitlines()),
            end="" if name == "wiki.txt" else "\n",
        )
        for name, content in FILES.items()
    }
    monkeypatch.setattr(importing, "KNOWN", known)
    return dict(FILES)


@pytest.fixture
def folder(tmp_path: Path) -> Callable[[dict[str, bytes]], Path]:
    """Writes files into a folder of a user."""

    def write(files: dict[str, bytes]) -> Path:
        path = tmp_path / "download"
        path.mkdir()
        for name, content in files.items():
            (path / name).parent.mkdir(exist_ok=True)
            (path / name).write_bytes(content)
        return path

    return write


@pytest.fixture
def zipped() -> Callable[[dict[str, bytes]], bytes]:
    """Packs files into the bytes of a zip archive."""

    def pack(files: dict[str, bytes]) -> bytes:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return packed.getvalue()

    return pack
