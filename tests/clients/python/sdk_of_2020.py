"""`azure-servicebus` 0.50.3, the last of the SDKs before the one of today.

It knows two ports only, 5671 for AMQP and 443 for HTTPS, and here they may be taken: both are
changed below, which is all that a program of its day would not do.
"""

import os
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from azure.servicebus import Message, ServiceBusClient
from azure.servicebus.common.constants import NEXT_AVAILABLE, ReceiveSettleMode
from requests import Session
from requests.adapters import HTTPAdapter

KEY_NAME = "RootManageSharedAccessKey"
SECONDS = 10


class Elsewhere(HTTPAdapter):
    """Sends to another port than 443."""

    def __init__(self, port):
        super().__init__()
        self._port = port

    def send(self, request, *args, **kwargs):
        url = urlsplit(request.url)
        request.url = url._replace(netloc=f"{url.hostname}:{self._port}").geturl()
        return super().send(request, *args, **kwargs)


def service(port, key):
    session = Session()
    session.mount("https://", Elsewhere(port))
    return ServiceBusClient(
        service_namespace="127",
        host_base=".0.0.1",
        shared_access_key_name=KEY_NAME,
        shared_access_key_value=key,
        http_request_session=session,
    )


def queue_client(port, key, queue):
    there = service(port, key).get_queue(queue)
    there.auth_config.update(port=port, verify=os.environ["REQUESTS_CA_BUNDLE"])
    return there


def body(message):
    return b"".join(message.body).decode()


def fetch(receiver, count):
    taken = []
    while len(taken) < count:
        more = receiver.fetch_next(max_batch_size=count - len(taken), timeout=SECONDS)
        if not more:
            raise AssertionError(f"{len(taken)} of {count} messages came")
        taken += more
    return taken


def settle(queue, **where):
    there = queue_client(queue=queue, **where)
    bodies = ["complete", "abandon", "defer", "dead-letter"]
    sent = there.send([Message(body) for body in bodies])
    with there.get_receiver(prefetch=10) as receiver:
        complete, abandon, defer, dead_letter = fetch(receiver, 4)
        complete.renew_lock()
        complete.complete()
        number = defer.sequence_number
        defer.defer()
        dead_letter.dead_letter(description="Fell.", reason="spoilt")
        abandon.abandon()
        (again,) = fetch(receiver, 1)
        count = again.header.delivery_count
        again.complete()
        (deferred,) = receiver.receive_deferred_messages([number])
        deferred.complete()
    with there.get_deadletter_receiver() as dead:
        (buried,) = fetch(dead, 1)
        reason = buried.user_properties[b"DeadLetterReason"].decode()
        buried.complete()
        left = dead.peek(count=1)  # Its answer comes after the completion, which has none.
    return {
        "sent": [done for done, _ in sent],
        "again": [body(again), count],
        "deferred": body(deferred),
        "buried": [body(buried), reason],
        "left": len(left),
    }


def peek_and_take(queue, **where):
    there = queue_client(queue=queue, **where)
    there.send([Message(text) for text in "abc"])
    peeked = [body(message) for message in there.peek(count=10)]
    with there.get_receiver(mode=ReceiveSettleMode.ReceiveAndDelete, prefetch=10) as receiver:
        return [peeked, [body(message) for message in fetch(receiver, 3)]]


def schedule(queue, **where):
    there = queue_client(queue=queue, **where)
    at = datetime.utcnow() + timedelta(hours=1)
    with there.get_sender() as sender:
        numbers = sender.schedule(at, Message("kept"), Message("cancelled"))
        sender.cancel_scheduled_messages(numbers[1])
    return [body(message) for message in there.peek(count=10)]


def session(queue, **where):
    there = queue_client(queue=queue, **where)
    there.send([Message(text) for text in "ab"], session="7")
    with there.get_receiver(session=NEXT_AVAILABLE, prefetch=10) as receiver:
        receiver.set_session_state("half done")
        taken = []
        for message in fetch(receiver, 2):
            taken.append(body(message))
            message.complete()
        receiver.renew_lock()
        state = receiver.get_session_state()
        session_id = receiver.session_id
    return [session_id, taken, state, list(there.list_sessions())]


def administer(**where):
    there = service(**where)
    there.create_queue("made", lock_duration=45, max_delivery_count=3, requires_session=True)
    made = there.get_queue("made")
    listed = sorted(queue.name for queue in there.list_queues())
    there.delete_queue("made")
    left = sorted(queue.name for queue in there.list_queues())
    properties = made.properties
    wanted = ("lock_duration", "max_delivery_count", "requires_session")
    return [{name: properties[name] for name in wanted}, listed, left]


def get_unknown(**where):
    service(**where).get_queue("nothing")


def create_twice(**where):
    service(**where).create_queue("orders")
