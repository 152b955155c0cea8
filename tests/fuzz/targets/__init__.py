"""Every target by its name."""

from collections.abc import Callable
from typing import NamedTuple

from tests.fuzz.targets import access, amqp, broker, files, texts, web

Run = Callable[[bytes], None]


class Target(NamedTuple):
    """What is given bytes.

    Attributes:
        run: The function.
        words: Pieces that mean something to the parser: they are put into inputs.
    """

    run: Run
    words: tuple[bytes, ...] = ()


TARGETS: dict[str, Target] = {
    "amqp_values": Target(amqp.values, amqp.WORDS),
    "amqp_frames": Target(amqp.frames, amqp.WORDS),
    "amqp_engine": Target(amqp.engine, amqp.WORDS),
    "amqp_message": Target(amqp.message, amqp.WORDS),
    "sasl": Target(broker.stranger, amqp.WORDS),
    "cbs": Target(broker.cbs, amqp.WORDS),
    "management": Target(broker.management, amqp.WORDS),
    "amqp_client": Target(broker.client, amqp.WORDS),
    "token": Target(access.token, access.WORDS),
    "resource": Target(access.resource, access.WORDS),
    "sql_filter": Target(texts.sql_filter, texts.SQL_WORDS),
    "sql_action": Target(texts.sql_action, texts.SQL_WORDS),
    "connection_string": Target(texts.connection_string, texts.CONNECTION_WORDS),
    "duration": Target(texts.duration, (b"P", b"T", b"H", b"M", b"S", b"D", b".", b"-")),
    "config": Target(texts.config, texts.CONFIG_WORDS),
    "atom": Target(web.atom, web.XML_WORDS),
    "http": Target(web.http, web.HTTP_WORDS),
    "rest_message": Target(web.rest_message, web.JSON_WORDS),
    "lab_call": Target(web.lab_call, web.JSON_WORDS),
    "websocket": Target(web.websocket, (b"\x82\x80\0\0\0\0", b"\x88\x80", b"\x89\x80", b"\xff")),
    "sniff": Target(web.sniffing, (b"AMQP", b"\x16\x03", b"GET ", b"OPTIONS")),
    "tls": Target(web.tls, (b"\x16\x03\x01", b"\x15\x03", b"\x01\0\0")),
    "runtime_record": Target(files.runtime_record, files.RECORD_WORDS),
    "change_record": Target(files.change_record, amqp.WORDS + files.CHANGE_WORDS),
}
