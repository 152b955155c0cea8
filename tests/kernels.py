"""Kernels of tests: reached by files instead of ports, where the system can.

Which ports a kernel is to have is chosen before it starts; on a busy machine somebody else may have
one by then, and the kernel ends before it says a word. The name of a file in a folder of our own
stays ours. Windows knows no such sockets: there a kernel that did not come up is started again.
Source: `jupyter_client.connect.write_connection_file`.

nbval makes its managers by itself: with `-p tests.kernels` it makes these, too.
"""

import os
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jupyter_client
import nbval.kernel
from traitlets import HasTraits, default

_MOST_STARTS = 1 if os.name != "nt" else 3
_FOLDER = tempfile.TemporaryDirectory(prefix="kernels-", ignore_cleanup_errors=True)


class _ByFiles(HasTraits):
    """What a manager of kernels takes for granted, where nothing else is said."""

    @default("transport")
    def _files(self) -> str:
        return "ipc" if os.name != "nt" else "tcp"

    @default("connection_file")
    def _name_of_our_own(self) -> str:
        return str(Path(_FOLDER.name) / f"{uuid.uuid4().hex[:12]}.json")


class KernelManager(_ByFiles, jupyter_client.KernelManager):
    """A manager of one kernel."""


class AsyncKernelManager(_ByFiles, jupyter_client.AsyncKernelManager):
    """The same for nbclient: `NotebookClient(…, kernel_manager_class=AsyncKernelManager)`."""


def _starting_again(start: Callable[..., Any]) -> Callable[..., Any]:
    def start_new_kernel(**options: Any) -> Any:
        for _ in range(_MOST_STARTS - 1):
            try:
                return start(**options)
            except RuntimeError as error:
                print(f"a kernel did not come up: {error}")
        return start(**options)

    return start_new_kernel


@_starting_again
def start_new_kernel(**options: Any) -> tuple[KernelManager, Any]:
    """A kernel that answers, with its manager and a client of it.

    Args:
        options: What `start_kernel` and `launch_kernel` take: `env`, `cwd`, `extra_arguments`, …

    Raises:
        RuntimeError: It did not come up within a minute.
    """
    manager = KernelManager()
    manager.start_kernel(**options)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
    except RuntimeError:
        client.stop_channels()
        manager.shutdown_kernel()
        raise
    return manager, client


nbval.kernel.KernelManager = KernelManager
nbval.kernel.start_new_kernel = _starting_again(nbval.kernel.start_new_kernel)
