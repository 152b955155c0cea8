"""The SDK of today with `uamqp_transport=True`: what programs use that were written before 2023."""

from datetime import UTC, datetime, timedelta

from azure.servicebus import (
    NEXT_AVAILABLE_SESSION,
    ServiceBusClient,
    ServiceBusMessage,
    ServiceBusReceiveMode,
    ServiceBusSubQueue,
    TransportType,
)

SECONDS = 10
SHORT_SECONDS = 0.5


def client(connection, port, ca_pem):
    """On this transport a port is taken from nowhere but an endpoint of one's own."""
    return ServiceBusClient.from_connection_string(
        connection,
        uamqp_transport=True,
        transport_type=TransportType.Amqp,
        custom_endpoint_address=f"sb://127.0.0.1:{port}",
        connection_verify=ca_pem,
        retry_total=0,
    )


def send(client, queue, *messages):
    with client.get_queue_sender(queue) as sender:
        sender.send_messages(list(messages))


def messages(*bodies, **properties):
    return [ServiceBusMessage(body, **properties) for body in bodies]


def receive(receiver, count):
    taken = []
    while len(taken) < count:
        more = receiver.receive_messages(count - len(taken), max_wait_time=SECONDS)
        if not more:
            raise AssertionError(f"{len(taken)} of {count} messages came")
        taken += more
    return taken


def left_in(receiver):
    """How many messages there are; the answer comes after what was settled without one."""
    return len(receiver.peek_messages(10))


def round_trip(queue, **where):
    message = ServiceBusMessage(
        "tea",
        message_id="m-1",
        subject="order",
        content_type="text/plain",
        correlation_id="c-1",
        reply_to="answers",
        to="kitchen",
        time_to_live=timedelta(minutes=1),
        application_properties={"text": "é", "number": 3, "yes": True},
    )
    with client(**where) as there:
        send(there, queue, message)
        with there.get_queue_receiver(queue) as receiver:
            (got,) = receive(receiver, 1)
            renewed = receiver.renew_message_lock(got)
            receiver.complete_message(got)
            left = left_in(receiver)
    return {
        "body": str(got),
        "message_id": got.message_id,
        "subject": got.subject,
        "content_type": got.content_type,
        "correlation_id": got.correlation_id,
        "reply_to": got.reply_to,
        "to": got.to,
        "ttl": got.time_to_live.total_seconds(),
        "properties": {key.decode(): text(v) for key, v in got.application_properties.items()},
        "number": got.sequence_number,
        "delivery_count": got.delivery_count,
        "renewed": renewed > datetime.now(UTC),
        "left": left,
    }


def text(value):
    return value.decode() if isinstance(value, bytes) else value


def settle(queue, **where):
    with client(**where) as there:
        send(there, queue, *messages("complete", "abandon", "defer", "dead-letter"))
        with there.get_queue_receiver(queue) as receiver:
            complete, abandon, defer, dead_letter = receive(receiver, 4)
            receiver.complete_message(complete)
            receiver.defer_message(defer)
            receiver.dead_letter_message(dead_letter, reason="spoilt", error_description="Fell.")
            receiver.abandon_message(abandon)
            (again,) = receive(receiver, 1)
            receiver.complete_message(again)
            (deferred,) = receiver.receive_deferred_messages(defer.sequence_number)
            receiver.complete_message(deferred)
        with there.get_queue_receiver(queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER) as dead:
            (buried,) = receive(dead, 1)
            dead.complete_message(buried)
            left = left_in(dead)
    return {
        "again": [str(again), again.delivery_count],
        "deferred": str(deferred),
        "buried": [str(buried), buried.dead_letter_reason, buried.dead_letter_error_description],
        "left": left,
    }


def batch_and_peek(queue, **where):
    with client(**where) as there:
        with there.get_queue_sender(queue) as sender:
            batch = sender.create_message_batch()
            for body in "abc":
                batch.add_message(ServiceBusMessage(body))
            sender.send_messages(batch)
        mode = ServiceBusReceiveMode.RECEIVE_AND_DELETE
        with there.get_queue_receiver(queue, receive_mode=mode) as receiver:
            peeked = [str(message) for message in receiver.peek_messages(10)]
            taken = [str(message) for message in receive(receiver, 3)]
    return [peeked, taken]


def schedule(queue, **where):
    at = datetime.now(UTC) + timedelta(hours=1)
    with client(**where) as there:
        with there.get_queue_sender(queue) as sender:
            numbers = sender.schedule_messages(messages("kept", "cancelled"), at)
            sender.cancel_scheduled_messages(numbers[1])
        with there.get_queue_receiver(queue) as receiver:
            none = receiver.receive_messages(max_wait_time=SHORT_SECONDS)
            return [len(none), *(str(message) for message in receiver.peek_messages(10))]


def session(queue, **where):
    with client(**where) as there:
        send(there, queue, *messages("a", "b", session_id="7"))
        with there.get_queue_receiver(queue, session_id=NEXT_AVAILABLE_SESSION) as receiver:
            receiver.session.set_state("half done")
            taken = []
            for message in receive(receiver, 2):
                taken.append(str(message))
                receiver.complete_message(message)
            state = text(receiver.session.get_state())
            receiver.session.renew_lock()
            return [receiver.session.session_id, taken, state]


def subscription(topic, subscription, **where):
    with client(**where) as there:
        with there.get_topic_sender(topic) as sender:
            sender.send_messages(messages("goal"))
        with there.get_subscription_receiver(topic, subscription) as receiver:
            (message,) = receive(receiver, 1)
            receiver.complete_message(message)
            return [str(message), left_in(receiver)]


def send_to(queue, count=1, **where):
    with client(**where) as there:
        send(there, queue, ServiceBusMessage("x" * count))


def accept_taken(queue, **where):
    with client(**where) as there, there.get_queue_receiver(queue, session_id="7"):
        there.get_queue_receiver(queue, session_id="7").__enter__()


held = {}


def hold(queue, **where):
    held["client"] = client(**where)
    send(held["client"], queue, ServiceBusMessage("tea"))
    held["receiver"] = held["client"].get_queue_receiver(queue)
    (held["message"],) = receive(held["receiver"], 1)


def renew_held():
    try:
        held["receiver"].renew_message_lock(held["message"])
    finally:
        held["receiver"].close()
        held["client"].close()
