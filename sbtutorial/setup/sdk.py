"""Microsoft's SDK, which the lessons teach and the broker does without. Standard library only."""

import sys
from importlib.util import find_spec

from sbtutorial.errors import TutorialError
from sbtutorial.setup.requirements import install_command

_MODULE = "azure.servicebus"


def require_sdk() -> None:
    """See that the SDK can be imported, without doing so: that takes a while.

    Raises:
        TutorialError: It cannot; the text says what to do.
    """
    if not _is_there():
        raise TutorialError(
            "Microsoft's SDK, azure-servicebus, is not installed in this Python, and lessons and "
            f"the Explorer use it: run `{install_command('lab')}` "
            "(LocalBroker and `sbtutorial serve` do without)."
        )


def _is_there() -> bool:
    try:
        return _MODULE in sys.modules or find_spec(_MODULE) is not None
    except ModuleNotFoundError:  # no package of Azure's at all
        return False
