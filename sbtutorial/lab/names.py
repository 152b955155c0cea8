"""Names of a learner's own, so that a class can share a namespace: "orders" is "anna-orders" there.

SBTUTORIAL_PREFIX says whose they are. It counts on Azure and on the emulator only: a broker on
one's own machine is nobody else's. Without it names are as they are written, which is right for a
namespace of one's own.

Where it is applied, and why there. The learner's code is the SDK's code, says "orders", and stays
so: in the lessons, in a copy that has been worked in, on a page of a book. The SDK has no place for
a prefix, and is neither wrapped nor patched. A name that is changed in the lab alone would be
another one than that of the next cell. So the *cell* is read as if it said the whole name:
`workers.rewriting` does that between parsing and compiling it, in the notebook by IPython's own
`ast_transformers`, in a worker by the same rules. `connect()` says it in a line, and what comes
back from the service (`queue.name`, `list_queues()`) shows the whole name, as the portal does.
Other ways that there are: `lab.name("orders")` in every lesson changes what everybody reads for the
sake of a few; a copy of the lessons with other names in it does not reach the copy that somebody
has worked in; a namespace for each learner is the best, and needs none of this.

What is made carries a mark that says for whom (`user_metadata`, which the portal shows), and what
has not one's own mark is not deleted: what somebody else made, or what was there for work, stays.
"""

import os
import re
import secrets
from contextlib import suppress

from sbtutorial.connection_string import PREFIX_VARIABLE
from sbtutorial.errors import TutorialError
from sbtutorial.folders import for_owner_alone, learner_folder

_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_MARK = "made by sbtutorial for "
_FILE = "name.txt"


def prefix() -> str:
    """What every name is to begin with: "anna-"; "" when none was chosen.

    Raises:
        TutorialError: No name can begin so.
    """
    text = os.environ.get(PREFIX_VARIABLE, "").strip()
    if not text:
        return ""
    if not _PREFIX.fullmatch(text):
        raise TutorialError(
            f"{PREFIX_VARIABLE} is '{text[:60]}', and no queue's name can begin so: take up to 40 "
            "letters, digits and . - _, the first one a letter or a digit, as in anna."
        )
    return text if text[-1] in ".-_" else text + "-"


def whole_name(name: str, prefix: str) -> str:
    """A name with the prefix before it; one that has it already stays as it is."""
    return name if name.startswith(prefix) else prefix + name


def owner() -> str:
    """For whom things are made: who has the prefix; without one, whoever learns on this machine."""
    return prefix().rstrip(".-_") or _own_name()


def mark(owner: str) -> str:
    """What is written on a thing that is made for somebody."""
    return _MARK + owner


def is_marked(text: str | None, owner: str) -> bool:
    """Whether a thing's `user_metadata` says that it was made for them."""
    return mark(owner) in (text or "").splitlines()


def _own_name() -> str:
    """A name that says nothing of anybody: made once, and kept on this machine."""
    with suppress(OSError, TutorialError):
        path = learner_folder() / _FILE
        if not path.exists():
            with open(path, "w", encoding="utf-8", opener=for_owner_alone) as file:
                file.write(f"learner {secrets.token_hex(4)}")
        return path.read_text(encoding="utf-8").strip()
    return "a learner"
