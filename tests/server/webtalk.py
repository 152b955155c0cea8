"""A broker without a port, asked over HTTP; time stands still."""

import asyncio
import json
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any, NamedTuple

from sbtutorial.broker.descriptions import (
    QueueDescription,
    SubscriptionDescription,
    TopicDescription,
)
from sbtutorial.broker.entities.receivable import MessageCounts
from sbtutorial.clock import ManualClock
from sbtutorial.gateway.access.sas import sign
from sbtutorial.http.request import Request, Response
from sbtutorial.server.broker_server import KEY_NAME, BrokerServer
from sbtutorial.trace import Event
from tests.gateway.talk import Talk

HOST = "127.0.0.1:5672"


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def broker_properties(self) -> dict[str, Any]:
        return json.loads(self.headers["BrokerProperties"])

    @property
    def lock(self) -> str:
        """Where the message is settled: the Location, without the host."""
        location = self.headers["Location"]
        assert location.startswith(f"https://{HOST}/")
        return location.removeprefix(f"https://{HOST}")


class WebTalk:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.broker = BrokerServer(clock=self.clock, key="secret")
        self.token = self.sign()

    def sign(self, path: str = "", name: str = KEY_NAME, key: str = "secret") -> str:
        return sign(f"https://{HOST}/{path}", name, key, self.clock.wall() + 60)

    def amqp(self) -> Talk:
        return Talk(self.broker)

    def make_queue(self, name: str = "orders", **properties: Any) -> None:
        description = QueueDescription(**{"lock_duration": timedelta(seconds=30), **properties})
        with self.broker.reactor.turn() as now:
            self.broker.namespace.create(name, description, now=now)

    def make_subscription(self) -> None:
        namespace = self.broker.namespace
        with self.broker.reactor.turn() as now:
            namespace.create("News", TopicDescription(), now=now)
            namespace.create("News/Subscriptions/All", SubscriptionDescription(), now=now)

    def counts(self, name: str = "orders") -> MessageCounts:
        return self.broker.namespace.directory.queue(name).receivable.counts()

    def events(self) -> list[str]:
        return [event.what for event in self.broker.trace.after(0)]

    def last_event(self) -> Event:
        return self.broker.trace.after(0)[-1]

    def request(
        self, method: str, target: str, body: bytes = b"", *, token: str = "", **headers: str
    ) -> Request:
        """`headers` by their names as HTTP writes them, with `_` for `-`."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        everything = {"Host": HOST, "Authorization": token or self.token, **given}
        lower = {name.lower(): value for name, value in everything.items()}
        return Request(method, target, lower, body, tuple(everything.items()))

    def answer(self, request: Request) -> Any:
        """What the broker answers, perhaps later."""
        return self.broker.answer_http(request)

    def begin(self, method: str, target: str) -> Awaitable[Response]:
        """Ask for what is not there yet."""
        answer = self.broker.answer_http(self.request(method, target))
        assert isinstance(answer, Awaitable)
        return asyncio.ensure_future(answer)

    async def ask(
        self, method: str, target: str, body: bytes = b"", *, token: str = "", **headers: str
    ) -> Reply:
        request = self.request(method, target, body, token=token, **headers)
        answer = self.broker.answer_http(request)
        if isinstance(answer, Awaitable):
            answer = await answer
        assert isinstance(answer, Response)
        return reply(answer)

    async def send(self, body: bytes = b"coffee", target: str = "/orders", **headers: str) -> None:
        assert (await self.ask("POST", f"{target}/messages", body, **headers)).status == 201

    async def peek_lock(self, target: str = "/orders") -> Reply:
        return await self.ask("POST", f"{target}/messages/head?timeout=0")

    async def take(self, target: str = "/orders") -> Reply:
        return await self.ask("DELETE", f"{target}/messages/head?timeout=0")


def reply(response: Response) -> Reply:
    return Reply(response.status, dict(response.headers), response.body)
