"""What the package adds to a program that imports the SDK anyway."""

import subprocess
import sys
import time
from collections.abc import Iterator
from statistics import median

from sbtutorial.commands.bench.rows import Row, Sizes, Target

_SDK = "import azure.servicebus"
_BOTH = "import azure.servicebus; from sbtutorial import connect"


def rows(sizes: Sizes) -> Iterator[Row]:
    """The SDK alone, and with us."""
    pairs = [(_seconds(_SDK), _seconds(_BOTH)) for _ in range(1 + 2 * sizes.rounds)]
    added = median(ours - theirs for theirs, ours in pairs)
    theirs = median(theirs for theirs, _ in pairs)
    yield Row("import, beyond the SDK's own", added, "s", Target(0.15), f"the SDK: {theirs:.2f} s")


def _seconds(code: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - began
