"""Qpid Proton: transactions."""

from proton import Message
from proton.handlers import MessagingHandler, TransactionHandler
from proton.reactor import Container

KEY_NAME = "RootManageSharedAccessKey"


class Work(MessagingHandler, TransactionHandler):
    """Sends and, if asked to, settles in one transaction, then ends it.

    `seen` is what happened, in order.
    """

    def __init__(self, port, key, bodies, to, take_from, end):
        super().__init__(prefetch=0, auto_accept=False)
        self._where = f"amqp://127.0.0.1:{port}", key
        self._bodies, self._to, self._take_from, self._end = list(bodies), to, take_from, end
        self._transaction = None
        self._waits_for = len(self._bodies) + (1 if take_from else 0)
        self.seen = []

    def on_start(self, event):
        url, key = self._where
        self._connection = event.container.connect(
            url,
            user=KEY_NAME,
            password=key,
            allowed_mechs="PLAIN",
            allow_insecure_mechs=True,
            reconnect=False,
        )
        self._sender = event.container.create_sender(self._connection, self._to)
        self._receiver = None
        if self._take_from:
            self._receiver = event.container.create_receiver(self._connection, self._take_from)
        event.container.declare_transaction(self._connection, handler=self)

    def on_transaction_declared(self, event):
        self._transaction = event.transaction
        self.seen.append("declared")
        if self._receiver:
            self._receiver.flow(1)
        self.on_sendable(event)

    def on_sendable(self, event):
        while self._transaction and self._bodies and self._sender.credit:
            self._transaction.send(self._sender, Message(body=self._bodies.pop(0)))

    def on_rejected(self, event):
        if event.sender == self._sender:
            self.seen.append(event.delivery.remote.condition.name)

    def on_settled(self, event):
        if event.sender == self._sender:
            self._one_done()

    def on_message(self, event):
        self.seen.append(f"got {event.message.body}")
        self._transaction.accept(event.delivery)
        self._one_done()

    def _one_done(self):
        self._waits_for -= 1
        if not self._waits_for:
            getattr(self._transaction, self._end)()

    def on_transaction_committed(self, event):
        self._finish("committed")

    def on_transaction_aborted(self, event):
        self._finish("aborted")

    def on_transaction_commit_failed(self, event):
        self._finish("commit failed")

    def on_transaction_declare_failed(self, event):
        self._finish("declare failed")

    def on_link_error(self, event):
        self._finish(event.link.remote_condition.name)

    def on_transport_error(self, event):
        self.seen.append(f"{event.transport.condition.name}: {event.transport.condition}")

    def _finish(self, what):
        self.seen.append(what)
        self._connection.close()


def run(port, key, bodies, to, end, take_from=None):
    work = Work(port, key, bodies, to, take_from, end)
    Container(work).run()
    return work.seen
