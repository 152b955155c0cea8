"""Kernels of tests, which get a second chance to come up.

Which ports a kernel is to have is chosen before it starts; on a busy machine somebody else may have
one by then, and the kernel ends before it says a word. Nothing of a lesson has run by then, so
another one may be started. Source: `jupyter_client.connect.write_connection_file`.

nbval starts its kernels by itself: with `-p tests.kernels` it does so like this, too.
"""

from collections.abc import Callable
from typing import Any

import jupyter_client.manager
import nbval.kernel

_MOST_STARTS = 3


def _starting_again(start: Callable[..., Any]) -> Callable[..., Any]:
    def start_new_kernel(**options: Any) -> Any:
        for _ in range(_MOST_STARTS - 1):
            try:
                return start(**options)
            except RuntimeError as error:
                print(f"a kernel did not come up: {error}")
        return start(**options)

    return start_new_kernel


start_new_kernel = _starting_again(jupyter_client.manager.start_new_kernel)
nbval.kernel.start_new_kernel = _starting_again(nbval.kernel.start_new_kernel)
