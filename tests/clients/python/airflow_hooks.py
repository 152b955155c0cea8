"""What the hooks and operators of Airflow's provider do on a broker.

The tests' half is tests/clients/test_airflow.py.
"""

import contextlib
import io
import json
import os
import runpy

from airflow.providers.microsoft.azure.hooks.asb import AdminClientHook, MessageHook
from airflow.providers.microsoft.azure.operators import asb
from azure.servicebus.management import SqlRuleFilter

VARIABLE = "AIRFLOW_CONN_AZURE_SERVICE_BUS_DEFAULT"
BY = {"azure_service_bus_conn_id": "azure_service_bus_default"}


def connect(connection):
    """Have all that follows on this broker: Airflow reads the variable each time."""
    os.environ[VARIABLE] = json.dumps({"conn_type": "azure_service_bus", "schema": connection})


def page(connection, program):
    """What a program of the page prints."""
    connect(connection)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        runpy.run_path(program)
    return said.getvalue().splitlines()


def topics(connection):
    """Topics and subscriptions by the hooks, and what is sent to them."""
    connect(connection)
    administration, messages = AdminClientHook(), MessageHook()
    made = administration.create_topic("news")
    rule = SqlRuleFilter("price > 4")
    for name, options in (("all", {}), ("dear", {"filter_rule": rule, "filter_rule_name": "dear"})):
        administration.create_subscription("news", name, **options)
    messages.send_message("news", "tea", batch_message_flag=True)
    taken = []
    messages.receive_subscription_message(
        "news",
        "all",
        {},
        message_callback=lambda message, context: taken.append(str(message)),
        max_message_count=1,
        max_wait_time=5,
    )
    administration.delete_subscription("dear", "news")
    return [made, taken]


def operators(connection):
    """A queue by operators: made, sent to, received from, deleted."""
    connect(connection)
    taken = []
    for operator in (
        asb.AzureServiceBusCreateQueueOperator(task_id="create", queue_name="orders", **BY),
        asb.AzureServiceBusSendMessageOperator(
            task_id="send", queue_name="orders", message=["tea", "cake"], **BY
        ),
        asb.AzureServiceBusReceiveMessageOperator(
            task_id="receive",
            queue_name="orders",
            message_callback=lambda message, context: taken.append(str(message)),
            max_message_count=2,
            max_wait_time=5,
            **BY,
        ),
        asb.AzureServiceBusDeleteQueueOperator(task_id="delete", queue_name="orders", **BY),
    ):
        operator.execute({})
    return taken
