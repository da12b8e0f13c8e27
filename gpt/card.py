"""The model card beside each parameter file: Markdown with a YAML head, as Hugging Face has them.

Its values come from the training record and the parameters' header, later from the records of
evaluations; what neither knows is left out. The head is written as one JSON value a line, which
is YAML, so that it can be read back here.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from gpt.attention.options import written
from gpt.parameters import Header
from reports.record import (
    ROOT,
    CorpusRecord,
    Count,
    EvaluationRecord,
    InputError,
    RecordError,
    TrainingRecord,
    printable,
    read,
    write_text,
)

KINDS = {
    "pretrain": "pretrained on the text by span corruption",
    "finetune": "pretrained on the text by span corruption, then finetuned on questions",
    "scratch": "finetuned on questions without having been pretrained",
}
USES = """It is made to study self-attention and pretraining: how much of what a text says about
people a small model can be asked for. It continues `Where was NAME born?⁇` greedily, and the
characters up to the next ⁇ are its answer."""
LIMITS = """Its answers about people may be false. It answers every question, also about people of
whom it has read nothing, and nothing in an answer shows which it is. No decision about a person
should rest on one."""
ACCURACY, NOT_YET = "## Accuracy", "Not evaluated."
COLUMNS = "| questions | right | of | accuracy | 95 % interval (Wilson) |\n|---|--:|--:|--:|--:|"


def path_of(parameters: Path) -> Path:
    """Where the card of a parameter file lies: `vanilla.params.md` beside `vanilla.params`."""
    return parameters.with_name(parameters.name + ".md")


def write_card(parameters: Path, header: Header, made: TrainingRecord) -> None:
    """Write the card of parameters that a run has saved, from their header and its record.

    Raises: InputError if the card cannot be written.
    """
    corpus = _corpus(made, header)
    head: dict[str, Any] = {
        "language": "en",
        **_license(corpus),
        "library_name": "attention-practical",
        "pipeline_tag": "text-generation",
        "tags": ["character-level", "gpt", made.variant],
    }
    sections = [
        f"# {printable(parameters.name)}",
        f"A character-level GPT with {made.parameters:,} parameters and {_attention(made)}, "
        f"{KINDS[made.run]} (recipe {made.recipe}).",
        "## Use\n\n" + USES,
        "## Limits\n\n" + LIMITS + "\n\n" + _reach(header),
        f"{ACCURACY}\n\n{NOT_YET}",
        "## Data\n\n" + _data(made, corpus),
        "## Training\n\n" + _training(made),
    ]
    _write(path_of(parameters), head, "\n\n".join(sections) + "\n")


def add_evaluation(
    parameters: Path, record: Path, questions: Path, control: Path | None = None
) -> None:
    """Put an evaluation's accuracies into the card of the evaluated parameters, if they have one.

    questions, control: the files asked from; accuracies on files of the same names are replaced
    Raises: InputError if the record or the card cannot be read, or the card not be written.
    """
    path = path_of(parameters)
    if not path.is_file():
        return
    head, text = _read(path)
    made = read(record, EvaluationRecord)
    try:
        rows = {row["dataset"]["name"]: row for row in _rows(head)}
        for file, count in ((questions, made.result), (control, made.control)):
            if file is not None and count is not None:
                rows[printable(file.name)] = _row(printable(file.name), count)
        head["model-index"] = [{"name": printable(parameters.name), "results": list(rows.values())}]
        section = f"{ACCURACY}\n\n{_table(head)}\n\n"
    except (KeyError, IndexError, TypeError, ValueError):
        raise InputError(f"{path}: not a model card of ours: model-index is damaged") from None
    pattern = rf"^{ACCURACY}\n.*?(?=^## |\Z)"
    _write(path, head, re.sub(pattern, lambda _: section, text, flags=re.DOTALL | re.MULTILINE))


# -------------------------------------------------------------------------------- sections


def _attention(made: TrainingRecord) -> str:
    """The variant, and its options as `--attention` takes them."""
    options = " ".join(sorted(written(made.hyperparameters.get("attention", {}))))
    return f"{made.variant} attention" + (f" (`{options}`)" if options else "")


def _reach(header: Header) -> str:
    config = header.config
    known = "".join(header.vocabulary.symbols[2:]).replace("\n", "")
    return (
        f"It knows {config.vocabulary_size} symbols and reads at most {config.block_size} of "
        f"them at once. Other characters are left out of a question:\n\n    {known}"
    )


def _data(made: TrainingRecord, corpus: CorpusRecord | None) -> str:
    whose = corpus.credit if corpus else "Where the text is from is not recorded beside it."
    files = (f"- `{printable(Path(p).name)}`: {d}" for p, d in made.provenance.inputs.items())
    return f"{whose}\n\nFiles read, with their SHA-256:\n\n" + "\n".join(files)


def _training(made: TrainingRecord) -> str:
    source = made.provenance
    commit = source.commit or "unknown"
    rows = {
        "loss in the last epoch, nats a character": f"{made.final_loss:g}",
        "epochs": made.epochs,
        "steps": f"{made.steps:,}",
        "characters trained on": f"{made.tokens:,}",
        "seed": source.seed,
        "precision": made.precision,
        "device": source.device_name,
        "seconds": f"{source.wall_time:g}",
        "commit": commit + (" with uncommitted changes" if source.clean is False else ""),
        "torch": source.versions["torch"],
        "SHA-256 of the tensors": made.weights_sha256,
        "command": f"`{printable(source.command)}`",
    }
    stage = made.hyperparameters[made.run]
    others = {k: v for k, v in made.hyperparameters.items() if k not in (*KINDS, "attention")}
    for name, value in (stage | others).items():
        rows.setdefault(name.replace("_", " "), json.dumps(value, ensure_ascii=False))
    lines = [f"| {name} | {value} |" for name, value in rows.items()]
    return "\n".join(["| | |", "|---|---|", *lines])


def _corpus(made: TrainingRecord, header: Header) -> CorpusRecord | None:
    """The record that lies beside the pretraining text, where there is one."""
    for path, digest in made.provenance.inputs.items():
        if digest == header.corpus_sha256:
            try:
                return read((ROOT / path).with_name("corpus.json"), CorpusRecord)
            except RecordError:
                return None
    return None


def _license(corpus: CorpusRecord | None) -> dict[str, str]:
    """Hugging Face's name of the text's license, where its credit gives one with a version."""
    if corpus is None:
        return {"license": "unknown"}
    named = re.search(r"\bCC (BY[A-Z-]*) (\d\.\d)", corpus.credit)
    if named is None:
        return {"license": "other", "license_name": corpus.credit}
    return {"license": f"cc-{named[1].lower()}-{named[2]}"}


# -------------------------------------------------------------------------------- accuracy


def _row(file: str, count: Count) -> dict[str, Any]:
    """One file's accuracy, as Hugging Face's model index has it."""
    metric = {"type": "exact_match", "value": count.accuracy}
    metric |= {"n": count.n, "correct": count.correct, "interval": list(count.interval)}
    return {
        "task": {"type": "question-answering"},
        "dataset": {"name": file, "type": "tab-separated questions and places"},
        "metrics": [metric],
    }


def _rows(head: dict[str, Any]) -> list[dict[str, Any]]:
    index = head.get("model-index")
    return index[0]["results"] if index else []


def _table(head: dict[str, Any]) -> str:
    lines = [COLUMNS]
    for row in _rows(head):
        (m,) = row["metrics"]
        low, high = m["interval"]
        lines.append(
            f"| {row['dataset']['name']} | {m['correct']} | {m['n']} | {m['value']:.1%} "
            f"| {low:.1%} to {high:.1%} |"
        )
    return "\n".join(lines)


# ------------------------------------------------------------------------ reading, writing


def _read(path: Path) -> tuple[dict[str, Any], str]:
    """Head and text of a card.

    Raises: InputError if it is not as this module writes it.
    """
    try:
        _, head, text = path.read_text(encoding="utf-8").split("---\n", 2)
        fields = (line.split(": ", 1) for line in head.splitlines())
        return {name: json.loads(value) for name, value in fields}, text.lstrip("\n")
    except (OSError, ValueError) as problem:
        raise InputError(f"{path}: not a model card of ours: {problem}") from None


def _write(path: Path, head: dict[str, Any], text: str) -> None:
    lines = (f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in head.items())
    write_text(path, "---\n" + "".join(lines) + "---\n\n" + text)
