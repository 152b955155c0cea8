"""Qpid Proton: AMQP 1.0 as such, with nothing of Service Bus in it."""

import base64
import hashlib
import hmac
import time
from urllib.parse import quote

from proton import Delivery, Message, SSLDomain, int32, symbol, ulong
from proton.reactor import AtMostOnce, Filter
from proton.utils import BlockingConnection, LinkDetached

KEY_NAME = "RootManageSharedAccessKey"
SESSION_FILTER = symbol("com.microsoft:session-filter")
SECONDS = 10


def connect(port, key):
    """With the key as a password: no `$cbs` then."""
    return BlockingConnection(
        f"amqp://127.0.0.1:{port}",
        timeout=SECONDS,
        user=KEY_NAME,
        password=key,
        allowed_mechs="PLAIN",
        allow_insecure_mechs=True,
    )


def send(connection, address, *messages):
    sender = connection.create_sender(address)
    for message in messages:
        sender.send(message)
    sender.close()


def settle(receiver, *, failed=False, undeliverable=False):
    """Abandon or defer what was fetched first."""
    delivery = receiver.fetcher.unsettled.popleft()
    delivery.local.failed = failed
    delivery.local.undeliverable = undeliverable
    delivery.update(Delivery.MODIFIED)
    delivery.settle()


def round_trip(port, key, queue):
    connection = connect(port, key)
    sent = Message(
        body={"table": 7, "items": ["tea", "cake"]},
        id="m-1",
        subject="order",
        correlation_id=ulong(5),
        reply_to="answers",
        content_type="text/plain",
        ttl=60,
        durable=True,
        properties={"text": "é", "number": 3, "yes": True},
        annotations={symbol("x-opt-mine"): "kept"},
    )
    send(connection, queue, sent, Message(body=b"\x00\xff", inferred=True))
    receiver = connection.create_receiver(queue)
    got, second = receiver.receive(SECONDS), receiver.receive(SECONDS)
    receiver.accept()
    receiver.accept()
    receiver.close()
    connection.close()
    return {
        "body": got.body,
        "id": got.id,
        "subject": got.subject,
        "correlation_id": got.correlation_id,
        "reply_to": got.reply_to,
        "content_type": str(got.content_type),
        "ttl": got.ttl,
        "durable": got.durable,
        "properties": got.properties,
        "mine": got.annotations[symbol("x-opt-mine")],
        "delivery_count": got.delivery_count,
        "second": [second.inferred, bytes(second.body).hex()],
    }


def settle_each_way(port, key, queue):
    connection = connect(port, key)
    bodies = ["accept", "fail", "release", "defer", "reject"]
    send(connection, queue, *(Message(body=body) for body in bodies))
    receiver = connection.create_receiver(queue, credit=5)
    for _ in bodies:
        receiver.receive(SECONDS)
    receiver.accept()
    settle(receiver, failed=True)
    receiver.release(delivered=False)
    settle(receiver, undeliverable=True)
    receiver.reject()
    again = [receiver.receive(SECONDS) for _ in range(2)]
    receiver.accept()
    receiver.accept()
    receiver.close()
    dead = connection.create_receiver(f"{queue}/$DeadLetterQueue")
    buried = dead.receive(SECONDS)
    dead.accept()
    connection.close()
    return {
        "again": [[message.body, message.delivery_count] for message in again],
        "buried": buried.body,
    }


def take(port, key, queue):
    connection = connect(port, key)
    send(connection, queue, Message(body="a"), Message(body="b"))
    receiver = connection.create_receiver(queue, options=AtMostOnce())
    taken = [receiver.receive(SECONDS).body for _ in range(2)]
    connection.close()
    return taken


def in_session(port, key, queue):
    connection = connect(port, key)
    send(connection, queue, *(Message(body=name, group_id=name) for name in "bab"))
    receiver = connection.create_receiver(queue, options=Filter({SESSION_FILTER: "b"}))
    granted = receiver.link.remote_source.filter
    granted.rewind()
    granted.next()
    taken = []
    for _ in range(2):
        taken.append(receiver.receive(SECONDS).body)
        receiver.accept()
    result = [{str(key): value for key, value in granted.get_object().items()}, taken]
    connection.close()
    return result


def peek(port, key, queue):
    """A request to `$management`, and its answer."""
    connection = connect(port, key)
    send(connection, queue, Message(body="a"), Message(body="b"))
    node = f"{queue}/$management"
    answers = connection.create_receiver(node, name="answers")
    body = {"from-sequence-number": 1, "message-count": int32(10)}
    operation = {"operation": "com.microsoft:peek-message"}
    request = Message(id=ulong(9), reply_to="answers", properties=operation, body=body)
    send(connection, node, request)
    answer = answers.receive(SECONDS)
    peeked = []
    for entry in answer.body["messages"]:
        message = Message()
        message.decode(bytes(entry["message"]))
        peeked.append(message.body)
    connection.close()
    return [answer.correlation_id, answer.properties["statusCode"], peeked]


def token(audience, key):
    """A shared access signature."""
    ends_at, audience = int(time.time()) + 3600, quote(audience, safe="")
    digest = hmac.new(key.encode(), f"{audience}\n{ends_at}".encode(), hashlib.sha256).digest()
    signature = quote(base64.b64encode(digest), safe="")
    return f"SharedAccessSignature sr={audience}&sig={signature}&se={ends_at}&skn={KEY_NAME}"


def with_token(port, key, queue, ca_pem):
    """Over TLS and without a password: a token is put on `$cbs`."""
    domain = SSLDomain(SSLDomain.MODE_CLIENT)
    domain.set_trusted_ca_db(ca_pem)
    domain.set_peer_authentication(SSLDomain.VERIFY_PEER_NAME)
    url = f"amqps://localhost:{port}"
    connection = BlockingConnection(
        url, timeout=SECONDS, ssl_domain=domain, allowed_mechs="ANONYMOUS"
    )
    audience = f"sb://localhost/{queue}"
    answers = connection.create_receiver("$cbs", name="answers")
    named = {
        "operation": "put-token",
        "type": "servicebus.windows.net:sastoken",
        "name": audience,
    }
    request = Message(id="1", reply_to="answers", properties=named, body=token(audience, key))
    send(connection, "$cbs", request)
    status = answers.receive(SECONDS).properties["status-code"]
    send(connection, queue, Message(body="tea"))
    connection.close()
    return status


def attach(port, key, address):
    connection = connect(port, key)
    try:
        connection.create_receiver(address)
    except LinkDetached as refusal:
        return [str(refusal.condition), str(refusal)]
    finally:
        connection.close()
