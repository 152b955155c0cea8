"""Connection strings of Service Bus: made for the broker, and read with help for who pasted one.

    Endpoint=sb://127.0.0.1:5672;SharedAccessKeyName=NAME;SharedAccessKey=KEY;UseDevelopmentEmulator=true;

Source: Azure Service Bus, "Get the connection string"; the keys as `azure.servicebus` reads them.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

# Where the lessons look for another namespace than the offline broker's, the first one first: ours,
# the one that most samples and tools go by, and a host alone, for who signs in by Entra ID.
VARIABLE = "SBTUTORIAL_CONNECTION_STRING"
COMMON_VARIABLE = "SERVICEBUS_CONNECTION_STRING"
HOST_VARIABLE = "SERVICEBUS_FULLY_QUALIFIED_NAMESPACE"
VARIABLES = (VARIABLE, COMMON_VARIABLE, HOST_VARIABLE)
PREFIX_VARIABLE = "SBTUTORIAL_PREFIX"  # see `lab.names`
IDENTITY = "DefaultAzureCredential"  # what `Authentication` says
_WHERE = (
    "Copy it from the Azure portal: your namespace, Shared access policies, a policy, "
    "Primary Connection String. Or leave it out and use the broker on this computer."
)
# As shells set a variable: NAME=, export NAME=, set NAME=, $env:NAME =
_ASSIGNMENT = re.compile(
    r"^(?:export\s+|set\s+|\$env:)?\w+\s*=\s*(?=\W?endpoint\s*=)", re.IGNORECASE
)
_HOST = re.compile(r"[\w.:%-]+")  # a name or an address; nothing that was pasted around it
_QUOTES = (('"', '"'), ("'", "'"), ("`", "`"), ("“", "”"), ("‘", "’"), ("„", "“"))


class ConnectionStringError(ValueError):
    """A connection string cannot be used; the text says which part is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class ConnectionString:
    """What a connection string says, with its secrets kept out of `repr`.

    Attributes:
        text: The string as the SDK takes it, without what was pasted around its parts.
        host: Name or address of the namespace; an IPv6 address without its brackets.
        port: Only brokers on one's own computer name one.
        key_name: Name of the policy; None in a string with a ready-made signature.
        key: The policy's key; None in a string with a ready-made signature.
        signature: A ready-made SAS token, in place of policy and key.
        entity_path: The one queue that the string is for; None when it is for the namespace.
        is_emulator: Whether AMQP goes without TLS, as on this computer.
        uses_identity: Whether there is no key in it, and `azure.identity` is to prove who asks.
    """

    text: str = field(repr=False)
    host: str
    port: int | None = None
    key_name: str | None = None
    key: str | None = field(default=None, repr=False)
    signature: str | None = field(default=None, repr=False)
    entity_path: str | None = None
    is_emulator: bool = False
    uses_identity: bool = False


def chosen(environ: Mapping[str, str]) -> tuple[str, str] | None:
    """What the environment names in place of the offline broker: a variable, and its connection.

    Returns:
        The variable's name and its text, which is a connection string in any case; None when no
        variable is set.
    """
    for name in VARIABLES:
        if text := environ.get(name):
            return name, identity_string(text) if name == HOST_VARIABLE else text
    return None


def identity_string(host: str) -> str:
    """A connection string without a key, as older SDKs of Azure had them: for ours alone.

    The SDK of today takes host and credential as two arguments in its place.
    """
    address = host.strip().strip("\"'").rstrip("/").rpartition("//")[2]
    return f"Endpoint=sb://{address}/;Authentication={IDENTITY}"


def connection_string(host: str, port: int, key_name: str, key: str) -> str:
    """The string that opens every client of the SDK, sync and aio, on a broker of our own."""
    address = f"[{host}]" if ":" in host else host
    return (
        f"Endpoint=sb://{address}:{port};SharedAccessKeyName={key_name};SharedAccessKey={key};"
        "UseDevelopmentEmulator=true;"
    )


