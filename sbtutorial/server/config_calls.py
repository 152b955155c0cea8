"""The lab's calls about a whole namespace as a file: the one that there is, and one to be made.

The modules that read and write such files are imported when the first call comes: most brokers
never have one.
"""

from collections.abc import Callable
from functools import partial

from sbtutorial.gateway.core import Core
from sbtutorial.gateway.reactor import Job
from sbtutorial.gateway.rest.data_plane import Work
from sbtutorial.http.request import Response
from sbtutorial.server.control_call import (
    CallError,
    ControlCall,
    Handler,
    Steps,
    refuse,
    respond,
    respond_in_steps,
)

_KEY = "config"  # of two files at once, the second one finds what the first has made


def _config(broker: Core, _call: ControlCall) -> Work:
    """Write the file of what there is at this moment."""
    return Work(partial(_start, broker, _writing(broker)))


def _writing(broker: Core) -> Steps[Response]:
    from sbtutorial.admin.config.model import config_of
    from sbtutorial.admin.config.writing import writing

    text = yield from writing(config_of(broker.namespace))
    return (yield from respond_in_steps("config", text))


def _apply(broker: Core, call: ControlCall) -> Work:
    """Make what a file asks for, in a namespace that has nothing yet."""
    text = call.text("config", 'Send the file, as JSON: {"config": "..."}.')
    return Work(partial(_start, broker, _applying(broker, text)))


def _applying(broker: Core, text: str) -> Steps[Response]:
    from sbtutorial.admin.config.making import applying
    from sbtutorial.admin.config.reading import reading
    from sbtutorial.admin.config.values import ConfigError

    try:
        config = yield from reading(text)
        if [*broker.namespace.directory]:
            raise CallError(409, "The namespace has queues or topics: reset it first.")
        yield from applying(config, broker.namespace)
    except ConfigError as refusal:
        raise CallError(400, str(refusal)) from None
    return respond({})


def _start(broker: Core, steps: Steps[Response], answer: Callable[[Response], None]) -> None:
    broker.reactor.start(_answered(steps, answer), key=_KEY)


def _answered(steps: Steps[Response], answer: Callable[[Response], None]) -> Job:
    """A job, and the answer at its end, whatever that is."""
    try:
        response = yield from steps
    except CallError as refusal:
        answer(refuse(refusal))
    except Exception:
        answer(respond({"error": "The broker could not finish this; its log says why."}, 500))
        raise
    else:
        answer(response)


ROUTES: dict[str, dict[str, Handler]] = {"config": {"GET": _config, "POST": _apply}}
