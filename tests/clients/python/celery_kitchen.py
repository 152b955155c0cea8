"""Tasks for the app of the page on other programs; each tells the test that it is there.

The tests' half is tests/clients/test_celery.py.
"""

import json
import os
import socket

from tasks import Transport, app

app.conf.worker_enable_remote_control = False


def tell(*what):
    """Say what is being done, and go on when the test says so; it may never."""
    with socket.create_connection(("127.0.0.1", int(os.environ["KITCHEN_PORT"]))) as line:
        line.sendall(json.dumps([*what, os.getpid()]).encode() + b"\n")
        line.makefile("rb").readline()


@app.task
def serve(order):
    tell("serve", order)


@app.task(bind=True, autoretry_for=(ValueError,), default_retry_delay=0, max_retries=5)
def serve_at_third_try(self, order):
    tell("try", order, self.request.retries)
    if self.request.retries < 2:
        raise ValueError(order)


def order(url, names, tries):
    with app.connection_for_write(url) as connection:
        for name in names:
            serve.apply_async((name,), connection=connection)
        for name in tries:
            serve_at_third_try.apply_async((name,), connection=connection)


def address(uri):
    return Transport.parse_uri(uri)
