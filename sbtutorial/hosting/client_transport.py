"""The HTTP transport of the SDK's administration clients, which reads what it trusts only once.

By default `requests` reads the whole bundle of certificates, the public roots among them, for every
connection that is opened. That takes ten times what a call to a broker on this computer does, and
whoever opens a client for each call pays it each time. Here clients of one process share a context
for as long as the bundle stays as it is. What they trust, and how they check it, stays the same.
`HTTPAdapter.build_connection_pool_key_attributes` says that a context is handed over in this way.
"""

import os
import ssl
from functools import lru_cache
from typing import Any

from azure.core.pipeline.transport import RequestsTransport
from requests import Session
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry


def transport() -> Any:
    """What a client of the SDK takes as its `transport`, for itself alone: it closes it."""
    if not hasattr(HTTPAdapter, "build_connection_pool_key_attributes"):  # requests before 2.32.2
        return RequestsTransport()
    session = Session()
    # Whether to try again the SDK decides, as it does with a session of its own.
    retries = Retry(total=False, redirect=False, raise_on_status=False)
    session.mount("https://", _Adapter(max_retries=retries))
    return RequestsTransport(session=session)


class _Adapter(HTTPAdapter):
    """Connections whose bundle of certificates, where one is named, is in a shared context."""

    def build_connection_pool_key_attributes(
        self, request: Any, verify: Any, cert: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        host, tls = super().build_connection_pool_key_attributes(request, verify, cert)
        if bundle := tls.pop("ca_certs", None):
            status = os.stat(bundle)
            tls["ssl_context"] = _context(bundle, status.st_mtime_ns, status.st_size)
        return host, tls

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        super().cert_verify(conn, url, verify, cert)
        if isinstance(verify, str):
            conn.ca_certs = None  # they are in the context


@lru_cache(maxsize=4)
def _context(bundle: str, _modified_ns: int, _size: int) -> ssl.SSLContext:
    """What trusts the bundle; another one when the file has changed."""
    return ssl.create_default_context(cafile=bundle)
