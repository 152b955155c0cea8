"""A question with its choices, as a widget."""

from sbtutorial.views.widget import LiveWidget, Plain, source


class QuestionView(LiveWidget):
    """A question whose choices are chips.

    Args:
        picture: `question`; `choices`, a list of texts; `said`, the index of the chosen one or
            None; `answer`, a sentence, "" before it is known.
        text: Its twin in text.
        html: Its twin in HTML.
    """

    _esm = source("asking.js", "question/question.js")
    _css = source("question/question.css")

    def __init__(self, picture: Plain, text: str, html: str) -> None:
        self._text, self._html = text, html
        super().__init__(picture=picture)

    def text(self) -> str:
        """The question and its choices."""
        return self._text

    def html(self) -> str:
        """The same as a list."""
        return self._html
