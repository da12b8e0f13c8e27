"""Numbers of figures and tables, and references to them from anywhere in the text.

A reference may stand before what it refers to, so the text is rendered twice: the first pass
numbers, the second refers. A reference to nothing fails the build.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from markupsafe import Markup

from reports.terminal import InputError


@dataclass
class Numbering:
    """Counts figures and tables in order of appearance; one instance serves both passes."""

    known: dict[tuple[str, str], int] = field(default_factory=dict)
    final: bool = False
    _seen: list[tuple[str, str]] = field(default_factory=list)

    def begin(self, final: bool) -> None:
        """Begin a pass; in the final one every reference must be known."""
        self.final, self._seen = final, []

    def number(self, kind: str, key: str) -> int:
        """The number of the figure or table that stands here.

        Raises: InputError if the key stands in two places.
        """
        if (kind, key) in self._seen:
            raise InputError(f"templates: two {kind}s are called {key!r}")
        self._seen.append((kind, key))
        self.known[kind, key] = sum(seen == kind for seen, _ in self._seen)
        return self.known[kind, key]

    def reference(self, kind: str, key: str) -> Markup:
        """A link such as 'Figure 3'.

        Raises: InputError in the final pass if nothing of that name stands anywhere.
        """
        if self.final and (kind, key) not in self.known:
            raise InputError(f"templates: a reference to the {kind} {key!r}, which does not exist")
        link = Markup('<a href="#{}-{}">{}&nbsp;{}</a>')
        return link.format(kind, key, kind.capitalize(), self.known.get((kind, key), 0))
