"""Plots of events that a real broker has recorded, and of measurements."""

from collections import Counter
from collections.abc import Iterator

import matplotlib.pyplot as plt
import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage

from sbtutorial.errors import TutorialError
from sbtutorial.lab.lab import Lab
from sbtutorial.snapshot import MessageSnapshot, QueueSnapshot
from sbtutorial.views import plots
from sbtutorial.views.event_table import EventTable
from sbtutorial.views.plots.rows import Rows
from sbtutorial.views.queue_picture import Picture

plt.switch_backend("Agg")

ONE_BY_ONE, AS_A_LIST = 4, 16


@pytest.fixture(autouse=True)
def no_figure_stays_open() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def events(lab: Lab) -> EventTable:
    """Twenty messages, of which two consumers get half each; one of them is delivered twice."""
    lab.fresh_queue("orders")
    with ServiceBusClient.from_connection_string(lab.connection_string) as client:
        with client.get_queue_sender("orders") as sender:
            for number in range(ONE_BY_ONE):
                sender.send_messages(ServiceBusMessage(f"order {number}"))
            sender.send_messages([ServiceBusMessage("more") for _ in range(AS_A_LIST)])
        for name, count in (("cashier", 10), ("relief", 11)):
            with client.get_queue_receiver("orders", client_identifier=name) as receiver:
                got = []
                while len(got) < count:
                    got += receiver.receive_messages(count - len(got), max_wait_time=10)
                for message in got[1 if name == "cashier" else 0 :]:
                    receiver.complete_message(message)
                if name == "cashier":
                    receiver.abandon_message(got[0])
    return lab.events("orders")


# --- rows -----------------------------------------------------------------------------------------


@pytest.mark.sdk
def test_who_got_what_of_competing_consumers(events: EventTable) -> None:
    rows = plots.who_got_what(events)
    assert [(row.who, len(row.numbers)) for row in rows] == [("cashier", 10), ("relief", 11)]
    counts = Counter(number for row in rows for number in row.numbers)
    assert sorted(counts.values()) == [1] * 19 + [2]
    assert repr(rows).split("\n") == [
        "who      messages  numbers",
        "cashier  10        1–10",
        "relief   11        1, 11–20",
    ]


@pytest.mark.sdk
def test_delivery_counts(events: EventTable) -> None:
    rows = plots.delivery_counts(events)
    assert rows == [plots.Deliveries(1, 19), plots.Deliveries(2, 1)]
    assert repr(rows).split("\n") == [
        "deliveries  messages",
        "1           19",
        "2           1",
        "21 deliveries of 20 messages.",
    ]


@pytest.mark.sdk
def test_a_message_that_nobody_got_was_delivered_no_time(events: EventTable) -> None:
    sent = [event for event in events if event.what == "sent"]
    assert plots.delivery_counts(sent) == [plots.Deliveries(0, 20)]


@pytest.mark.sdk
@pytest.mark.parametrize("until", ["received", "completed"])
def test_latencies(events: EventTable, until: str) -> None:
    rows = plots.latencies(events, until)
    assert {row.sequence_number for row in rows} == {*range(1, 21)}
    at = {(event.what, event.sequence_number): event.at for event in reversed(events)}
    end = {"received": "locked", "completed": "completed"}[until]
    for row in rows:
        number = row.sequence_number
        assert row.seconds == pytest.approx(at[end, number] - at["sent", number])


@pytest.mark.sdk
def test_throughput_of_events(events: EventTable) -> None:
    sent = [event for event in events if event.what == "sent"]
    (row,) = plots.throughput_of({"one by one": sent[:ONE_BY_ONE]})
    seconds = sent[ONE_BY_ONE - 1].at - sent[0].at
    assert row == ("one by one", ONE_BY_ONE - 1, seconds)
    with pytest.raises(TutorialError, match="Of 'nothing' there are no two events 'sent'"):
        plots.throughput_of({"nothing": events[:1]})


def test_throughput_of_measurements() -> None:
    rows = plots.throughput([("one by one", 100, 2.0), ("list", 100, 0.125)])
    assert [row.per_second for row in rows] == [50, 800]
    assert repr(rows).split("\n") == [
        "how         messages  seconds  a second",
        "one by one  100       2        50",
        "list        100       0.12     800",
    ]


