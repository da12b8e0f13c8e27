"""Folders, archives and downloads: what is taken, and what is refused."""

from __future__ import annotations

import io
import stat
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from data import fetching
from data.fetching import fetch
from reports.record import InputError

Pack = Callable[[dict[str, bytes]], bytes]
Write = Callable[[dict[str, bytes]], Path]


def saved(tmp_path: Path, content: bytes) -> str:
    path = tmp_path / "files.zip"
    path.write_bytes(content)
    return str(path)


# ------------------------------------------------------------------------------------ folders


def test_a_folder(files: dict[str, bytes], folder: Write) -> None:
    assert fetch(str(folder(files))) == files


def test_a_subfolder_and_what_else_lies_about(files: dict[str, bytes], folder: Write) -> None:
    nested = {f"student/{name}": content for name, content in files.items()}
    assert fetch(str(folder(nested | {"student/run.py": b"", "notes.txt": b"x"}))) == files


def test_the_file_on_top_wins(files: dict[str, bytes], folder: Write) -> None:
    assert fetch(str(folder(files | {"old/wiki.txt": b"old"}))) == files


def test_two_of_one_name_in_subfolders(files: dict[str, bytes], folder: Write) -> None:
    wiki = files.pop("wiki.txt")
    path = folder(files | {"a/wiki.txt": wiki, "b/wiki.txt": wiki})
    with pytest.raises(InputError, match=r"wiki\.txt is there twice: .*a/wiki.*b/wiki"):
        fetch(str(path))


@pytest.mark.parametrize("name", fetching.FILES)
def test_a_missing_file(files: dict[str, bytes], folder: Write, zipped: Pack, name: str) -> None:
    del files[name]
    path = folder(files)
    (path.parent / "f.zip").write_bytes(zipped(files))
    for source in (path, path.parent / "f.zip"):
        with pytest.raises(InputError, match=rf"{name} is missing"):
            fetch(str(source))


def test_a_file_too_large(
    files: dict[str, bytes], folder: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "LARGEST_FILE", 50)
    with pytest.raises(InputError, match=r"wiki\.txt: larger than"):
        fetch(str(folder(files)))


# ----------------------------------------------------------------------------------- archives


def test_a_zip_file(files: dict[str, bytes], zipped: Pack, tmp_path: Path) -> None:
    nested = {f"practical 4/src/{name}": content for name, content in files.items()}
    extra = {"__MACOSX/practical 4/src/._wiki.txt": b"\0", "practical 4/": b""}
    assert fetch(saved(tmp_path, zipped(nested | extra))) == files


def test_a_zip_file_of_windows(files: dict[str, bytes], zipped: Pack, tmp_path: Path) -> None:
    nested = {f"student\\{name}": content for name, content in files.items()}
    assert fetch(saved(tmp_path, zipped(nested))) == files


@pytest.mark.parametrize("name", ["../wiki.txt", "a/../../x", "/etc/x", "C:\\x", "a\\..\\..\\x"])
def test_path_traversal(files: dict[str, bytes], zipped: Pack, tmp_path: Path, name: str) -> None:
    source = saved(tmp_path, zipped(files | {name: b"x"}))
    with pytest.raises(InputError, match="leads out of the archive"):
        fetch(source)
    assert list(tmp_path.iterdir()) == [Path(source)]


