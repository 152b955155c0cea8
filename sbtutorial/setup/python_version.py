"""Which Pythons run sbtutorial. Readable by Python 3.6, whose users it tells to upgrade."""

import sys

MINIMUM = (3, 11)


def complaint(version: "tuple[int, ...]" = sys.version_info[:3]) -> str:
    """What to tell the user of this version of Python; "" when it will do."""
    if version >= MINIMUM:
        return ""
    wanted = ".".join(map(str, MINIMUM))
    return (
        f"sbtutorial needs Python {wanted} or newer, and this is {'.'.join(map(str, version))}: "
        f"install a newer one (python.org, your system's packages or conda) and use that, for "
        f"example `python{wanted} -m sbtutorial lab`, on Windows `py -{wanted} -m sbtutorial lab`."
    )
