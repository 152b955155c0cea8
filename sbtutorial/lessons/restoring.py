"""`lab.restore`: a lesson back to its beginning, from within a notebook."""

from sbtutorial.errors import TutorialError
from sbtutorial.lessons.places import working_copy
from sbtutorial.text import wrapped

_IF_OPEN = (
    "If it is open, save it there (Ctrl+S, or ⌘S) and choose Revert, which drops what was not "
    "saved before."
)


def restore(lesson: str) -> str:
    """Bring a lesson of the learner's copy back to its beginning; what was done, in sentences.

    Raises:
        TutorialError: There is no such lesson, no copy, or it cannot be written.
    """
    if not isinstance(lesson, str):
        raise TutorialError(f'A lesson is named by how it begins, as in "03"; not {lesson!r}.')
    return wrapped(f"{working_copy().restore(lesson)} {_IF_OPEN}")
