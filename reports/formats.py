"""How numbers are written: one function a kind, all of them filters of the templates."""

from __future__ import annotations

from markupsafe import Markup

from reports.record import Count


def percent(share: float, digits: int = 1) -> str:
    """0.125 as 12.5 %, with a space that does not break."""
    return f"{100 * share:.{digits}f}\u00a0%"


def interval(bounds: tuple[float, float], digits: int = 1) -> str:
    """(0.02, 0.05) as 2.0–5.0 %."""
    return f"{100 * bounds[0]:.{digits}f}–{100 * bounds[1]:.{digits}f}\u00a0%"


def accuracy(count: Count) -> str:
    """A proportion with its interval: 3.5 % [2.0–5.0 %]."""
    return f"{percent(count.accuracy)} [{interval(count.interval)}]"


def whole(value: int) -> str:
    """1234567 as 1 234 567 with thin spaces."""
    return f"{value:,}".replace(",", "\u202f")


def counted(n: int, noun: str) -> str:
    """`1 thread`, `2 threads`."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def number(value: float | None, digits: int = 3) -> Markup:
    """A measured number to `digits` significant digits; very small or large as m × 10^e."""
    if value is None:
        return Markup("–")
    if value != 0 and not 1e-3 <= abs(value) < 1e6:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        power = f"10<sup>{int(exponent)}</sup>".replace("-", "−")
        factor = "" if mantissa in ("1", "-1") else f"{mantissa}\u202f×\u202f"
        sign = "−" if mantissa == "-1" else ""
        return Markup(sign + factor.replace("-", "−") + power)
    if value == int(value) or abs(value) >= 10**digits:
        return Markup(whole(round(value)).replace("-", "−"))
    return Markup(f"{value:.{digits}g}".replace("-", "−"))


def fixed(value: float, digits: int = 2) -> str:
    """A number with so many digits after the point, as beside others of its kind."""
    return f"{value:.{digits}f}".replace("-", "−")


def duration(seconds: float) -> str:
    """Seconds as a reader says them: 4.2 s, 3 min 20 s, 2 h 5 min."""
    if seconds < 60:
        return f"{seconds:.1f}\u00a0s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}\u00a0min {rest}\u00a0s"
    return f"{minutes // 60}\u00a0h {minutes % 60}\u00a0min"


def short(digest: str | None) -> str:
    """The first twelve digits of a hash or commit."""
    return digest[:12] if digest else "unknown"


def when(started: str) -> str:
    """An ISO time without its zone, which is always UTC."""
    return started[:16].replace("T", " ") + " UTC"


def brief(command: str, words: int = 4) -> str:
    """A command without its options: `python gpt/run.py evaluate vanilla …`."""
    found = command.split()
    first = next((i for i, word in enumerate(found) if word.startswith("--")), len(found))
    kept = found[: min(first, words)]
    return " ".join(kept) + (" …" if len(kept) < len(found) else "")


_SYMBOLS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "radial": "r",
    "size": "m", "eta": "η", "theta": "θ", "cosine": "ρ", "window": "h", "global_tokens": "g",
    "random_keys": "r", "half_length": "p", "degree": "d",
    "total": "‖x + y‖", "apart": "‖x − y‖", "draws": "m", "dimension": "d", "tau": "τ",
    "along_a": "x", "along_b": "y",
    "add_c": Markup("a<sub>c</sub>"), "add_d": Markup("a<sub>d</sub>"),
}  # fmt: skip


def symbol(name: str) -> str:
    """The symbol of a parameter, as the formulas write it."""
    return _SYMBOLS.get(name, name)


FILTERS = {
    "brief": brief, "percent": percent, "interval": interval, "accuracy": accuracy, "whole": whole,
    "number": number, "fixed": fixed, "duration": duration, "short": short, "symbol": symbol,
    "when": when,
}  # fmt: skip
