"""What a broker in a terminal says of itself: for people, or for the programs that start it.

Its last line is the one to wait for. For people it begins with "Ready"; as JSON it is the object
whose `message` is "ready", and has everything by name.
"""

import os
import shlex
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sbtutorial.connection_string import connection_string
from sbtutorial.hosting.log_format import LogFormat, json_line, say
from sbtutorial.hosting.runtime_files import BrokerRecord
from sbtutorial.server.certificates import Certificates
from sbtutorial.server.port import AMQPS_PORT

# The key in the connection string of Microsoft's emulator, and its two ports.
EMULATOR_KEY = "SAS_KEY_VALUE"
EMULATOR_PORTS = (5672, 5300)


@dataclass(frozen=True)
class Opening:
    """What other computers can reach.

    Attributes:
        host: The address on which it listens.
        certificates: Those that they are shown, by the names that they know.
        takes_plain: Whether they may do without TLS.
    """

    host: str
    certificates: Certificates
    takes_plain: bool


@dataclass(frozen=True)
class Introduction:
    """Everything there is to say about a broker that answers.

    Attributes:
        record: As clients on this computer know it.
        ports: All of them, the one in the record first.
        kept_in: The file of what outlives it; None if nothing does.
        certificates: Those that clients on this computer are shown.
        variables: What their environment needs to accept them.
        opening: What other computers can reach; None if nothing.
    """

    record: BrokerRecord
    ports: Sequence[int]
    kept_in: Path | None
    certificates: Certificates
    variables: Mapping[str, str]
    opening: Opening | None = None

    @property
    def is_emulated(self) -> bool:
        """Whether the connection string of Microsoft's emulator opens it."""
        return self.record.key == EMULATOR_KEY

    @property
    def for_others(self) -> str:
        """The connection string for other computers, where they can reach it."""
        assert self.opening is not None
        name, record = self.opening.certificates.identities[0], self.record
        if self.opening.takes_plain:
            return connection_string(name, record.port, record.key_name, record.key)
        port = AMQPS_PORT if AMQPS_PORT in self.ports else record.port
        plain = connection_string(name, port, record.key_name, record.key)
        return plain.replace("UseDevelopmentEmulator=true;", "")


def introduce(format: LogFormat, about: Introduction) -> None:
    """Say that it answers, and how it is reached."""
    say(json_line("ready", _fields(about)) if format is LogFormat.JSON else _text(about))


# -- For programs ----------------------------------------------------------------------------


def _fields(about: Introduction) -> dict[str, object]:
    record = about.record
    fields: dict[str, object] = {
        "namespace": record.namespace,
        "tier": record.tier,
        "pid": record.pid,
        "ports": [*about.ports],
        "connection_string": record.connection_string,
        "certificate": str(about.certificates.ca_pem),
        "variables": dict(about.variables),
        "kept_in": str(about.kept_in) if about.kept_in else None,
    }
    if opening := about.opening:
        fields["open_to_network"] = {
            "host": opening.host,
            "names": [*opening.certificates.identities],
            "connection_string": about.for_others,
            "certificate": str(opening.certificates.ca_pem),
            "takes_plain": opening.takes_plain,
        }
    return fields


# -- For people ------------------------------------------------------------------------------


def _text(about: Introduction) -> str:
    record, where = about.record, _listed(about.ports)
    what = f"; what it holds stays in {about.kept_in}" if about.kept_in else " and what it holds"
    paragraphs = [
        f'Service Bus broker, namespace "{record.namespace}", {record.tier} tier, on {where}.\n'
        + _about_trust(about),
        f"Ctrl-C ends it{what}. Clients on this computer connect with:",
        record.connection_string,
    ]
    if about.is_emulated:
        paragraphs.append(_about_emulation(about))
    if about.opening:
        paragraphs += _about_opening(about, about.opening)
    paragraphs.append(f'Ready: namespace "{record.namespace}", {where}.')
    return "\n\n".join(map(_wrapped, paragraphs))


_fill = partial(textwrap.fill, width=100, break_long_words=False, break_on_hyphens=False)


def _wrapped(paragraph: str) -> str:
    """Prose in lines of a window's width; what is to be copied stands alone, and stays whole."""
    lines = paragraph.splitlines()
    return "\n".join(line if "=" in line.partition(" ")[0] else _fill(line) for line in lines)


def _about_trust(about: Introduction) -> str:
    quote = str if os.name == "nt" else shlex.quote
    settings = "\n".join(f"{name}={quote(value)}" for name, value in about.variables.items())
    return (
        "Administration speaks HTTPS only. Its certificate is signed by "
        f"{about.certificates.ca_pem}; programs trust it, beside all that they trust now, with "
        f"these variables:\n\n{settings}"
    )


def _about_emulation(about: Introduction) -> str:
    for_messages, for_administration = _of_emulator(""), _of_emulator(f":{EMULATOR_PORTS[1]}")
    said = (
        "Its key is the one of Microsoft's emulator, which everybody knows. The strings of that "
        "open it as they are:"
    )
    strings = [for_messages] * (EMULATOR_PORTS[0] in about.ports)
    strings += [for_administration] * (EMULATOR_PORTS[1] in about.ports)
    return "\n\n".join([said, *strings]) if strings else said.partition(" The strings")[0]


def _of_emulator(port: str) -> str:
    return (
        f"Endpoint=sb://localhost{port};SharedAccessKeyName=RootManageSharedAccessKey;"
        f"SharedAccessKey={EMULATOR_KEY};UseDevelopmentEmulator=true;"
    )


def _about_opening(about: Introduction, opening: Opening) -> list[str]:
    said = [_meaning(about, opening), about.for_others]
    ca_pem = opening.certificates.ca_pem
    names = ", ".join(opening.certificates.identities)
    if opening.takes_plain:
        said.append(
            f"Who does want TLS, as administration does, trusts {ca_pem}, which is for {names}."
        )
        return said
    said.append(
        "and trusts this file: copy it there, and name it in `connection_verify` of "
        "ServiceBusClient, or in the variables SSL_CERT_FILE and REQUESTS_CA_BUNDLE:"
    )
    said.append(f"{ca_pem}\n\nIts certificate is for {names}; --known-as adds names.")
    if AMQPS_PORT not in about.ports:
        said.append(
            f"Most clients look for TLS on port {AMQPS_PORT} whatever the string says: start it "
            f"with --port {AMQPS_PORT}, or --also {AMQPS_PORT}."
        )
    return said


def _meaning(about: Introduction, opening: Opening) -> str:
    text = (
        f"It is open to the network, on {opening.host}. That means: whoever can reach this "
        "computer can try to connect. "
    )
    if about.is_emulated:
        text += "Everybody knows its key, so they get in; that key opens everything. "
    elif opening.takes_plain:
        text += "They get nowhere without the key; but the key opens everything. "
    else:
        text += "They get nowhere without the key, and must speak TLS; but the key opens "
        text += "everything. "
    if opening.takes_plain:
        text += (
            "They may do without TLS (--allow-plain): whoever is on the way reads every message, "
            "and what a client signs with. "
        )
    text += (
        "Nothing here stands against somebody who floods it. Use it among people you trust, "
        "never on the Internet. On another computer, a client connects with"
    )
    return text


def _listed(ports: Sequence[int]) -> str:
    *others, last = map(str, ports)
    return f"ports {', '.join(others)} and {last}" if others else f"port {last}"
