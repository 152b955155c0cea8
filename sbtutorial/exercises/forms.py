"""What kind of thing an answer is: a function, or something that cannot work whatever it holds."""

import dis
import functools
import inspect
from collections.abc import Callable
from types import CodeType
from typing import Any, NamedTuple

_MOST_LAYERS = 100
_IDLE_OPERATIONS = {"RESUME", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE"}


class Form(NamedTuple):
    """A kind of answer of which nothing can come.

    Attributes:
        fits: Whether an answer is of that kind.
        seen: What is said of it.
        hint: What to do.
    """

    fits: Callable[[Any], bool]
    seen: str
    hint: str


def function_in(answer: Any) -> Any:
    """The function that is called in the end, within a partial, a decorator, a method."""
    for _ in range(_MOST_LAYERS):
        if isinstance(answer, functools.partial):
            answer = answer.func
        elif inspect.ismethod(answer):
            answer = answer.__func__
        elif (inner := getattr(answer, "__wrapped__", None)) is not None:
            answer = inner
        elif _is_object_to_call(answer):
            answer = type(answer).__call__
        else:
            break
    return answer


def code_of(answer: Any) -> CodeType | None:
    """The code of an answer; None where there is none of Python."""
    return getattr(function_in(answer), "__code__", None)


def name_of(answer: Any) -> str:
    """What to call an answer in a sentence."""
    name = getattr(answer, "__name__", "")
    return name if isinstance(name, str) and name.isidentifier() else "your function"


def does_nothing(answer: Any) -> bool:
    """Whether a function is an empty stub: `...`, `pass`, a docstring."""
    code = code_of(answer)
    return (
        code is not None
        and not code.co_flags & (inspect.CO_GENERATOR | inspect.CO_COROUTINE)
        and all(step.opname in _IDLE_OPERATIONS for step in dis.get_instructions(code))
    )


def hopeless_form(answer: Any) -> Form | None:
    """The kind of answer that cannot work, if this is one."""
    return next((form for form in _FORMS if form.fits(answer)), None)


def _is_object_to_call(answer: Any) -> bool:
    is_code = inspect.isclass(answer) or inspect.isroutine(answer)
    return not is_code and inspect.isfunction(vars(type(answer)).get("__call__"))


def _is_async(answer: Any) -> bool:
    inner = function_in(answer)
    return inspect.iscoroutinefunction(inner) or inspect.isasyncgenfunction(inner)


def _is_generator(answer: Any) -> bool:
    return inspect.isgeneratorfunction(function_in(answer)) and not hasattr(answer, "__wrapped__")


IS_ASYNC = Form(
    _is_async,
    "your function is async, and the exercise calls it without await",
    "Write def, and use the client as it is.",
)
_FORMS = (
    IS_ASYNC,
    Form(
        _is_generator,
        "your function has a yield in it, which makes it a generator: a call alone runs nothing",
        "Write return in place of yield; what is to be returned at the end goes into a list first.",
    ),
    Form(
        inspect.isclass,
        "your answer is a class, and a call of a class makes an object of it, no more",
        "Write a function, def, with the first line as it was in the exercise.",
    ),
)
