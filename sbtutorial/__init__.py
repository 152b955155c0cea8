"""Learn Azure Service Bus queues by doing, with the real SDK and an offline broker.

The names of `__all__` are the public ones, with the pytest plugin (`sbtutorial.plugin`) and the
command line; all other modules are private, and may change in any release. Each is imported when
it is first used: `import sbtutorial` itself costs nothing. This file must stay readable by Python
3.6, whose users it tells to upgrade.
"""

TYPE_CHECKING = False  # what type checkers take for typing's, without the import
if TYPE_CHECKING:
    from typing import Any

    from sbtutorial.errors import TutorialError
    from sbtutorial.health.doctor import doctor
    from sbtutorial.lab.connecting import connect
    from sbtutorial.lab.lab import Lab
    from sbtutorial.local.broker import LocalBroker
    from sbtutorial.version import __version__
    from sbtutorial.workers.checkpoints import checkpoint
    from sbtutorial.workers.worker import Worker

__all__ = [
    "Lab",
    "LocalBroker",
    "TutorialError",
    "Worker",
    "__version__",
    "checkpoint",
    "connect",
    "doctor",
]

_HOMES = {
    "__version__": "sbtutorial.version",
    "Lab": "sbtutorial.lab.lab",
    "LocalBroker": "sbtutorial.local.broker",
    "TutorialError": "sbtutorial.errors",
    "Worker": "sbtutorial.workers.worker",
    "checkpoint": "sbtutorial.workers.checkpoints",
    "connect": "sbtutorial.lab.connecting",
    "doctor": "sbtutorial.health.doctor",
}


def load_ipython_extension(ipython: "Any") -> None:
    """Add `%%worker` and hints to a notebook, for `%load_ext sbtutorial`.

    Importing one of our names, as in `from sbtutorial import connect`, does that, too.
    """
    from sbtutorial import notebook

    notebook.equip_shell(ipython)


def _load(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'sbtutorial' has no attribute '{name}'")
    from importlib import import_module

    from sbtutorial.setup.python_version import complaint

    if complaint():
        raise ImportError(complaint())
    value = getattr(import_module(_HOMES[name]), name)
    # A learner who forgets to run connect() is helped already.
    import_module("sbtutorial.notebook").equip()
    return value


if not TYPE_CHECKING:  # a type checker would take any name for an attribute

    def __getattr__(name):
        value = globals()[name] = _load(name)
        return value

    def __dir__():
        return sorted({*globals(), *__all__})