def parse_connection_string(text: str) -> ConnectionString:
    """Read a connection string that a person may have pasted from anywhere.

    Raises:
        ConnectionStringError: Names the part that is missing or wrong, and what to do.
    """
    parts = _parts(_without_wrapping(text))
    _require_credentials(parts)
    host, port = _host_and_port(parts["endpoint"])
    return ConnectionString(
        text=";".join(f"{_spelled(name)}={value}" for name, value in parts.items()),
        host=host,
        port=port,
        key_name=parts.get("sharedaccesskeyname"),
        key=parts.get("sharedaccesskey"),
        signature=parts.get("sharedaccesssignature"),
        entity_path=parts.get("entitypath"),
        is_emulator=parts.get("usedevelopmentemulator") == "true",
        uses_identity="authentication" in parts,
    )


def _without_wrapping(text: str) -> str:
    """Undo what copying does: line breaks, spaces around, a shell's NAME=, quotes around."""
    cleaned = "".join(line.strip() for line in text.splitlines())
    cleaned = _ASSIGNMENT.sub("", cleaned)
    for opening, closing in _QUOTES:
        if len(cleaned) > 1 and cleaned.startswith(opening) and cleaned.endswith(closing):
            return cleaned[1:-1].strip()
    return cleaned


def _parts(text: str) -> dict[str, str]:
    if not text:
        raise ConnectionStringError(f"The connection string is empty. {_WHERE}")
    parts = dict(_split(text))
    for name, value in parts.items():
        if value.startswith("<") and value.endswith(">"):
            raise ConnectionStringError(
                f"The connection string still has the placeholder {value}. {_WHERE}"
            )
        if not value:
            raise ConnectionStringError(f"{_spelled(name)} has no value. {_WHERE}")
    return parts


def _split(text: str) -> Iterator[tuple[str, str]]:
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, separator, value = part.partition("=")
        if not separator:
            raise ConnectionStringError(
                "A connection string is NAME=VALUE; NAME=VALUE; ..., and a part of this one has "
                f"no '='. {_WHERE}"
            )
        name, value = name.strip().lower(), value.strip()
        # The SDK compares with "true" and nothing else.
        yield name, value.lower() if name == "usedevelopmentemulator" else value


_SPELLING = {
    "endpoint": "Endpoint",
    "sharedaccesskeyname": "SharedAccessKeyName",
    "sharedaccesskey": "SharedAccessKey",
    "sharedaccesssignature": "SharedAccessSignature",
    "entitypath": "EntityPath",
    "usedevelopmentemulator": "UseDevelopmentEmulator",
    "authentication": "Authentication",
}


def _spelled(name: str) -> str:
    return _SPELLING.get(name, name)


def _require_credentials(parts: dict[str, str]) -> None:
    if "defaultendpointsprotocol" in parts or "accountname" in parts:
        raise ConnectionStringError(
            f"This is the connection string of a storage account, not of Service Bus. {_WHERE}"
        )
    needed = ["endpoint"]
    if "authentication" in parts:
        if parts["authentication"] != IDENTITY:
            raise ConnectionStringError(f"Authentication can be {IDENTITY} here, and nothing else.")
    elif "sharedaccesssignature" not in parts:
        needed += ["sharedaccesskeyname", "sharedaccesskey"]
    elif "sharedaccesskey" in parts:
        raise ConnectionStringError(
            "The connection string has SharedAccessKey and SharedAccessSignature: remove one."
        )
    missing = [_spelled(name) for name in needed if name not in parts]
    if missing:
        raise ConnectionStringError(
            f"The connection string has no {' and no '.join(missing)}. {_WHERE}"
        )


def _host_and_port(endpoint: str) -> tuple[str, int | None]:
    scheme, separator, _ = endpoint.partition("://")
    if not separator or scheme.lower() != "sb":
        begins = f"{scheme}://" if separator else "no scheme"
        raise ConnectionStringError(
            f"Endpoint begins with {begins}; it must be sb://NAMESPACE.servicebus.windows.net/ "
            f"on Azure, or sb://127.0.0.1:PORT on this computer. {_WHERE}"
        )
    try:
        address = urlsplit(endpoint)
        host, port = address.hostname, address.port
    except ValueError:
        host, port = None, None
    if not host or not _HOST.fullmatch(host):
        raise ConnectionStringError(
            f"Endpoint has no usable host and port: '{endpoint}'. It looks like "
            f"sb://NAMESPACE.servicebus.windows.net/ or sb://127.0.0.1:PORT. {_WHERE}"
        )
    return host, port
