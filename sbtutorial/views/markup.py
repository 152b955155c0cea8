"""Plain HTML that is safe by its making: what is text is escaped, what is markup says so.

JupyterLab drops much of a style in a notebook that was not run in this browser, and on the web all
of it may be gone. So this is for headings, lists and tables that read well bare; what is given as
style is of the kind that stays: flex, margins, borders.
"""

import re
from collections.abc import Iterable, Sequence
from html import escape
from itertools import repeat
from typing import NamedTuple

_VOID = {"br", "hr", "img", "wbr"}
_LONG_WORD_CHARS = 24
# Where a long word of machines may be broken for want of room: MaxDelivery|Count|Exceeded.
_JOINTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[/_.:,;=&-])(?=\w)")
_CODE = re.compile(r"`([^`\n]+)`")
_INDENT = re.compile(r"^ +")
_TAGS = ("strong", *repeat("span", 9))
_VIEW = "padding: 3px 7px"
_CHAR_EM = 0.56  # the width of a character, on average
_ITEM = "display: flex; flex-wrap: wrap; padding: 1px 0"
_CELL = "min-width: 0; padding-right: 8px; overflow-wrap: break-word"
_ROW = "display: flex; padding: 2px 0"
_NAME = "padding-right: 8px; text-align: left; font-weight: bold"
_NAME_EM, _LONG_NAME_EM = 5.5, 14.0  # the least and the most width of a list's names
_BOLD_EM = 0.62  # the width of a bold character, on average
_SIDE = "flex: 1 1 24em; min-width: 0; display: flex; padding: 2px 16px 2px 0"
_TEXT = "flex: 1 1 auto; min-width: 0; margin: 0; overflow-wrap: break-word"


class Markup(NamedTuple):
    """HTML that is complete and safe."""

    text: str


def element(tag: str, *content: "Markup | str", **attributes: str) -> Markup:
    """An element; text within it is escaped, and has places to be broken where it must be.

    Args:
        tag: Its name.
        content: What is in it, in order.
        attributes: Its attributes, with `_` for `-`, and without one at the end (`class_`).
    """
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for name, value in attributes.items()
    )
    if tag in _VOID:
        return Markup(f"<{tag}{written}>")
    inner = "".join(part.text if isinstance(part, Markup) else _text(part) for part in content)
    return Markup(f"<{tag}{written}>{inner}</{tag}>")


def twin(title: str, *parts: Markup) -> Markup:
    """A whole view as HTML, with its title; set in as the text of other outputs is."""
    head = [element("p", element("strong", title), style="margin: 0")] if title else []
    return element("div", *head, *parts, style=_VIEW)


def lines(text: str) -> Markup:
    """A text of several lines, with how far each is set in."""
    set_in = (_INDENT.sub(_hard_spaces, line) for line in text.split("\n"))
    return Markup("<br>".join(_text(line) for line in set_in))


def prose(text: str) -> Markup:
    """Words for people, as `lines`; what stands between backticks is code."""
    parts = _CODE.split(text)
    return Markup(
        "".join(
            element("code", part).text if at % 2 else lines(part).text
            for at, part in enumerate(parts)
        )
    )


def described(rows: Iterable[tuple[str, Markup | str]]) -> Markup:
    """A list of names and what is to say of each, beside it: one below the other when bare."""
    rows = list(rows)
    style = _name_style(name for name, _ in rows)
    pairs = (
        (element("dt", name, style=style), element("dd", text, style=_TEXT)) for name, text in rows
    )
    return element("dl", *(element("div", *pair, style=_ROW) for pair in pairs), style="margin: 0")


def beside(parts: Iterable[tuple[str, Markup | str]]) -> Markup:
    """Texts with their names, to be compared: side by side where there is room."""
    parts = list(parts)
    style = _name_style(name for name, _ in parts)
    columns = (
        element(
            "div", element("dt", name, style=style), element("dd", text, style=_TEXT), style=_SIDE
        )
        for name, text in parts
    )
    return element("dl", *columns, style="display: flex; flex-wrap: wrap; margin: 0")


def columns(rows: Sequence[Sequence[str]]) -> Markup:
    """A list whose items are rows: their cells stand below one another, where there is room.

    Args:
        rows: Each of as many cells; the first says what it is, the last takes what room is left.
    """
    widths = [_CHAR_EM * max(map(len, cells)) + 1 for cells in zip(*rows, strict=True)]
    styles = [f"flex: 0 0 {width:.1f}em; {_CELL}" for width in widths[:-1]]
    styles.append(f"flex: 1 1 {min(widths[-1:], default=0) / 2:.1f}em; {_CELL}")
    items = (element("li", *map(_cell, row, styles, _TAGS), style=_ITEM) for row in rows)
    return element("ol", *items, style="margin: 0; padding: 0")


def _name_style(names: Iterable[str]) -> str:
    """As wide as the longest of them needs, and alike for those of most lists."""
    width = _BOLD_EM * max(map(len, names), default=0) + 0.6
    return f"flex: 0 0 {min(max(width, _NAME_EM), _LONG_NAME_EM):.1f}em; {_NAME}"


def _cell(text: str, style: str, tag: str) -> Markup:
    """A cell, with a space behind it for where styles are gone."""
    return Markup(f"{element(tag, text, style=style).text} ")


def _hard_spaces(found: re.Match[str]) -> str:
    return "\u00a0" * len(found[0])


def _text(text: str) -> str:
    """Text of one element; a word that is longer than a line of a small window can be broken."""
    return re.sub(r"\S+", lambda word: _word(word[0]), text)


def _word(word: str) -> str:
    if len(word) < _LONG_WORD_CHARS:
        return escape(word)
    parts = [
        part[at : at + _LONG_WORD_CHARS]
        for part in _JOINTS.split(word)
        for at in range(0, len(part), _LONG_WORD_CHARS)
    ]
    return "<wbr>".join(escape(part) for part in parts)
