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
    Json,
    refuse,
    respond,
)

_KEY = "config"  # of two files at once, the second one finds what the first has made


def _config(broker: Core, _call: ControlCall) -> Json:
    from sbtutorial.admin.config import write_config

    return {"config": write_config(broker.namespace)}


def _apply(broker: Core, call: ControlCall) -> Work:
    """Make what a file asks for, in a namespace that has nothing yet."""
    text = call.text("config", 'Send the file, as JSON: {"config": "..."}.')
    return Work(partial(_start, broker, text))


def _start(broker: Core, text: str, answer: Callable[[Response], None]) -> None:
    broker.reactor.start(_answered(_applying(broker, text), answer), key=_KEY)


def _applying(broker: Core, text: str) -> Job:
    from sbtutorial.admin.config import applying, reading
    from sbtutorial.admin.config_values import ConfigError

    try:
        config = yield from reading(text)
        if [*broker.namespace.directory]:
            raise CallError(409, "The namespace has queues or topics: reset it first.")
        yield from applying(config, broker.namespace)
    except ConfigError as refusal:
        raise CallError(400, str(refusal)) from None


def _answered(job: Job, answer: Callable[[Response], None]) -> Job:
    """A job, and the answer at its end, whatever that is."""
    try:
        yield from job
    except CallError as refusal:
        answer(refuse(refusal))
    except Exception:
        answer(respond({"error": "The broker could not finish this; its log says why."}, 500))
        raise
    else:
        answer(respond({}))


ROUTES: dict[str, dict[str, Handler]] = {"config": {"GET": _config, "POST": _apply}}
