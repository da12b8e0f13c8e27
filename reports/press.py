"""The press: HTML becomes a tagged PDF, and any complaint of WeasyPrint stops it.

Nothing is read from disk or network while printing: images, fonts and figures are handed over in
memory under `asset:` names. Fonts come from matplotlib's package, so a page looks the same, and has
the same bytes, whatever fonts the machine has.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import matplotlib
from weasyprint import HTML
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from reports.terminal import InputError

FONTS = (
    "STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "STIXGeneralBolIta", "DejaVuSans",
    "DejaVuSans-Bold", "DejaVuSansMono", "DejaVuSansMono-Bold", "LastResortHE-Regular",
)  # fmt: skip
_TYPES = {"svg": "image/svg+xml", "ttf": "font/ttf"}


class PrintingError(InputError):
    """WeasyPrint warned: something would be missing from the page or be drawn wrongly."""


@dataclass(frozen=True)
class Printed:
    """A PDF and its number of pages."""

    pdf: bytes
    pages: int


class AssetFetcher(URLFetcher):
    """Hands out assets by name and embedded `data:`; refuses files, network, everything else."""

    def __init__(self, assets: Mapping[str, bytes]) -> None:
        super().__init__(
            allowed_protocols=("asset", "data"), allow_redirects=False, fail_on_errors=True
        )
        self._assets = assets

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        """The asset of that name.

        Raises: ValueError for an unknown asset or a protocol other than asset: and data:.
        """
        if not url.startswith("asset:"):
            return super().fetch(url, headers)
        name = url.removeprefix("asset:")
        if name not in self._assets:
            raise ValueError(f"no asset is called {name!r}")
        content_type = _TYPES[name.rsplit(".", 1)[-1]]
        return URLFetcherResponse(url, self._assets[name], {"Content-Type": content_type})


class _Complaints(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@cache
def fonts() -> dict[str, bytes]:
    """The embedded fonts, by the names that the style sheet uses."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return {f"{name}.ttf": (folder / f"{name}.ttf").read_bytes() for name in FONTS}


def print_pdf(html: str, assets: Mapping[str, bytes]) -> Printed:
    """Print `html` as PDF/UA-1.

    Raises: PrintingError with WeasyPrint's first complaint if it makes any, or for something that
    would have to be fetched from outside.
    """
    complaints = _Complaints()
    logger = logging.getLogger("weasyprint")
    logger.addHandler(complaints)
    try:
        document = HTML(string=html, url_fetcher=AssetFetcher({**fonts(), **assets})).render()
        pdf = document.write_pdf(pdf_variant="pdf/ua-1", pdf_tags=True)
    except FatalURLFetchingError as problem:
        raise PrintingError(f"WeasyPrint: {problem}: {problem.__cause__}") from None
    finally:
        logger.removeHandler(complaints)
    if complaints.messages:
        more = f" (and {len(complaints.messages) - 1} more)" if len(complaints.messages) > 1 else ""
        raise PrintingError(f"WeasyPrint: {complaints.messages[0]}{more}")
    return Printed(pdf, len(document.pages))