@pytest.mark.sdk
def test_of_what_is_measured_the_picture_says_only_what_another_run_says_too(
    events: EventTable,
) -> None:
    rows = plots.throughput([("one by one", 100, 2.0), ("list", 100, 0.125)])
    assert rows.description.startswith("Messages a second, a bar each: one by one, list.")
    shares = plots.who_got_what(events).description
    assert shares.startswith("Who got which messages, a row each: cashier, relief.")


def test_waits_are_a_part_of_the_time_or_all_of_it() -> None:
    rows = plots.waits([("three are there", 5, 0.3), ("none is there", 1, 1.02)])
    assert repr(rows).split("\n") == [
        "call             at most  waited",
        "three are there  5 s      a part of it",
        "none is there    1 s      all of it",
    ]
    with pytest.raises(TutorialError, match="A wait is which call"):
        plots.waits([("none is there", 1)])


def test_a_stopwatch_measures_what_is_done_and_not_what_fails() -> None:
    watch = plots.Stopwatch()
    with watch("list", 3):
        sum(range(1000))
    with pytest.raises(ZeroDivisionError), watch("batch", 3):
        1 / 0  # noqa: B018
    (row,) = watch.rows
    assert (row.how, row.messages) == ("list", 3)
    assert row.seconds > 0


@pytest.mark.parametrize("measured", [("list", 3), ("list", 3, 0), ("list", "3", 1.0), 7])
def test_what_is_no_measurement_is_refused_in_a_sentence(measured: object) -> None:
    with pytest.raises(TutorialError, match="A measurement is how, how many messages"):
        plots.throughput([measured])


@pytest.mark.parametrize(
    "make",
    [plots.who_got_what, plots.delivery_counts, plots.latencies],
    ids=lambda make: make.__name__,
)
def test_what_is_no_event_is_refused_in_a_sentence(make) -> None:
    with pytest.raises(TutorialError, match=r'as in lab[.]events\("orders"\)'):
        make("orders")


def test_latency_until_anything_else_is_refused() -> None:
    with pytest.raises(TutorialError, match="'sent' is neither"):
        plots.latencies([], until="sent")


# --- pictures -------------------------------------------------------------------------------------


def words(axes) -> list[str]:
    return [text.get_text().strip() for text in axes.texts]


def test_throughput_has_a_bar_and_a_number_each() -> None:
    axes = plots.throughput([("one by one", 100, 2.0), ("list", 100, 0.125)]).plot()
    assert [bar.get_width() for bar in axes.patches] == [50, 800]
    assert words(axes) == ["50", "800"]
    assert [name.get_text() for name in axes.get_yticklabels()] == ["one by one", "list"]
    assert len({bar.get_hatch() for bar in axes.patches}) == 2


def test_a_wait_has_a_bar_within_the_time_that_it_had() -> None:
    axes = plots.waits([("three are there", 5, 0.3), ("none is there", 1, 1.02)]).plot()
    assert [bar.get_width() for bar in axes.patches] == [5, 0.3, 1, 1.02]
    assert words(axes) == ["at most 5 s", "at most 1 s"]
    assert axes.get_yticklabels()[0].get_text() == "three are there"


def test_prefetch_counts_stand_in_order() -> None:
    rows = [plots.Throughput(100, 500, 1.0), plots.Throughput(0, 500, 5.0)]
    axes = plots.draw_by_prefetch(rows)
    assert [name.get_text() for name in axes.get_xticklabels()] == ["0", "100"]
    assert list(axes.lines[0].get_ydata()) == [100, 500]


def test_latencies_rise_to_all_of_them_and_the_middle_is_marked() -> None:
    rows = [plots.Latency(number, "a", number / 10) for number in range(1, 11)]
    axes = plots.draw_latencies(rows)
    steps = axes.lines[0]
    assert (steps.get_xdata()[-1], steps.get_ydata()[-1]) == (1.0, 1.0)
    assert words(axes) == ["half: 600 ms", "95 of 100: 1 s"]


@pytest.mark.sdk
def test_shares_have_a_row_each_and_a_mark_a_message(events: EventTable) -> None:
    axes = plots.who_got_what(events).plot()
    assert [name.get_text() for name in axes.get_yticklabels()] == ["cashier (10)", "relief (11)"]
    assert [len(line.get_xdata()) for line in axes.lines] == [10, 11]
    assert len({line.get_marker() for line in axes.lines}) == 2


@pytest.mark.sdk
def test_delivery_counts_have_a_bar_each(events: EventTable) -> None:
    axes = plots.delivery_counts(events).plot()
    assert [bar.get_height() for bar in axes.patches] == [19, 1]


