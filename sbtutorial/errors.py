"""The one kind of error that is a sentence for a learner."""


class TutorialError(Exception):
    """Something that a learner can put right; its text says what is wrong and what to do.

    A notebook shows the text alone, without a traceback through our code, and counts the cell as
    failed. Outside notebooks it is an exception like any other.
    """

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback."""
        return [str(self)]
