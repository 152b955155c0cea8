"""The administration API behind real TLS and HTTP, for the real SDK: what an instance wires."""

import asyncio
import os
import ssl
import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest

from sbtutorial.admin.call import Administered
from sbtutorial.admin.routes import handle
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.limits import PREMIUM, STANDARD, Limits
from sbtutorial.broker.namespace import Namespace
from sbtutorial.connection_string import connection_string
from sbtutorial.gateway.access.keyring import Keyring
from sbtutorial.gateway.access.resource import Resource
from sbtutorial.gateway.access.sas import Key, TokenError
from sbtutorial.gateway.ids import Ids
from sbtutorial.http.request import Request, Response
from sbtutorial.server.certificates import Certificates, ensure, trust
from sbtutorial.server.http_endpoint import HttpEndpoint
from sbtutorial.server.tls import TlsEndpoint

KEYS = {
    "RootManageSharedAccessKey": Key("root key"),
    "ListenOnly": Key("listen key", frozenset({"Listen"})),
}


class AdministrationServer:
    """TLS and HTTP on a thread of its own, in front of a namespace."""

    def __init__(self, certificates: Certificates, limits: Limits) -> None:
        self.namespace = Namespace("tutorial", limits=limits)
        self._keyring = Keyring(KEYS, self.namespace)
        self._administered = Administered(
            self.namespace, lambda at: at, time.time(), self._authorize, Ids(os.urandom).key
        )
        self.requests: list[Request] = []
        self.port = 0
        self.transports: set[asyncio.Transport] = set()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificates.server_pem)
        self._loop = asyncio.new_event_loop()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def connection_string(self, key_name: str = "RootManageSharedAccessKey", key: str = "") -> str:
        return connection_string("127.0.0.1", self.port, key_name, key or KEYS[key_name].value)

    def start(self) -> None:
        self._thread.start()
        assert self._listening.wait(10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        server = self._loop.run_until_complete(
            self._loop.create_server(lambda: _Connection(self), "127.0.0.1", 0)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        self._loop.run_forever()
        server.close()
        for transport in self.transports:
            transport.abort()
        self._loop.run_until_complete(asyncio.sleep(0))  # the transports' last calls
        self._loop.close()

    def make_endpoint(self, write, close) -> TlsEndpoint:
        return TlsEndpoint(self._context, write, close, self._make_http)

    def _make_http(self, write, close) -> HttpEndpoint:
        spawn = partial(asyncio.ensure_future, loop=self._loop)
        return HttpEndpoint(
            self.answer,
            write,
            close,
            admit=lambda head: True,
            spawn=spawn,
            later=self._loop.call_later,
        )

    def answer(self, request: Request) -> Response:
        self.requests.append(request)
        host = request.headers["host"]
        return handle(request, self._administered, now=time.time(), host=host)

    def _authorize(self, token: str | None, path: str, entity: str, right: str) -> None:
        resource = Resource("127.0.0.1", path.lower())
        try:
            self._keyring.authorize(token, resource, entity=entity, now=time.time(), right=right)
        except TokenError as error:
            raise BrokerError(ErrorCode.UNAUTHORIZED, str(error)) from None


class _Connection(asyncio.Protocol):
    def __init__(self, server: AdministrationServer) -> None:
        self._server = server

    def connection_made(self, transport) -> None:
        self._server.transports.add(transport)
        self._endpoint = self._server.make_endpoint(transport.write, transport.close)

    def data_received(self, data: bytes) -> None:
        self._endpoint.receive_data(data)

    def connection_lost(self, error) -> None:
        self._endpoint.connection_lost()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory) -> Certificates:
    return ensure(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def trusted(certificates, monkeypatch):
    """The bundle, in force for `requests`; aiohttp may be imported, so it is told of the file."""
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, "")  # so that the test's end restores what was there
    return trust(certificates).bundle


def _serve(certificates: Certificates, limits: Limits) -> Iterator[AdministrationServer]:
    server = AdministrationServer(certificates, limits)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def server(certificates, trusted) -> Iterator[AdministrationServer]:
    yield from _serve(certificates, STANDARD)


@pytest.fixture
def premium_server(certificates, trusted) -> Iterator[AdministrationServer]:
    yield from _serve(certificates, PREMIUM)


@pytest.fixture
def administration(server):
    from azure.servicebus.management import ServiceBusAdministrationClient

    with ServiceBusAdministrationClient.from_connection_string(
        server.connection_string()
    ) as client:
        yield client
