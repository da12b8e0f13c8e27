"""From records to HTML: the templates, what they may ask for, and what if it is not there."""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jinja2
from jinja2.ext import Extension
from markupsafe import Markup

from reports import (
    evidence,
    factorisation,
    public_packages,
    scaling,
    spectra,
    study_tables,
    variant_tables,
)
from reports.figures import Figure
from reports.formats import FILTERS
from reports.mathematics import Medium, Typesetter
from reports.numbering import Numbering
from reports.options import in_words
from reports.record import ROOT, Claim, Experiment, RecordError
from reports.shelf import TARGETS, Shelf
from reports.terminal import InputError

TEMPLATES = ROOT / "templates"


@dataclass(frozen=True)
class Document:
    """The report as HTML, and what its `asset:` URLs stand for."""

    html: str
    assets: dict[str, bytes]


class Mathematics(Extension):
    """`$…$` in a template (never in data) becomes a call of `formula`; `$$…$$` stands alone.

    Raises: TemplateSyntaxError for a placeholder in a formula, which would be typeset as it stands.
    """

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        def call(match: re.Match[str]) -> str:
            display, inline = match.groups()
            if "{{" in (formula := display or inline):
                line = source.count("\n", 0, match.start()) + 1
                raise jinja2.TemplateSyntaxError(f"placeholder in ${formula}$", line, name)
            return (
                f"{{{{ equation({display!r}) }}}}" if display else f"{{{{ formula({inline!r}) }}}}"
            )

        return re.sub(r"\$\$(.+?)\$\$|\$([^$]+)\$", call, source, flags=re.DOTALL)


class Missing(jinja2.StrictUndefined):
    """A placeholder without a record: the message names the make target that writes it."""

    @property
    def _undefined_message(self) -> str:
        message = str(super()._undefined_message)
        stage = getattr(self._undefined_obj, "stage", None)
        make = {"training": "pretrain finetune", "evaluation": "evaluate"}.get(
            str(stage), TARGETS.get(f"{stage}.json", "report")
        )
        return f"{message}; the record lacks it: run `make {make}`"


class Claims:
    """Claims and experiments, each handed out once: what no section took, the appendix shows."""

    def __init__(self, claims: Sequence[Claim], experiments: Sequence[Experiment]) -> None:
        self.all_claims, self.all_experiments = tuple(claims), tuple(experiments)
        self._left: list[Claim] = list(claims)
        self._untold: list[Experiment] = list(experiments)

    def claims(self, question: str, required: bool = False) -> list[Claim]:
        """The claims of a question and its parts that no earlier section took.

        Raises: RecordError if `required` and the record has none.
        """
        taken = [c for c in self._left if _belongs(c.question, question)]
        if required and not taken:
            raise RecordError(
                f"theory.json: no claim answers question {question}; run `make theory`"
            )
        self._left = [c for c in self._left if c not in taken]
        return taken

    def experiments(self, question: str, required: bool = False) -> list[Experiment]:
        """The experiments of a question and its parts that no earlier section took.

        Raises: RecordError if `required` and the record has none.
        """
        taken = [e for e in self._untold if _belongs(e.question, question)]
        if required and not taken:
            raise RecordError(
                f"simulate.json: no experiment belongs to question {question}; run `make simulate`"
            )
        self._untold = [e for e in self._untold if e not in taken]
        return taken

    @property
    def keys(self) -> frozenset[str]:
        """The keys of all claims: what a link can lead to."""
        return frozenset(c.key for c in self.all_claims)

    @property
    def verdicts(self) -> list[tuple[str, int]]:
        return sorted(Counter(c.verdict for c in self.all_claims).items())

    @property
    def outcomes(self) -> list[tuple[str, int]]:
        return sorted(Counter(e.verdict for e in self.all_experiments).items())

    @property
    def trials(self) -> int:
        return sum(e.n for e in self.all_experiments)


def _belongs(part: str, question: str) -> bool:
    return question == "" or part == question or part.startswith(question + ".")


def render(shelf: Shelf, figures: dict[str, Figure], medium: Medium) -> Document:
    """Render the report for one medium.

    Raises: InputError for a placeholder without a record, a formula that does not render, a
    reference to nothing, or a record that a section needs and that is not there.
    """
    typesetter = Typesetter(medium)
    numbering = Numbering()
    environment = _environment(typesetter, numbering, medium)
    try:
        template = environment.get_template("page.html")
        html = ""
        for final in (False, True):
            numbering.begin(final)
            html = template.render(_context(shelf, figures, medium))
    except jinja2.UndefinedError as problem:
        raise InputError(f"templates: {problem.message}") from None
    except jinja2.TemplateError as problem:
        raise InputError(f"templates: {type(problem).__name__}: {problem.message}") from None
    assets = typesetter.assets | {f"{f.key}.svg": f.svg for f in figures.values()}
    return Document(html, assets)


def _environment(
    typesetter: Typesetter, numbering: Numbering, medium: Medium
) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=Missing,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[Mathematics],
    )
    environment.filters |= FILTERS
    environment.filters["prose"] = typesetter.prose
    environment.filters["in_words"] = in_words
    environment.filters["model_name"] = evidence.model_name
    environment.globals |= {
        "source_of": _linked if medium == "pdf" else _embedded,
        "formula": typesetter.inline,
        "equation": typesetter.display,
        "glyph_set": typesetter.glyph_set,
        "number_of": numbering.number,
        "see": numbering.reference,
        "label": evidence.label,
        "origin": study_tables.origin,
        "stages_of": study_tables.stages,
        "consecutive": study_tables.consecutive,
        "style": lambda name: Markup((TEMPLATES / "style" / name).read_text(encoding="utf-8")),
    }
    return environment


def _context(shelf: Shelf, figures: dict[str, Figure], medium: Medium) -> dict[str, Any]:
    scalings = scaling.weigh(shelf.studies.scalings)
    return {
        "medium": medium,
        "shelf": shelf,
        "figures": figures,
        "claims": Claims(shelf.theory.record.claims, shelf.simulate.record.experiments),
        "evidence": evidence.weigh(shelf),
        "studied": study_tables.weigh(shelf.studies),
        "scalings": scalings,
        "factors": factorisation.sides(scalings),
        "linear_up_to": scaling.LINEAR,
        "packages": public_packages.weigh(shelf.studies.packages),
        "spectra": spectra.weigh(shelf.spectrum.record) if shelf.spectrum else None,
        "variants_studied": variant_tables.of_study(shelf.studies["variants"]),
        "best_variants": variant_tables.with_best(shelf.studies),
        "variants_here": variant_tables.made_here(shelf),
        "spreads": evidence.reference_spreads(shelf),
        "recipes": evidence.recipes(shelf),
        "versions": evidence.versions(shelf),
    }


def _linked(figure: Figure) -> str:
    return f"asset:{figure.key}.svg"


def _embedded(figure: Figure) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(figure.svg).decode()
