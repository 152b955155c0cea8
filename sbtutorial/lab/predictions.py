"""`lab.predict` and `lab.answer`: what somebody expected, beside what happened.

A question stays a question until somebody says something; nothing waits for that. What was said is
noted, and stands there again when the cell runs another time. Text and saved output have the
question alone, so that they are the same whoever ran it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sbtutorial.errors import TutorialError
from sbtutorial.lab import journal, running_cell
from sbtutorial.lab.journal import PREDICTED
from sbtutorial.views.markup import element

if TYPE_CHECKING:
    from sbtutorial.views.question.widget import QuestionView

_FEWEST = 2


class Prediction:
    """A question with its choices, as it was asked in a notebook.

    Attributes:
        question: In words.
        choices: What can be said.
        said: What was; None while nothing was.
        answer: What is so, in words; "" before that is told.
    """

    def __init__(self, question: str, choices: Sequence[object]) -> None:
        self.question = question
        self.choices = tuple(choices)
        self.answer = ""
        self._lesson = running_cell.lesson_number()
        self._view: QuestionView | None = None
        self.said = self._said_before()
        self._note()

    def __repr__(self) -> str:
        return "\n".join([self.question, "   ".join(f"○ {choice}" for choice in self.choices)])

    def _repr_html_(self) -> str:
        items = (element("li", str(choice)) for choice in self.choices)
        return element(
            "div", element("p", element("strong", self.question)), element("ul", *items)
        ).text

    def _repr_mimebundle_(self, **options: Any) -> Any:
        if not running_cell.is_in_notebook():
            return {"text/plain": repr(self)}
        if self._view is None:
            self._view = self._make_view()
        return self._view._repr_mimebundle_(**options)

    def say(self, choice: object) -> None:
        """Predict: what counts is what was said last before the answer.

        Raises:
            TutorialError: That is none of the choices, or the answer is known by now.
        """
        if self.answer:
            raise TutorialError("The answer is known by now: run the cell again to predict anew.")
        if choice not in self.choices:
            known = ", ".join(map(str, self.choices))
            raise TutorialError(f"{choice!r} is none of the choices: {known}.")
        self.said = choice
        self._note(said=str(choice), right=None)
        self._show()

    def tell(self, value: object) -> str:
        """What is so, beside what was said."""
        is_right = self.said is not None and self.said == value
        self.answer = _compared(self.said, value)
        if self.said is not None:
            self._note(right=is_right)
        self._show()
        return self.answer

    def _said_before(self) -> object:
        about = journal.About(PREDICTED, self.question, self._lesson)
        said = journal.read().get(about, {}).get("said")
        return next((choice for choice in self.choices if str(choice) == said), None)

    def _note(self, **facts: Any) -> None:
        journal.note(PREDICTED, self.question, self._lesson, **facts)

    # --- the view --------------------------------------------------------------------------------

    def _make_view(self) -> "QuestionView":
        from sbtutorial.views.question.widget import QuestionView

        view = QuestionView(self._picture(), repr(self), self._repr_html_())
        view.on_request("say", lambda asked: self.say(self.choices[int(asked["index"])]))
        view.take_place(f"prediction {self._lesson} {self.question}")
        view.settle()
        return view

    def _show(self) -> None:
        if self._view is not None:
            self._view.push(self._picture())

    def _picture(self) -> dict[str, Any]:
        said = None if self.said is None else self.choices.index(self.said)
        return {
            "question": self.question,
            "choices": [str(choice) for choice in self.choices],
            "said": said,
            "answer": self.answer,
        }


def ask(question: object, choices: Sequence[object]) -> Prediction:
    """Ask something.

    Raises:
        TutorialError: That is no question, or there are no two choices that differ.
    """
    if not isinstance(question, str) or not question.strip():
        raise TutorialError(
            "lab.predict takes the question first, then what can be said: "
            'lab.predict("How many orders are left?", 3, 2, 1, 0).'
        )
    if len(choices) < _FEWEST or len({str(choice) for choice in choices}) < len(choices):
        raise TutorialError("lab.predict takes two choices or more, each of them once.")
    prediction = Prediction(question, choices)
    _asked.pop(question, None)
    _asked[question] = prediction
    return prediction


def answer(value: object) -> str:
    """What is so, beside what was said to the question that this cell answers."""
    prediction = _answered_here()
    if prediction is None:
        return _compared(None, value)
    _answered_in[running_cell.cell_id()] = prediction.question
    return prediction.tell(value)


_asked: dict[str, Prediction] = {}  # by question, the last one last
_answered_in: dict[str, str] = {}  # the questions, by the cells that have answered them


def _answered_here() -> Prediction | None:
    """The one that this cell has answered before; else the last one without an answer."""
    if (here := running_cell.cell_id()) and here in _answered_in:
        return _asked[_answered_in[here]]
    candidates = [*reversed(_asked.values())]
    unanswered = (one for one in candidates if not one.answer)
    return next(unanswered, candidates[0] if candidates else None)


def _compared(said: object, value: object) -> str:
    if said is None:
        return f"It is {_in_words(value)}."
    if said == value:
        return f"You said {_in_words(said)}, and it is {_in_words(value)}."
    return f"You said {_in_words(said)}. It is {_in_words(value)}."


def _in_words(value: object) -> str:
    return f"“{value}”" if isinstance(value, str) else str(value)
