"""Where the lessons are, and a home of its own for whatever runs them."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import matplotlib

from sbtutorial.connection_string import PREFIX_VARIABLE, VARIABLES
from sbtutorial.folders import HOME_VARIABLE
from sbtutorial.hosting.control_client import BrokerGone, ControlClient
from sbtutorial.hosting.runtime_files import RuntimeFiles

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
LESSONS = sorted(FOLDER.glob("*.ipynb"))


def chosen(beginnings: Sequence[str]) -> list[Path]:
    """The lessons whose file names begin in one of these ways; all of them if none is given.

    A whole number is that lesson's alone: "04" is not "04b".
    """
    for beginning in beginnings:
        if not any(_begins(lesson, beginning) for lesson in LESSONS):
            raise SystemExit(f"No lesson's name begins with '{beginning}'.")
    return [
        lesson
        for lesson in LESSONS
        if not beginnings or any(_begins(lesson, beginning) for beginning in beginnings)
    ]


def _begins(lesson: Path, beginning: str) -> bool:
    number = lesson.name.partition("_")[0]
    if beginning in (one.name.partition("_")[0] for one in LESSONS):
        return number == beginning
    return lesson.name.startswith(beginning)


@contextmanager
def private_environment() -> Iterator[dict[str, str]]:
    """Environment variables for a kernel that shares nothing with others on this machine.

    No broker, no file of the user's, no temporary one, no setting of IPython or Jupyter. Brokers
    that were started in it are stopped when it ends.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        try:
            yield environment_in(home)
        finally:
            stop_brokers(home / "broker")


def environment_in(home: Path) -> dict[str, str]:
    """The same in a folder that is there: the broker's part, temporary files, the user's home."""
    for name in ("broker", "temporary", "user"):
        (home / name).mkdir(mode=0o700)
    # Azure's own connection string would send the lessons there.
    elsewhere = (*VARIABLES, PREFIX_VARIABLE)
    outer = {name: text for name, text in os.environ.items() if name not in elsewhere}
    packages = filter(None, (str(ROOT), outer.get("PYTHONPATH")))
    return {
        **outer,
        HOME_VARIABLE: str(home / "broker"),
        "PYTHONPATH": os.pathsep.join(packages),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_CONFIG_DIR": str(home / "jupyter_config"),
        "JUPYTER_DATA_DIR": str(home / "jupyter_data"),
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(home / "temporary")),
        **dict.fromkeys(("HOME", "USERPROFILE"), str(home / "user")),
        # Its list of fonts takes seconds to make: the one that is there serves.
        "MPLCONFIGDIR": matplotlib.get_cachedir(),
    }


def stop_brokers(folder: Path) -> None:
    """End every background broker that has its record in this folder."""
    for path in folder.glob("*.json"):
        if record := RuntimeFiles(folder, path.stem).read():
            with suppress(BrokerGone):
                ControlClient(record.connection_string).shutdown()
