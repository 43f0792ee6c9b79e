"""SVG elements as escaped markup, and the words around a plot."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape


def number(value: float) -> str:
    """A coordinate to a tenth of a unit."""
    return f"{value:.1f}".removesuffix(".0")


def element(name: str, content: str | Markup = "", /, **attributes: str | float | None) -> Markup:
    """`<name a="1">content</name>`, all escaped. `class_` is class, `stroke_width` stroke-width; None is left out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{number(value) if isinstance(value, int | float) else escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{written}>{escape(content)}</{name}>" if content else f"<{name}{written}/>")


def group(parts: Iterable[Markup], **attributes: str | float | None) -> Markup:
    """Elements in a `<g>`."""
    return element("g", Markup("").join(parts), **attributes)


def mark(shape: str, title: str, **attributes: str | float | None) -> Markup:
    """A value of a plot: a shape that tells its value."""
    classes = f"mark {attributes.pop('class_', '') or ''}".strip()
    return element(shape, element("title", title), class_=classes, **attributes)


def text(x: float | str, y: float, words: object, **attributes: str | float | None) -> Markup:
    """Words at a place."""
    return element("text", str(words), x=x, y=y, **attributes)


def drawing(parts: Iterable[Markup], width: float, height: float, name: str) -> Markup:
    """The plot: an image with a name, as wide as its frame allows."""
    box = f"0 0 {number(width)} {number(height)}"
    return element("svg", Markup("").join(parts), viewBox=box, width=width, height=height, role="img", aria_label=name)


def fluid(parts: Iterable[Markup], height: float, name: str) -> Markup:
    """A plot of parts that are placed in per cent: as wide as its frame."""
    return element(
        "svg", Markup("").join(parts), class_="fluid", width="100%", height=height, role="img", aria_label=name
    )


CHARACTER = 7.4
"""The width of a character of a row's name in wide fonts, in CSS pixels."""


def row_label(x: float, y: float, words: str, most: int) -> Markup:
    """The name of a row, ending at x: on two lines where one of `most` characters is too short."""
    first, second = broken(words, most)
    if not second:
        shown = text(x, y, first, class_="end")
    else:
        shown = group([text(x, y - 6, first, class_="end"), text(x, y + 7, second, class_="end")])
    return shown if f"{first} {second}".strip() == words else group([element("title", words), shown])


def broken(words: str, most: int) -> tuple[str, str]:
    """Words on one line or two of at most so many characters, broken at a space; what does not fit is left out."""
    if len(words) <= most:
        return words, ""
    at = words.rfind(" ", 0, most + 1)
    if at < 0:
        return shortened(words, most), ""
    rest = words[at + 1 :]
    # The end tells neighbouring rows apart: a dtype, a side.
    return words[:at], rest if len(rest) <= most else f"…{rest[len(rest) - most + 1 :]}"


def characters(names: Iterable[str]) -> int:
    """How many characters of a line the names of a plot's rows need, of two lines each."""
    return min(29, max(16, *(len(name) // 2 + 3 for name in names), 0))


def shortened(words: str, most: int) -> str:
    """Words that fit a label."""
    return words if len(words) <= most else words[: most - 1] + "…"
