"""`python -m tests.remote.broker FOLDER`: the process. It says its ports, and ends with its input.

The second port is the world's clock: who writes it a number of seconds has them pass. No lesson
knows of it; the rehearsal of them would take minutes without it.
"""

import asyncio
import ssl
import sys
from pathlib import Path
from typing import Any

from sbtutorial.folders import HOST as LOOPBACK
from sbtutorial.http.refusals import error_response
from sbtutorial.http.request import Request
from sbtutorial.server import certificates, router
from sbtutorial.server.broker_server import BrokerServer
from tests.remote import HOST, KEY


class RemoteBroker(BrokerServer):
    """It answers by the name of Azure's, and has none of what the lab asks of ours."""

    def answer_http(self, request: Request) -> Any:
        return _unknown() if router.is_for_the_lab(request) else super().answer_http(request)

    def _admit_http(self, head: Request) -> Any:
        return _unknown() if router.is_for_the_lab(head) else super()._admit_http(head)

    def _tls_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.ensure(self._folder(), (HOST,)).server_pem)
        return context

    async def let_time_pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        passed = asyncio.Event()
        self.advance(float(await reader.readline()), passed.set)
        await passed.wait()
        writer.write(b"passed\n")
        writer.close()


def _unknown() -> Any:
    return error_response(404, "There is no such thing here.")


async def main(folder: Path) -> None:
    certificates.ensure(folder, (HOST,))
    broker = RemoteBroker(
        namespace="shop", key=KEY, certificates_folder=folder, accept_bearer_tokens=True
    )
    port = await broker.start()
    broker.host = HOST
    clock = await asyncio.start_server(broker.let_time_pass, LOOPBACK, 0)
    print(port, clock.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await broker.stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
