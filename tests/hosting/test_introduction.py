"""What is said of a broker that is open to the network, in words and by name."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sbtutorial.hosting.introduction import Introduction, Opening, introduce
from sbtutorial.hosting.log_format import LogFormat
from sbtutorial.hosting.runtime_files import BrokerRecord
from sbtutorial.server.certificates import Certificates

FOLDER = Path("certificates")
OWN = Certificates(FOLDER, FOLDER / "ca.pem", FOLDER / "server.pem")
NAMED = Certificates(FOLDER, FOLDER / "named.pem", FOLDER / "server.pem", ("bus", "10.0.0.7"))
RECORD = BrokerRecord("local", 7, 5671, "Root", "secret", 0.0, "1", "Standard")
ABOUT = Introduction(RECORD, (5671, 443), None, OWN, {"SSL_CERT_FILE": "a b"})
OPEN = replace(ABOUT, opening=Opening("0.0.0.0", NAMED, takes_plain=False))
PLAIN = replace(OPEN, opening=Opening("0.0.0.0", NAMED, takes_plain=True))
KNOWN = RECORD._replace(key="SAS_KEY_VALUE", port=5672)


@pytest.fixture
def text(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> str:
    introduce(LogFormat.TEXT, request.param)
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("text", [ABOUT], indirect=True)
def test_on_loopback_nothing_is_said_of_the_network(text: str) -> None:
    assert "network" not in text
    assert "everybody knows" not in text
    assert text.endswith('Ready: namespace "local", ports 5671 and 443.')


@pytest.mark.parametrize("text", [OPEN], indirect=True)
def test_it_is_said_what_being_open_means(text: str) -> None:
    assert "open to the network, on 0.0.0.0" in text
    assert "and must speak TLS" in text
    assert "never on the Internet" in text
    own = text[text.index("It is open") :]
    assert "Endpoint=sb://bus:5671;SharedAccessKeyName=Root;SharedAccessKey=secret; " in own
    assert "UseDevelopmentEmulator" not in own
    assert str(NAMED.ca_pem) in own
    assert "for bus, 10.0.0.7" in own
    assert "--also 5671" not in own


@pytest.mark.parametrize("text", [PLAIN], indirect=True)
def test_it_is_said_what_doing_without_tls_means(text: str) -> None:
    assert "must speak TLS" not in text
    assert "whoever is on the way reads every message" in text
    assert "Endpoint=sb://bus:5671;SharedAccessKeyName=Root;SharedAccessKey=secret;Use" in text


@pytest.mark.parametrize("text", [replace(PLAIN, record=KNOWN, ports=(5672,))], indirect=True)
def test_it_is_said_that_everybody_knows_the_key_of_microsofts_emulator(text: str) -> None:
    assert "Everybody knows its key, so they get in" in text
    assert (
        "Endpoint=sb://localhost;SharedAccessKeyName=RootManageSharedAccessKey;"
        "SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;" in text
    )
    assert "localhost:5300" not in text


def test_programs_are_told_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    introduce(LogFormat.JSON, OPEN)
    said = json.loads(capsys.readouterr().out)
    assert said["message"] == "ready"
    assert said["ports"] == [5671, 443]
    assert said["open_to_network"]["names"] == ["bus", "10.0.0.7"]
    assert "UseDevelopmentEmulator" not in said["open_to_network"]["connection_string"]
