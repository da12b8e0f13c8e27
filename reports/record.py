"""The shelf: typed records, written atomically and validated whenever written or read.

This is the ground floor, built of the standard library alone, and the only module of `reports/`
that theory, simulate, gpt and data import. A record (its fields: schema.py) is JSON with sorted
keys; bulky tables lie beside it as CSV or JSONL and are named in it.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import reprlib
import sys
import tempfile
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from reports.benchmark_schema import (
    BenchmarkRecord,
    PackageRecord,
    PackageRow,
    Scaling,
    ScalingRecord,
    ScalingRow,
    Side,
    Way,
)
from reports.provenance import (
    ROOT,
    Clock,
    Provenance,
    Staged,
    processor,
    sha256,
    sha256_or_none,
)
from reports.schema import (
    BaselineRecord,
    Claim,
    CorpusRecord,
    Count,
    EvaluationRecord,
    Experiment,
    Figure,
    HeadSpectrum,
    Record,
    SimulateRecord,
    SpectrumRecord,
    Step,
    StudyAnswers,
    StudyRecord,
    StudyRun,
    TheoryRecord,
    TrainingRecord,
)
from reports.terminal import ArgumentParser, InputError, exit_on_input_error, printable

__all__ = [
    "ROOT", "SCHEMA", "ArgumentParser", "BaselineRecord", "BenchmarkRecord", "Claim", "Clock",
    "CorpusRecord", "Count", "EvaluationRecord", "Experiment", "Figure", "HeadSpectrum",
    "InputError", "PackageRecord", "PackageRow", "Provenance", "Record", "RecordError", "Scaling",
    "ScalingRecord", "ScalingRow", "Side", "SimulateRecord", "SpectrumRecord", "Step",
    "StudyAnswers", "StudyRecord", "StudyRun", "TheoryRecord", "TrainingRecord", "Way",
    "exit_on_input_error", "printable", "processor", "read", "require_writable", "sha256",
    "stage_of", "stale", "write", "write_bytes", "write_text",
]  # fmt: skip

SCHEMA = 3


class RecordError(InputError):
    """A record that is missing, stale or not of its schema."""


R = TypeVar("R", bound=Staged)


# ------------------------------------------------------------------------- reading, writing


def write(path: Path, record: Record) -> None:
    """Validate `record` and write it atomically as JSON with sorted keys.

    Raises: RecordError if a field is not of its type (NaN and infinity included) or the folder
    cannot be written.
    """
    body = {"stage": record.stage, "schema": SCHEMA} | dataclasses.asdict(record)
    _parse(type(record), {k: v for k, v in body.items() if k not in ("stage", "schema")}, str(path))
    write_text(path, json.dumps(body, sort_keys=True, indent=1, ensure_ascii=False) + "\n")


def read(path: Path, kind: type[R]) -> R:
    """Read a record and validate it against its schema.

    Raises: RecordError naming file, field and value; for a missing file, RecordError naming it.
    """
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecordError(f"{path}: no such record") from None
    except (OSError, ValueError, RecursionError) as problem:
        raise RecordError(f"{path}: not a record: {problem}") from None
    if not isinstance(body, dict) or body.get("stage") != kind.stage:
        found = body.get("stage") if isinstance(body, dict) else type(body).__name__
        raise RecordError(f"{path}: stage is {found!r}, expected {kind.stage!r}")
    if body.get("schema") != SCHEMA:
        raise RecordError(
            f"{path}: schema is {body.get('schema')!r}, expected {SCHEMA}: another version wrote "
            "it; `make clean` removes it"
        )
    fields = {k: v for k, v in body.items() if k not in ("stage", "schema")}
    return typing.cast(R, _parse(kind, fields, str(path)))


def stage_of(path: Path) -> str:
    """The stage that the record at `path` names, '' if it is no record."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return ""
    return str(body.get("stage", "")) if isinstance(body, dict) else ""


def stale(record: Record, root: Path = ROOT) -> list[str]:
    """Paths of the sources and inputs that changed since the record was made, or are gone."""
    made_from = record.provenance.sources | record.provenance.inputs
    return sorted(p for p, sha in made_from.items() if sha256_or_none(root / p) != sha)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically, as UTF-8.

    Raises: InputError if the folder cannot be written.
    """
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically: temporary file, fsync, rename, fsync of the folder.

    Whoever reads `path` finds what was there before or all that is new; nothing is left on failure.

    Raises: InputError if the folder cannot be written or the disk is full.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            temporary = Path(file.name)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
        _fsync_folder(path.parent)
    except OSError as problem:
        raise InputError(f"{path}: cannot be written: {problem.strerror}") from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _fsync_folder(folder: Path) -> None:
    """Let a rename in the folder outlast a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_temporaries(path: Path) -> None:
    """Remove what killed writers of `path` left; for whom no other process writes it."""
    pattern = re.compile(rf"\.{re.escape(path.name)}\.[a-z0-9_]{{8}}")
    for found in path.parent.iterdir() if path.parent.is_dir() else ():
        if pattern.fullmatch(found.name):
            found.unlink(missing_ok=True)


def require_writable(path: Path) -> None:
    """Find out before a long run, not after it, whether `path` can be written.

    Raises: InputError if its folder cannot be made or written, or `path` is a folder.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as problem:
        raise InputError(f"{path}: cannot be written: {problem.strerror}") from None


def _parse(kind: Any, value: Any, where: str) -> Any:
    """Convert JSON `value` to `kind`, checking every field; `where` names the place in errors."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return value
    if dataclasses.is_dataclass(kind) and isinstance(value, Mapping):
        return _parse_fields(kind, value, where)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        return _parse(next(a for a in arguments if a is not type(None)), value, where)
    if origin is Literal and value in arguments:
        return value
    if origin is tuple and isinstance(value, list | tuple):
        if arguments[-1] is not Ellipsis and len(arguments) != len(value):
            raise RecordError(f"{where}: expected {len(arguments)} values, got {len(value)}")
        kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else arguments
        return tuple(
            _parse(k, v, f"{where}[{i}]") for i, (k, v) in enumerate(zip(kinds, value, strict=True))
        )
    if origin is dict and isinstance(value, Mapping):
        return {str(k): _parse(arguments[1], v, f"{where}.{k}") for k, v in value.items()}
    if kind is float and type(value) in (int, float) and abs(value) <= sys.float_info.max:
        return float(value)
    if kind in (int, str, bool) and type(value) is kind:
        return value
    expected = getattr(kind, "__name__", str(kind)) if origin is None else str(kind)
    raise RecordError(f"{where}: expected {expected}, got {reprlib.repr(value)}")


def _parse_fields(kind: Any, value: Mapping[str, Any], where: str) -> Any:
    hints = typing.get_type_hints(kind)
    names = {f.name for f in dataclasses.fields(kind)}
    for problem, keys in (("missing", names - set(value)), ("unknown", set(value) - names)):
        if keys:
            raise RecordError(f"{where}: {problem} field {sorted(keys)[0]!r}")
    parsed = {name: _parse(hints[name], value[name], f"{where}: {name}") for name in names}
    try:
        return kind(**parsed)
    except ValueError as problem:
        raise RecordError(f"{where}: {problem}") from None