def all_rows(events: EventTable) -> list[Rows]:
    sent = [event for event in events if event.what == "sent"]
    return [
        plots.who_got_what(events),
        plots.delivery_counts(events),
        plots.latencies(events),
        plots.throughput_of({"one by one": sent}),
        plots.waits([("none is there", 1, 1.0)]),
    ]


@pytest.mark.sdk
def test_all_can_be_drawn_on_given_axes_and_say_what_they_show(events: EventTable) -> None:
    _, grid = plt.subplots(1, 5)
    figures = plt.get_fignums()  # others' may be among them
    for rows, given in zip(all_rows(events), grid, strict=True):
        assert rows.plot(ax=given) is given
        assert rows.description.startswith(given.get_title(loc="left"))
        assert "<table><caption>" in rows._repr_html_()
    assert plt.get_fignums() == figures


def test_nothing_can_be_drawn_and_says_so() -> None:
    for rows in all_rows_of_nothing():
        assert repr(rows).endswith(": nothing to show")
        assert "nothing to show" in rows._repr_html_()
        assert ": ." not in rows.description
        rows.plot()


def all_rows_of_nothing() -> list[Rows]:
    makers = (
        *(plots.who_got_what, plots.delivery_counts, plots.latencies),
        *(plots.throughput, plots.waits),
    )
    return [make([]) for make in makers]


def test_of_very_many_rows_the_first_are_shown() -> None:
    rows = plots.throughput((number, 1, 1.0) for number in range(25))
    assert repr(rows).split("\n")[-1] == "… and 5 more"
    assert rows._repr_html_().count("<tr>") == 21


# --- pips -----------------------------------------------------------------------------------------


def pictured(*messages: MessageSnapshot, most: int = 5) -> Picture:
    counts = Counter(message.state for message in messages)
    return Picture(QueueSnapshot("orders", 0.0, counts, messages, max_delivery_count=most))


FAILING = MessageSnapshot(3, "ready", "two teas, please", delivery_count=2)
DEAD = MessageSnapshot(
    2, "dead", "juice", delivery_count=5, dead_letter_reason="MaxDeliveryCountExceeded"
)


def test_pips_fill_up_and_the_dead_come_last() -> None:
    rows = plots.tries(pictured(DEAD, FAILING))
    assert repr(rows).split("\n") == [
        "message             failed deliveries  where it is",
        "3 two teas, please  ●●○○○  2 of 5      ready",
        "2 juice             ●●●●●  5 of 5      dead: MaxDeliveryCountExceeded",
    ]
    assert "2 of 5" in rows._repr_html_()


def test_too_many_pips_and_a_maximum_that_is_not_known_are_numbers() -> None:
    (many,) = plots.tries(pictured(FAILING, most=500))
    assert (many.pips, many.ratio) == ("", "2 of 500")
    (unknown,) = plots.tries(pictured(FAILING, most=0))
    assert (unknown.pips, unknown.ratio) == ("●●", "2")


def test_pips_are_drawn_and_say_what_they_show() -> None:
    rows = plots.tries(pictured(FAILING, DEAD))
    axes = rows.plot()
    texts = [text.get_text() for text in axes.texts]
    assert "2 of 5, ready" in texts
    assert "5 of 5, dead: MaxDeliveryCountExceeded" in texts
    assert "✗ dead" in texts
    assert sum(line.get_markerfacecolor() != "white" for line in axes.lines) == 2 + 5
    assert repr(axes.figure) == rows.description


def test_nothing_that_has_failed_is_said_and_drawn_too() -> None:
    rows = plots.tries(pictured())
    assert repr(rows) == "Failed deliveries: nothing to show"
    rows.plot()


def test_pips_are_of_a_picture() -> None:
    with pytest.raises(TutorialError, match=r"as in lab\.show"):
        plots.tries([])  # type: ignore[arg-type]


@pytest.mark.parametrize("draw", [name for name in plots.__all__ if name.startswith("draw_")])
def test_what_is_no_rows_is_not_drawn(draw: str) -> None:
    for value in ("orders", [{}], None):
        with pytest.raises(TutorialError, match=r"This draws rows, as lab[.]plots[.]\w+\("):
            getattr(plots, draw)(value)


def test_only_a_prefetch_count_stands_in_the_order_of_prefetch_counts() -> None:
    with pytest.raises(TutorialError, match="called by its prefetch count"):
        plots.draw_by_prefetch(plots.throughput([("list", 100, 0.25)]))
