"""The learner's own TLS certificate, and how this computer's clients come to trust it.

The SDK's administration client speaks https and nothing else, so the broker needs a certificate.
One is made on this computer, for `localhost` only, by an authority whose private key is thrown
away at once: nobody can ever sign another certificate with it, for any site.

Clients learn of it through public settings: REQUESTS_CA_BUNDLE, which `requests` reads on every
request, and SSL_CERT_FILE, which OpenSSL reads whenever a default context is made. Both name one
bundle, in which our authority stands beside the public roots and beside whatever the user trusted
before. `aiohttp` makes its context when it is imported, and never again: where it was imported
before, that very context is given our authority, too. Other programs are told by the variables of
`variables`.
"""

import hashlib
import json
import os
import re
import ssl
import sys
import tempfile
import time
from collections.abc import Iterable, MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from filelock import BaseFileLock

IDENTITIES = ("localhost", "127.0.0.1", "::1")
VALID_SECONDS = 397 * 86_400.0  # what the strictest clients accept
RENEWAL_SECONDS = 30 * 86_400.0

_VARIABLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
# Node adds what it names to its own roots, and reads it once, when it starts.
_NODE_VARIABLE = "NODE_EXTRA_CA_CERTS"
_AIOHTTP_CONTEXTS = "aiohttp.connector"  # the module that holds those that aiohttp made
# requests falls back on this one when the first is not set.
_READ_VARIABLES = (*_VARIABLES, "CURL_CA_BUNDLE")
_BUNDLE_MARK = b"# Made by sbtutorial from: "
_MAX_MARK_BYTES = 256 * 1024
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")


class Certificates(NamedTuple):
    """Where the files are.

    Attributes:
        folder: Private to its owner.
        ca_pem: The authority that clients must trust; when it was renewed, also the one before,
            whose certificate a broker that still runs may be using.
        server_pem: The broker's private key and its certificate, for `load_cert_chain`.
        identities: The names and addresses that the certificate is for.
    """

    folder: Path
    ca_pem: Path
    server_pem: Path
    identities: tuple[str, ...] = IDENTITIES

    @property
    def is_there(self) -> bool:
        """Whether the files are, whatever is in them."""
        return self.ca_pem.exists() and self.server_pem.exists()


class Trust(NamedTuple):
    """What `trust` did.

    Attributes:
        bundle: The file that the variables name now.
        is_late_for_aiohttp: Whether this process imported aiohttp before, and its contexts could
            not be found, so that its asyncio administration clients go on without our authority.
    """

    bundle: Path
    is_late_for_aiohttp: bool


def default_folder() -> Path:
    """The folder that every broker and client of this user shares.

    Raises:
        TutorialError: Others could read or replace what is in it.
    """
    from sbtutorial.folders import runtime_folder

    return runtime_folder() / "certificates"


def ensure(folder: Path, identities: tuple[str, ...] = IDENTITIES) -> Certificates:
    """Have a certificate that works, and will for a month: the one in `folder` or a new one.

    Safe when several processes do it at once. What is damaged, outdated or missing is made anew.

    Args:
        folder: For these identities alone.
        identities: The names and addresses that clients call the broker by.

    Raises:
        OSError: The folder cannot be written.
    """
    certificates = Certificates(folder, folder / "ca.pem", folder / "server.pem", identities)
    if not _is_good(certificates):
        with _lock(folder):
            if not _is_good(certificates):
                _make(certificates)
    return certificates


def trust(certificates: Certificates, environ: MutableMapping[str, str] = os.environ) -> Trust:
    """Have this process's clients, and those of its children, accept the broker's certificate.

    Whatever they accepted before they still accept. Doing it again changes nothing, unless the
    certificates that the bundle was made of have changed.

    Raises:
        OSError: The folder cannot be written.
    """
    sources = _sources(certificates, environ)
    digest = hashlib.sha256("\n".join(sources).encode()).hexdigest()[:16]
    bundle = certificates.folder / f"bundle-{digest}.pem"
    mark = _mark(sources)
    if _first_line(bundle) != mark:
        with _lock(certificates.folder):
            _write(bundle, mark + b"\n".join(_certificates(sources)) + b"\n")
    is_news = environ.get("SSL_CERT_FILE") != str(bundle)
    environ.update(dict.fromkeys(_VARIABLES, str(bundle)))
    is_here = environ is os.environ
    return Trust(bundle, is_here and is_news and not _aiohttp_trusts(certificates.ca_pem))


def variables(*shown: Certificates) -> dict[str, str]:
    """What another program's environment needs, so that its clients accept each of these.

    Raises:
        OSError: The folder cannot be written.
    """
    environ = {name: os.environ[name] for name in _READ_VARIABLES if name in os.environ}
    bundles = [str(trust(one, environ).bundle) for one in shown]  # each is made of those before
    for_node = str(shown[0].ca_pem) if len(shown) == 1 else bundles[-1]
    return dict.fromkeys(_VARIABLES, bundles[-1]) | {_NODE_VARIABLE: for_node}


