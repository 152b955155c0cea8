import json
import logging
import os
from pathlib import Path

import pytest

from sbtutorial.hosting.log_format import LogFormat, json_line, logging_as, say


def complain(format: LogFormat, *, is_verbose: bool = False) -> None:
    log = logging.getLogger("sbtutorial.server")
    with logging_as(format, is_verbose=is_verbose):
        log.info("%s is here.", "ü")
        try:
            raise ValueError("odd")
        except ValueError:
            log.exception("%s failed", "GET")
        logging.getLogger("somebody.else").info("unheard")
    log.info("unheard, too")


def test_as_json_each_record_is_one_line_with_all_that_is_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    complain(LogFormat.JSON, is_verbose=True)
    here, failed = map(json.loads, capsys.readouterr().err.splitlines())
    assert (here["level"], here["message"]) == ("info", "ü is here.")
    assert (failed["level"], failed["message"]) == ("error", "GET failed")
    assert failed["logger"] == "sbtutorial.server"
    assert failed["exception"].endswith("ValueError: odd")
    assert here["time"] <= failed["time"]


def test_as_text_a_record_has_its_time_and_what_was_raised(
    capsys: pytest.CaptureFixture[str],
) -> None:
    complain(LogFormat.TEXT)
    first, *_, last = capsys.readouterr().err.splitlines()
    assert first.split(" ", 1)[0].endswith("Z")
    assert first.split(" ", 1)[1] == "ERROR GET failed"
    assert last == "ValueError: odd"


def test_a_line_of_json_tells_its_instant_in_utc() -> None:
    line = json.loads(json_line("ready", {"port": 1}, at=1.5))
    assert line == {
        "time": "1970-01-01T00:00:01.500000Z",
        "level": "info",
        "message": "ready",
        "port": 1,
    }


def test_what_nobody_can_hear_is_said_to_nobody() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        say("hello", stream)
        say("again", stream)
        assert os.fstat(stream.fileno()).st_rdev == Path(os.devnull).stat().st_rdev
