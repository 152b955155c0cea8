"""HTML twins: read as a reader without styles has them, and safe whatever a client has sent."""

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbtutorial.exercises.verdict import Verdict
from sbtutorial.snapshot import (
    DEAD,
    LOCKED,
    MOST_TEXT_CHARS,
    READY,
    MessageSnapshot,
    QueueSnapshot,
    SessionSnapshot,
)
from sbtutorial.text import text_of as text_of_value
from sbtutorial.trace import Event
from sbtutorial.views.event_table import EventTable
from sbtutorial.views.markup import Markup, columns, described, element, lines, prose
from sbtutorial.views.queue_html import write
from sbtutorial.views.queue_picture import Picture
from tests.views.test_queue_text import queue

ITEM = re.compile("<li[^>]*>(.*?)</li>", re.S)


class Reader(HTMLParser):
    """Collects tags and text, and sees to it that what is opened is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        if tag not in ("br", "wbr", "img"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def text_of(html: str) -> str:
    return " ".join(unescape(re.sub("<[^>]+>", "", html)).split())


def items(html: str) -> list[str]:
    return [text_of(item) for item in ITEM.findall(html)]


def html_of(*messages: MessageSnapshot, **counts: int) -> str:
    return Picture(queue(*messages, **counts))._repr_html_()


# --- the builder ----------------------------------------------------------------------------------


@given(st.text())
def test_text_is_text_whatever_is_in_it(text: str) -> None:
    read = Reader(element("p", text, title=text).text)
    assert set(read.tags) <= {"p", "wbr"}
    assert read.text == text.replace("\r\n", "\n").replace("\r", "\n") or "\r" in text


def test_attributes_cannot_be_left() -> None:
    assert Reader(element("p", title='"><img src=x>').text).tags == ["p"]


def test_markup_in_markup_is_kept() -> None:
    assert element("p", element("b", "a<b"), " & ").text == "<p><b>a&lt;b</b> &amp; </p>"


def test_a_long_word_can_be_broken_between_its_parts_and_stays_whole() -> None:
    html = element("p", "MaxDeliveryCountExceeded").text
    assert html == "<p>Max<wbr>Delivery<wbr>Count<wbr>Exceeded</p>"
    assert Reader(element("p", "x" * 100).text).text == "x" * 100


def test_lines_keep_how_far_they_are_set_in() -> None:
    assert lines("if x:\n    <b>").text == "if x:<br>\u00a0\u00a0\u00a0\u00a0&lt;b&gt;"


def test_a_description_is_a_list_of_names_and_texts() -> None:
    read = Reader(described([("seen", "a"), ("hint", element("b", "c"))]).text)
    assert [tag for tag in read.tags if tag != "div"] == ["dl", "dt", "dd", "dt", "dd", "b"]


def test_columns_of_nothing_are_an_empty_list() -> None:
    assert Reader(columns([]).text).tags == ["ol"]


def test_styles_are_of_the_kind_that_jupyterlab_keeps() -> None:
    html = columns([("a", "b", "c")]).text + described([("a", "b")]).text + html_of()
    for style in re.findall('style="([^"]*)"', html):
        assert "var(" not in style
        assert "background" not in style


# --- a queue --------------------------------------------------------------------------------------


def test_a_queue_is_a_list_of_its_states_and_their_messages() -> None:
    locked = MessageSnapshot(
        2, LOCKED, "tea", locked_by="cashier", lock_seconds_left=29.7, delivery_count=1
    )
    html = html_of(MessageSnapshot(1, READY, "coffee"), locked)
    assert items(html) == [
        "1 coffee",
        "2 teaby cashier (gone), about 30 s left, delivery count 1",
    ]
    names = [text_of(name) for name in re.findall("<dt[^>]*>(.*?)</dt>", html)]
    assert names == ["ready", "locked", "dead"]
    assert text_of(html).endswith("dead–")


def test_a_body_is_never_cut() -> None:
    body = '{"order": 17,\n  "items": ["' + "cake " * 40 + '"]}'
    html = html_of(MessageSnapshot(1, READY, body))
    assert "<details>" in html
    assert text_of(body) in text_of(html.replace("<br>", " "))


def test_a_body_of_which_the_snapshot_has_not_all_says_so() -> None:
    words = "longer than 20,000 characters"
    long = "cake " * (MOST_TEXT_CHARS // 5)
    assert words not in html_of(MessageSnapshot(1, READY, long))
    assert words in html_of(MessageSnapshot(1, READY, text_of_value(long + "!", MOST_TEXT_CHARS)))


def test_messages_counted_but_not_shown_are_said() -> None:
    assert items(html_of(MessageSnapshot(1, READY, "coffee"), ready=500))[-1] == "… and 499 more"


@pytest.mark.parametrize("body", ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>"])
def test_a_hostile_body_is_text(body: str) -> None:
    dead = MessageSnapshot(2, DEAD, body * 9, dead_letter_reason=body, message_id=body)
    read = Reader(html_of(MessageSnapshot(1, READY, body), dead))
    assert not {"script", "img"} & set(read.tags)
    assert body in read.text


def test_a_body_that_is_no_text_for_people_is_left_out() -> None:
    assert items(html_of(MessageSnapshot(1, READY, "\x00\x01"), MessageSnapshot(2, READY))) == [
        "1",
        "2",
    ]


def test_sessions_are_lanes_and_whatever_they_keep_is_text() -> None:
    hostile = "<img src=x onerror=alert(1)>"
    session = SessionSnapshot(hostile, ready=1, state_text=hostile, locked_by=hostile)
    waiting = MessageSnapshot(1, READY, "soup", session_id=hostile)
    snapshot = queue(waiting)
    page = write(replace(snapshot, sessions=(session,))).text
    assert "<img" not in page
    assert items(page) == ["1 soup"]
    assert f"held by {hostile} (gone), keeps “{hostile}”" in text_of(page)


def test_html_of_the_same_queue_is_the_same() -> None:
    snapshot = queue(MessageSnapshot(1, READY, "coffee"))
    later = QueueSnapshot(snapshot.name, 99.0, snapshot.counts, snapshot.messages)
    assert Picture(snapshot)._repr_html_() == Picture(later)._repr_html_()


# --- events ---------------------------------------------------------------------------------------


def test_events_are_a_list_of_sentences() -> None:
    table = EventTable(
        [
            Event(1, 0.0, "queue_created", "orders"),
            Event(2, 1.0, "sent", "orders", 1, "order-17", 0, "shop"),
            Event(3, 2.0, "dead_lettered", "orders", 1, None, 1, "shop", "no <cups>"),
        ]
    )
    assert items(table._repr_html_()) == [
        "queue created",
        "sent message 1 id order-17, by shop, delivery count 0",
        "dead lettered message 1 by shop, delivery count 1, no <cups>",
    ]


def test_no_events_are_said() -> None:
    assert text_of(EventTable()._repr_html_()) == "no events"


# --- a verdict ------------------------------------------------------------------------------------


def test_a_verdict_says_all_that_its_text_says() -> None:
    verdict = Verdict(
        "send.batch", False, "ValueError:\n  <nothing> was sent", "one batch", "Look.", ("slow",)
    )
    read = Reader(verdict._repr_html_())
    assert "send.batch: not yet" in read.text
    for words in ("wanted", "one batch", "seen", "<nothing> was sent", "hint", "Look.", "note"):
        assert words in read.text
    assert "wanted" not in Verdict("send.batch", True, "one batch")._repr_html_()


def test_markup_is_not_made_of_text_by_chance() -> None:
    assert element("p", str(Markup("<b>"))).text.count("<b>") == 0


def test_of_words_what_stands_between_backticks_is_code_and_safe() -> None:
    html = prose("Begin with `for <b> in receiver:`, and\n  a ` alone.").text
    assert html.startswith("Begin with <code>for &lt;b&gt; in receiver:</code>, and<br>")
    assert html.endswith("a ` alone.")


def test_the_longest_name_of_a_list_has_room_in_one_line_unless_it_is_very_long() -> None:
    def width(*names: str) -> str:
        widths = re.findall(r"flex: 0 0 ([\d.]+)em", described((name, "") for name in names).text)
        assert len(widths) == len(names)
        assert len({*widths}) == 1
        return widths[0]

    assert width("ready", "dead") == "5.5"
    assert float(width("session Anna", "dead")) > 7
    assert width("session " + "x" * 99) == "14.0"
