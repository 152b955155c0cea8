"""A broker that is not ours to look into: another process, another name, TLS, only Azure's calls.

It goes by `shop.servicebus.windows.net`, and a program that is started with `surroundings()` finds
it there on the ports of Azure, and trusts it: `site/sitecustomize.py` stands in for the name server
and for the public roots. Nothing else of such a program is changed.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from sbtutorial.connection_string import PREFIX_VARIABLE, VARIABLES

ROOT = Path(__file__).parents[2]
SITE = Path(__file__).with_name("site")
HOST = "shop.servicebus.windows.net"
KEY = "an-instructor-has-it"
CONNECTION_STRING = (
    f"Endpoint=sb://{HOST}/;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey={KEY}"
)


class Remote(NamedTuple):
    """A broker that runs: its ports on this machine, and the certificate that vouches for it."""

    port: int
    clock_port: int
    ca_pem: Path

    def surroundings(self, environment: dict[str, str], **chosen: str) -> dict[str, str]:
        """Environment variables of a program that finds it by its name; and some more."""
        packages = [str(SITE), str(ROOT), environment.get("PYTHONPATH", "")]
        others = {name: text for name, text in environment.items() if name not in _ELSEWHERE}
        return {
            **others,
            **chosen,
            "PYTHONPATH": os.pathsep.join(filter(None, packages)),
            "REMOTE_BROKER": f"{HOST} {self.port}",
            "REMOTE_CLOCK": str(self.clock_port),
            **dict.fromkeys(("REMOTE_CA", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), str(self.ca_pem)),
            **dict.fromkeys(("NO_PROXY", "no_proxy"), "*"),
        }


_ELSEWHERE = {*VARIABLES, PREFIX_VARIABLE}


@contextmanager
def remote_broker(folder: Path) -> Iterator[Remote]:
    """The process, which ends with us."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.remote.broker", str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield Remote(*map(int, process.stdout.readline().split()), ca_pem=folder / "ca.pem")
    finally:
        process.kill()
        process.communicate()