def test_a_symbolic_link(files: dict[str, bytes], tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            link = zipfile.ZipInfo(name)
            if name == "wiki.txt":
                link.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, content)
    with pytest.raises(InputError, match=r"wiki\.txt: is a symbolic link"):
        fetch(saved(tmp_path, packed.getvalue()))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_duplicates(files: dict[str, bytes], tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in [*files.items(), ("wiki.txt", b"another")]:
            archive.writestr(name, content)
    with pytest.raises(InputError, match=r"wiki\.txt: is in the archive twice"):
        fetch(saved(tmp_path, packed.getvalue()))


def test_a_zip_bomb(files: dict[str, bytes], zipped: Pack, tmp_path: Path) -> None:
    bomb = saved(tmp_path, zipped(files | {"wiki.txt": bytes(8 << 20)}))
    with pytest.raises(InputError, match=r"wiki\.txt: unpacks to more than 100 times its size"):
        fetch(bomb)
    larger = saved(tmp_path, zipped(files | {"wiki.txt": bytes(17 << 20)}))
    with pytest.raises(InputError, match=r"wiki\.txt: larger than 16 MiB"):
        fetch(larger)


def test_a_bomb_that_lies_about_its_size(
    files: dict[str, bytes], zipped: Pack, tmp_path: Path
) -> None:
    size = 4 << 20
    honest = zipped(files | {"wiki.txt": bytes(size)})
    lying = honest.replace(size.to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    assert lying != honest
    with pytest.raises(InputError, match="not a sound zip file"):
        fetch(saved(tmp_path, lying))


def test_too_many_entries(
    files: dict[str, bytes], zipped: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MOST_ENTRIES", 3)
    assert fetch(saved(tmp_path, zipped(files))) == files
    with pytest.raises(InputError, match="more than 3 entries"):
        fetch(saved(tmp_path, zipped(files | {"a": b""})))


def test_another_compression(files: dict[str, bytes], tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_LZMA) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    with pytest.raises(InputError, match="is not packed by the usual method"):
        fetch(saved(tmp_path, packed.getvalue()))


def test_every_damaged_archive_is_refused_or_harmless(
    files: dict[str, bytes], zipped: Pack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each byte changed, each length cut: the right files or one clear error, nothing else."""
    packed = zipped(files)
    cut = [packed[:length] for length in range(len(packed))]
    flipped = [
        packed[:at] + bytes([packed[at] ^ mask]) + packed[at + 1 :]
        for at in range(len(packed))
        for mask in (0x01, 0x80, 0xFF)
    ]
    refused = 0
    for content in cut + flipped:
        monkeypatch.setattr(fetching, "_bounded", lambda path, largest, c=content: c)
        try:
            assert fetch(__file__) == files
        except InputError:
            refused += 1
    assert refused > len(cut)


# ----------------------------------------------------------------------------------- download


class Server(BaseHTTPRequestHandler):
    """Answers as the test says."""

    content: bytes = b""

    def do_GET(self) -> None:
        if self.path == "/missing":
            self.send_error(404)
            return
        target = {"/moved": "/files.zip", "/local": "file:///etc/hostname", "/ftp": "ftp://h/f"}
        self.send_response(302 if self.path in target else 200)
        if self.path in target:
            self.send_header("Location", target[self.path])
            self.end_headers()
            return
        self.end_headers()
        try:
            for _ in range(100 if self.path == "/slow" else 0):
                self.wfile.write(b"P")
                time.sleep(0.05)
            self.wfile.write(self.content)
        except OSError:  # the client has had enough
            return

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@pytest.fixture
def server(files: dict[str, bytes], zipped: Pack, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(Server, "content", zipped(files))
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["/files.zip", "/moved"])
def test_a_download(server: str, files: dict[str, bytes], path: str) -> None:
    assert fetch(server + path) == files


@pytest.mark.parametrize(
    ("path", "problem"),
    [("/missing", "404"), ("/local", "cannot be read"), ("/ftp", "cannot be read")],
)
def test_a_download_that_fails(server: str, path: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        fetch(server + path)


def test_no_server() -> None:
    with pytest.raises(InputError, match="cannot be read"):
        fetch("http://127.0.0.1:9/files.zip")


@pytest.mark.parametrize("address", ["http://", "http://[", "https:// /", "http://127.0.0.1:x/"])
def test_no_address(address: str) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        fetch(address)


def test_a_download_too_large(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "LARGEST_ARCHIVE", 100)
    with pytest.raises(InputError, match="larger than"):
        fetch(f"{server}/files.zip")


def test_a_download_too_slow(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "TIMEOUT", 0.3)
    with pytest.raises(InputError, match="not received within"):
        fetch(f"{server}/slow")


@pytest.mark.parametrize("source", ["nowhere", "ftp://host/files.zip", "/dev/null", ""])
def test_no_source(source: str) -> None:
    with pytest.raises(InputError):
        fetch(source)
