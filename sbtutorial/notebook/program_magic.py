"""`%%program`: a cell that holds a whole program, which something else runs."""

from typing import Any

from sbtutorial.attacks.system import System, make_system
from sbtutorial.errors import TutorialError


def load(shell: Any) -> None:
    """Add `%%program` to a notebook; `connect()` does that."""
    shell.register_magic_function(ProgramMagic(shell).program, "cell", "program")


class ProgramMagic:
    """The magic of one notebook."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell

    def program(self, line: str, cell: str) -> None:
        """Keep this cell as a program of that name; nothing of it runs here.

            %%program cafe      keeps it as `cafe`, for lab.attack(cafe, seed=7)

        It imports for itself what it needs, as a file does, and knows no variable of the notebook.
        """
        name = line.strip()
        if not name.isidentifier():
            raise TutorialError(
                f"%%program takes a name of letters, digits and _, as in '%%program cafe'; "
                f"not '{name}'."
            )
        value = self._shell.user_ns.get(name)
        if value is not None and not isinstance(value, System):
            raise TutorialError(
                f"'{name}' is the notebook's name for something else ({type(value).__name__}): "
                "give the program another one."
            )
        # Lines count from the magic's own, as the editor counts them.
        system = make_system(name, "\n" + cell)
        self._shell.push({name: system})
        print(system)
