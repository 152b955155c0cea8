from datetime import timedelta

import isodate
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbtutorial.admin.durations import FOR_EVER_TEXT, format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("PT1M", timedelta(minutes=1)),
        ("PT13S", timedelta(seconds=13)),
        ("P7D", timedelta(days=7)),
        ("P1DT2H3M4.5S", timedelta(days=1, hours=2, minutes=3, seconds=4, milliseconds=500)),
        ("PT0.000001S", timedelta(microseconds=1)),
        ("PT0S", timedelta(0)),
        ("-PT5S", timedelta(seconds=-5)),
    ],
)
def test_iso_8601_goes_both_ways(text, duration):
    assert parse_duration(text) == duration
    assert format_duration(duration) == text


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("P0D", timedelta(0)),
        ("PT300S", timedelta(minutes=5)),
        ("P1Y2M3W", timedelta(days=365 + 60 + 21)),
        ("PT1.23456789S", timedelta(seconds=1, microseconds=234567)),
        ("0:01:00", timedelta(minutes=1)),
        ("3 days, 0:00:05.25", timedelta(days=3, seconds=5, milliseconds=250)),
        ("1 day, 0:00:00", timedelta(days=1)),
    ],
)
def test_other_spellings_are_understood(text, duration):
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "text",
    [
        "P10675199DT2H48M5.4775807S",
        "P10675199DT2H48M5.477539S",
        "P10675199DT2H48M5.477581S",
        "P999999999DT23H59M59.999999S",
        "P99999999999999999999D",
        str(timedelta.max),
        "P3000000Y",
    ],
)
def test_what_is_as_long_as_dotnets_longest_is_for_ever(text):
    assert parse_duration(text) == timedelta.max


def test_for_ever_is_written_as_dotnets_longest():
    assert format_duration(timedelta.max) == FOR_EVER_TEXT
    assert format_duration(isodate.parse_duration(FOR_EVER_TEXT)) == FOR_EVER_TEXT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "PT",
        "P1DT",
        "1M",
        "PT1",
        "PT1.S",
        "PTM",
        "pt1m",
        "P1H",
        "P-1D",
        "PT1M\n",
        "P१D",
        "x",
        f"P{'9' * 200}D",
        "0:1:00",
        "1:00",
    ],
)
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)


@given(st.timedeltas(min_value=timedelta(days=-10_000_000), max_value=timedelta(days=10_000_000)))
def test_every_duration_survives_the_way_to_xml_and_back_and_the_sdk_reads_it(duration):
    text = format_duration(duration)
    assert parse_duration(text) == duration
    assert isodate.parse_duration(text) == duration
