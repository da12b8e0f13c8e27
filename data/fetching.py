"""Getting the practical's files from where a user keeps them: a folder, a zip file or a URL.

Archives are never unpacked: the three files are read from them into memory, under caps, and
nothing that an archive calls itself becomes a path on disk.
"""

from __future__ import annotations

import io
import re
import stat
import struct
import time
import urllib.error
import urllib.request
import zipfile
import zlib
from collections import Counter
from http.client import HTTPException
from pathlib import Path, PurePosixPath

from reports.record import InputError

FILES = ("wiki.txt", "birth_places_train.tsv", "birth_dev.tsv")

MEBIBYTE = 1 << 20
LARGEST_FILE = 16 * MEBIBYTE
LARGEST_ARCHIVE = 64 * MEBIBYTE
MOST_ENTRIES = 10_000
LARGEST_RATIO = 100
"""Unpacked to packed size; the practical's files shrink to about a third."""
TIMEOUT = 60.0
"""Seconds for the whole download."""
DAMAGED = (
    zipfile.BadZipFile, zlib.error, struct.error,
    NotImplementedError, EOFError, ValueError, OSError,
)  # fmt: skip
"""What zipfile raises for damaged archives."""


def fetch(source: str) -> dict[str, bytes]:
    """The bytes of the three files that `source`, a folder, zip file or http(s) URL, holds.

    Raises: InputError if one is missing, found twice or too large, or the source is unsafe.
    """
    if re.match("https?://", source):
        return _from_zip(source, _download(source))
    path = Path(source)
    try:
        if path.is_dir():
            return {name: _from_folder(path, name) for name in FILES}
        if not path.is_file():
            raise InputError(f"{source}: no such folder, zip file or http(s) address")
        return _from_zip(source, _bounded(path, LARGEST_ARCHIVE))
    except OSError as problem:
        raise InputError(
            f"{problem.filename or source}: cannot be read: {problem.strerror}"
        ) from None


def _from_folder(folder: Path, name: str) -> bytes:
    """The file in the folder itself, or else the only one in its subfolders, two levels deep."""
    if (folder / name).is_file():
        return _bounded(folder / name, LARGEST_FILE)
    found = [p for pattern in ("*", "*/*") for p in folder.glob(f"{pattern}/{name}")]
    return _bounded(
        Path(_only([str(p) for p in found if p.is_file()], str(folder), name)), LARGEST_FILE
    )


def _bounded(path: Path, largest: int) -> bytes:
    with path.open("rb") as file:
        content = file.read(largest + 1)
    if len(content) > largest:
        raise InputError(f"{path}: larger than {largest // MEBIBYTE} MiB")
    return content


def _only(found: list[str], where: str, name: str) -> str:
    if not found:
        raise InputError(f"{where}: {name} is missing")
    if len(found) > 1:
        first, second = sorted(found)[:2]
        raise InputError(f"{where}: {name} is there twice: {first} and {second}")
    return found[0]


# ---------------------------------------------------------------------------------- archives


def _from_zip(source: str, content: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_entries(source, archive.infolist())
            return {name: _read(source, archive, name) for name in FILES}
    except DAMAGED as problem:
        raise InputError(f"{source}: not a sound zip file: {problem}") from None


def _check_entries(source: str, entries: list[zipfile.ZipInfo]) -> None:
    """Refuse the whole archive if an entry is suspect, whether it would be read or not."""
    if len(entries) > MOST_ENTRIES:
        raise InputError(f"{source}: more than {MOST_ENTRIES} entries")
    for name, count in Counter(entry.filename for entry in entries).items():
        if count > 1:
            raise InputError(f"{source}: {name}: is in the archive twice")
    for entry in entries:
        path = _path(entry)
        if path.is_absolute() or ".." in path.parts or re.match("[A-Za-z]:", entry.filename):
            raise InputError(f"{source}: {entry.filename}: leads out of the archive")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise InputError(f"{source}: {entry.filename}: is a symbolic link")


def _read(source: str, archive: zipfile.ZipFile, name: str) -> bytes:
    named = [e.filename for e in archive.infolist() if _path(e).name == name and not e.is_dir()]
    entry = archive.getinfo(_only(named, source, name))
    where = f"{source}: {entry.filename}"
    if entry.flag_bits & 1:
        raise InputError(f"{where}: is encrypted")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputError(f"{where}: is not packed by the usual method, deflate")
    if entry.file_size > LARGEST_FILE:
        raise InputError(f"{where}: larger than {LARGEST_FILE // MEBIBYTE} MiB")
    if entry.file_size > LARGEST_RATIO * entry.compress_size:
        raise InputError(f"{where}: unpacks to more than {LARGEST_RATIO} times its size")
    with archive.open(entry) as file:
        return file.read(LARGEST_FILE)  # never more than the declared size, and its CRC is checked


def _path(entry: zipfile.ZipInfo) -> PurePosixPath:
    return PurePosixPath(entry.filename.replace("\\", "/"))


# ---------------------------------------------------------------------------------- download


def _download(url: str) -> bytes:
    """What `url` holds; redirections may lead to other http(s) addresses only."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.UnknownHandler,
    ):
        opener.add_handler(handler())
    deadline = time.monotonic() + TIMEOUT
    content = bytearray()
    try:
        with opener.open(url, timeout=TIMEOUT) as response:
            while chunk := response.read1(MEBIBYTE):
                content += chunk
                if len(content) > LARGEST_ARCHIVE:
                    raise InputError(f"{url}: larger than {LARGEST_ARCHIVE // MEBIBYTE} MiB")
                if time.monotonic() > deadline:
                    raise InputError(f"{url}: not received within {TIMEOUT:.0f} seconds")
    except (OSError, HTTPException, ValueError) as problem:
        raise InputError(f"{url}: cannot be read: {problem}") from None
    return bytes(content)
