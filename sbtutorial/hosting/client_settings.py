"""What the SDK's clients have to know of a broker on this computer: no proxy, and its certificate.

Both are settings of the environment, which clients of this process and of its children read.
"""

import os
from collections.abc import MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING

from sbtutorial.folders import HOST, told

if TYPE_CHECKING:
    from sbtutorial.server.certificates import Certificates

_PROXIES = {"http_proxy", "https_proxy", "all_proxy"}
# Certificates that this process has looked at: each test of a suite need not do so again.
_seen: "dict[Path, Certificates]" = {}
_THIS_COMPUTER = (HOST, "localhost")


def prepare_clients() -> bool:
    """Have the SDK's clients in this process, and its children's, reach a broker of ours.

    Returns:
        Whether all of them do: False where an aiohttp that was imported before cannot be told.

    Raises:
        TutorialError: The folder of the certificate cannot be written.
    """
    keep_proxies_out(os.environ)
    from sbtutorial.server import certificates

    folder = certificates.default_folder()
    with told(f"The folder of the broker's certificate, {folder}, cannot be written"):
        made = _seen.get(folder)
        if made is None or not made.is_there:
            made = _seen[folder] = certificates.ensure(folder)
        trust = certificates.trust(made)
    return not trust.is_late_for_aiohttp


def keep_proxies_out(environ: MutableMapping[str, str]) -> None:
    """Have the SDK call this computer directly, whatever proxy it is to use for others."""
    if not any(name.lower() in _PROXIES and value for name, value in environ.items()):
        return
    exempt = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    missing = [name for name in _THIS_COMPUTER if name not in exempt.split(",")]
    if exempt.strip() != "*" and missing:
        everything = ",".join([*filter(None, [exempt]), *missing])
        environ.update(NO_PROXY=everything, no_proxy=everything)
