"""Durations as the administration API writes them: ISO 8601, with .NET's longest for "for ever".

Source: XML Schema part 2, `duration`; .NET `XmlConvert.ToTimeSpan`, which counts a year as 365
days and a month as 30; `TimeSpan.MaxValue`.
"""

import re
from datetime import timedelta

FOR_EVER_TEXT = "P10675199DT2H48M5.4775807S"
# Clients lose the fraction of a second on the way: from this many days on, it is for ever.
_FOR_EVER = timedelta(days=10_675_199)
_MAX_CHARS = 100

_ISO_8601 = re.compile(
    r"(?P<sign>-?)P(?=.)(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?"
    r"(?:(?P<days>\d+)D)?"
    r"(?:T(?=.)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?"
    r"(?:(?P<seconds>\d+)(?:\.(?P<fraction>\d+))?S)?)?",
    re.ASCII,
)
_CLOCK = re.compile(  # str(timedelta), with or without days
    r"(?P<sign>-?)(?:(?P<days>\d+) days?, )?(?P<hours>\d+):(?P<minutes>\d\d):(?P<seconds>\d\d)"
    r"(?:\.(?P<fraction>\d+))?",
    re.ASCII,
)
_DAYS = {"years": 365, "months": 30, "weeks": 7, "days": 1}
_SECONDS = {"hours": 3600, "minutes": 60, "seconds": 1}


def parse_duration(text: str) -> timedelta:
    """Read `PT1M`, `P1DT2H` or Python's `0:01:00`; what is too long to hold is `timedelta.max`.

    Raises:
        ValueError: The text is no duration.
    """
    match = _ISO_8601.fullmatch(text) or _CLOCK.fullmatch(text)
    if match is None or len(text) > _MAX_CHARS:
        raise ValueError("not a duration")
    groups = match.groupdict()
    days = sum(int(groups.get(unit) or 0) * length for unit, length in _DAYS.items())
    seconds = sum(int(groups[unit] or 0) * length for unit, length in _SECONDS.items())
    microseconds = int((groups["fraction"] or "0")[:6].ljust(6, "0"))
    try:
        duration = timedelta(days=days, seconds=seconds, microseconds=microseconds)
    except OverflowError:
        duration = timedelta.max
    if groups["sign"]:
        return -duration if duration < _FOR_EVER else timedelta.min
    return duration if duration < _FOR_EVER else timedelta.max


def format_duration(duration: timedelta) -> str:
    """Write a duration as Azure does: `PT1M`, `P7D`, `PT0S`, and .NET's longest for ever."""
    if duration >= _FOR_EVER:
        return FOR_EVER_TEXT
    if duration < timedelta(0):
        return "-" + format_duration(-max(duration, -_FOR_EVER))
    minutes, seconds = divmod(duration.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{duration.microseconds:06}".rstrip("0") if duration.microseconds else ""
    date = f"{duration.days}D" if duration.days else ""
    time = (
        (f"{hours}H" if hours else "")
        + (f"{minutes}M" if minutes else "")
        + (f"{seconds}{fraction}S" if seconds or fraction else "")
    )
    if not date and not time:
        return "PT0S"
    return f"P{date}" + (f"T{time}" if time else "")