def _aiohttp_trusts(ca_pem: Path) -> bool:
    """Whether aiohttp does, or will; what it made when it was imported is given the authority."""
    module = sys.modules.get(_AIOHTTP_CONTEXTS)
    if module is None:
        return True
    found = [one for one in vars(module).values() if isinstance(one, ssl.SSLContext)]
    verifying = [one for one in found if one.verify_mode is ssl.CERT_REQUIRED]
    for context in verifying:
        context.load_verify_locations(ca_pem)
    return bool(verifying)


# -- Making certificates --------------------------------------------------------------------


def _is_good(certificates: Certificates) -> bool:
    try:
        return _ends_at(certificates) - time.time() > RENEWAL_SECONDS
    except (OSError, ValueError):  # ssl.SSLError is an OSError
        return False


def _ends_at(certificates: Certificates) -> float:
    """When the certificate ends, asked as a client asks: by a handshake, in memory.

    Raises:
        OSError, ValueError: The files are missing or damaged, or do not belong together.
    """
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificates.server_pem)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(certificates.ca_pem)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = (
        client.wrap_bio(to_client, to_server, server_hostname=certificates.identities[0]),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    for _ in range(3):
        for side in sides:
            with suppress(ssl.SSLWantReadError):
                side.do_handshake()
    certificate = sides[0].getpeercert() or {}
    return ssl.cert_time_to_seconds(str(certificate["notAfter"]))


def _make(certificates: Certificates) -> None:
    import trustme  # with its cryptography, a tenth of a second that later starts do not spend

    authority = trustme.CA(
        organization_name="sbtutorial", organization_unit_name="made on this computer, for it only"
    )
    not_after = datetime.fromtimestamp(time.time() + VALID_SECONDS, UTC)
    issued = authority.issue_cert(*certificates.identities, not_after=not_after)
    known = [authority.cert_pem.bytes(), *_certificates_in(str(certificates.ca_pem))[:1]]
    _write(certificates.ca_pem, b"\n".join(known))
    _write(certificates.server_pem, issued.private_key_and_cert_chain_pem.bytes())


# -- The bundle -----------------------------------------------------------------------------


def _sources(certificates: Certificates, environ: MutableMapping[str, str]) -> list[str]:
    """Every file of certificates to trust: public, the system's, the user's own, and ours."""
    import certifi

    found = [certifi.where(), ssl.get_default_verify_paths().openssl_cafile]
    for name in _READ_VARIABLES:
        if value := environ.get(name):
            before = _made_from(Path(value))
            found += _files(Path(value)) if before is None else before
    found.append(str(certificates.ca_pem))
    return list(dict.fromkeys(found))


def _files(path: Path) -> list[str]:
    """The file itself, or those in the folder: requests takes either."""
    if path.is_dir():
        return sorted(str(file) for file in path.iterdir() if file.is_file())
    return [str(path.absolute())]


def _mark(sources: Iterable[str]) -> bytes:
    """The bundle's first line: its sources, and by what a change of them is recognised."""
    state = []
    for source in sources:
        with suppress(OSError):
            status = os.stat(source)
            state.append((source, status.st_mtime_ns, status.st_size))
    return _BUNDLE_MARK + json.dumps(state).encode() + b"\n"


def _made_from(path: Path) -> list[str] | None:
    """What a bundle of ours was made from; None when it is none of ours."""
    line = _first_line(path)
    if not line.startswith(_BUNDLE_MARK):
        return None
    try:
        return [str(source) for source, *_ in json.loads(line[len(_BUNDLE_MARK) :])]
    except (TypeError, ValueError):
        return []


def _first_line(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.readline(_MAX_MARK_BYTES)
    except OSError:
        return b""


def _certificates(sources: Iterable[str]) -> list[bytes]:
    """The certificates in these files, each once."""
    return list(dict.fromkeys(one for source in sources for one in _certificates_in(source)))


def _certificates_in(source: str) -> list[bytes]:
    """All, or none: a file that OpenSSL cannot load would spoil those beside it."""
    try:
        found: list[bytes] = _PEM.findall(Path(source).read_bytes())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=b"\n".join(found).decode("ascii"))
    except (OSError, ValueError):
        return []
    return found


# -- Files ----------------------------------------------------------------------------------


def _lock(folder: Path) -> "BaseFileLock":
    from filelock import FileLock

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return FileLock(folder / "certificates.lock", mode=0o600)


def _write(path: Path, data: bytes) -> None:
    """Replace a file at once and privately: nobody reads half of it, nobody else reads it."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
