"""The one kind of error that is a sentence for a learner, and what is behind the other kinds."""

from sbtutorial.text import wrapped


class TutorialError(Exception):
    """Something that a learner can put right; its text says what is wrong and what to do.

    A notebook shows the text alone, without a traceback through our code, and counts the cell as
    failed. Outside notebooks it is an exception like any other.
    """

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback."""
        return [wrapped(str(self))]


def cause_in_words(error: BaseException) -> str:
    """What the SDK keeps as the cause of an error, as text; "" when there is none.

    Of a token that was refused, this alone says why. Source: `azure.core.exceptions.AzureError`.
    """
    return str(getattr(error, "inner_exception", None) or "")
