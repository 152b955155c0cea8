"""A lab on Azure or on the emulator, as far as one can tell without them."""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError

from sbtutorial.connection_string import (
    COMMON_VARIABLE,
    HOST_VARIABLE,
    PREFIX_VARIABLE,
    VARIABLE,
    chosen,
    identity_string,
    parse_connection_string,
)
from sbtutorial.errors import TutorialError
from sbtutorial.explorer.links import credential, open_admin, open_client
from sbtutorial.lab.azure import AzureService
from sbtutorial.lab.connecting import connect
from sbtutorial.lab.lab import Lab
from sbtutorial.lab.names import mark, owner, prefix
from sbtutorial.lab.service import Mode
from tests.own_home import lab_at

pytestmark = pytest.mark.sdk

HOST = "shop.servicebus.windows.net"
AZURE = f"Endpoint=sb://{HOST}/;SharedAccessKeyName=Root;SharedAccessKey=key"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab_at(tmp_path_factory.mktemp("elsewhere") / "home") as lab:
        yield lab


@pytest.fixture
def anna(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Lab:
    return of("anna", lab, monkeypatch)


def of(name: str, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """The broker as somebody with a prefix has it, who is told nothing of it but its string."""
    monkeypatch.setenv(PREFIX_VARIABLE, name)
    return Lab(AzureService(parse_connection_string(lab.connection_string), prefix()))


def queues(lab: Lab) -> dict[str, str | None]:
    """What is written on each."""
    with open_admin(lab.connection_string) as admin:
        return {queue.name: queue.user_metadata for queue in admin.list_queues()}


# -- Which one --------------------------------------------------------------------------------


def test_the_first_variable_that_is_set_counts() -> None:
    every = {HOST_VARIABLE: HOST, COMMON_VARIABLE: "common", VARIABLE: "ours"}
    assert chosen(every) == (VARIABLE, "ours")
    del every[VARIABLE]
    assert chosen(every) == (COMMON_VARIABLE, "common")
    assert chosen({**every, COMMON_VARIABLE: ""}) == (HOST_VARIABLE, identity_string(HOST))
    assert chosen({}) is None


@pytest.mark.parametrize("text", [HOST, f"https://{HOST}/", f"sb://{HOST}", f' "{HOST}" '])
def test_a_host_alone_is_a_namespace_without_a_key(text: str) -> None:
    found = parse_connection_string(identity_string(text))
    assert (found.host, found.key, found.uses_identity) == (HOST, None, True)
    assert found.is_emulator is False


def test_another_way_to_sign_in_than_ours_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(COMMON_VARIABLE, f"Endpoint=sb://{HOST}/;Authentication=Managed Identity")
    with pytest.raises(TutorialError, match=f"{COMMON_VARIABLE}.*can be DefaultAzureCredential"):
        connect()


def test_without_azure_identity_there_is_one_sentence_with_the_line_to_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    credential.cache_clear()
    monkeypatch.setitem(sys.modules, "azure.identity", None)
    monkeypatch.setenv(HOST_VARIABLE, HOST)
    with pytest.raises(TutorialError, match="%pip install azure-identity"):
        connect()
    with pytest.raises(TutorialError, match="%pip install azure-identity"):
        Lab(AzureService(parse_connection_string(AZURE))).credential()


def test_where_nobody_is_signed_in_one_sentence_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Nobody:
        def get_token(self, *scopes: str, **options: Any) -> None:
            logging.getLogger("azure.identity.chained").warning("a screen of ways")
            raise ClientAuthenticationError("no way in")

    credential.cache_clear()
    identity = SimpleNamespace(DefaultAzureCredential=Nobody)
    monkeypatch.setitem(sys.modules, "azure.identity", identity)
    monkeypatch.setenv(HOST_VARIABLE, HOST)
    try:
        with pytest.raises(TutorialError, match=r"`az login`.*Azure Service Bus Data Owner"):
            connect()
    finally:
        credential.cache_clear()
    assert caplog.text == ""


def test_the_common_variable_with_our_own_brokers_string_leads_there(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(COMMON_VARIABLE, lab.connection_string)
    assert connect() == lab


# -- Names, and whose they are ----------------------------------------------------------------


def test_two_learners_have_queues_of_the_same_name_and_neither_touches_the_others(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    of("anna", lab, monkeypatch).fresh_queue("orders", user_metadata="two lines")
    of("ben.", lab, monkeypatch).fresh_queue("orders")
    of("ben.", lab, monkeypatch).fresh_queue("orders")
    of("anna", lab, monkeypatch).fresh_queue("anna-orders")
    assert queues(lab) == {
        "anna-orders": "made by sbtutorial for anna",
        "ben.orders": "made by sbtutorial for ben",
    }


@pytest.mark.parametrize("metadata", [None, "for work", mark("ben"), mark("annabel")])
def test_what_was_not_made_for_oneself_is_not_deleted(
    metadata: str | None, anna: Lab, lab: Lab
) -> None:
    with open_admin(lab.connection_string) as admin:
        if "anna-work" in queues(lab):
            admin.delete_queue("anna-work")
        admin.create_queue("anna-work", user_metadata=metadata)
    with pytest.raises(TutorialError, match=r"'anna-work' already.*SBTUTORIAL_PREFIX"):
        anna.fresh_queue("work")
    assert queues(lab)["anna-work"] == metadata
    assert (anna.has_made("work"), lab.has_made("anna-work")) == (False, True)


def test_what_was_made_for_oneself_is_known(anna: Lab, lab: Lab) -> None:
    anna.fresh_queue("mine")
    assert (anna.has_made("mine"), lab.has_made("anna-mine")) == (True, True)
    assert (anna.has_made("nowhere"), lab.has_made("nowhere")) == (False, False)


def test_an_emulator_that_keeps_no_marks_is_known_by_what_was_made_on_it(
    anna: Lab, lab: Lab
) -> None:
    anna.fresh_queue("marks")
    with open_admin(lab.connection_string) as admin:
        queue = admin.get_queue("anna-marks")
        queue.user_metadata = None
        admin.update_queue(queue)
    assert anna.mode is Mode.EMULATOR
    anna.fresh_queue("marks")


def test_who_has_no_prefix_has_a_name_that_says_nothing_and_stays(
    learner: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(PREFIX_VARIABLE, raising=False)
    first = owner()
    assert first.startswith("learner ")
    assert owner() == first
    assert prefix() == ""


@pytest.mark.parametrize("text", ["-anna", "an na", "a" * 41, "ünna", "anna;"])
def test_a_prefix_that_no_name_can_have_is_refused_in_a_sentence(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PREFIX_VARIABLE, text)
    with pytest.raises(TutorialError, match="as in anna"):
        prefix()


# -- Evidence ---------------------------------------------------------------------------------


def test_what_only_the_offline_broker_can_do_says_so_in_one_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lab = Lab(AzureService(parse_connection_string(AZURE)))
    calls: dict[str, Any] = {
        "lab.reset": lab.reset,
        "lab.kill_broker": lab.kill_broker,
        "lab.shrink": lambda: lab.shrink("orders", megabytes=1),
        "lab.events": lab.events,
        "lab.operations": lab.operations,
        "lab.faults.drop_next_ack": lambda: lab.faults.drop_next_ack("orders"),
        "lab.faults.refuse_sends": lambda: lab.faults.refuse_sends("timeout"),
        "lab.faults.delay": lambda: lab.faults.delay(1),
        "lab.faults.outage": lambda: lab.faults.outage(1),
        "lab.faults.cut_connections": lambda: lab.faults.cut_connections(),
    }
    for name, call in calls.items():
        call()
        said = capsys.readouterr().out
        assert said.startswith(f"{name}() is for the offline broker"), said
        assert said.count("\n") == 1
    assert list(lab.faults) == []


def test_pictures_and_timelines_are_made_from_peeking_and_say_so(
    anna: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    from azure.servicebus import ServiceBusMessage

    anna.fresh_queue("bakery")
    with open_client(anna.connection_string) as client:
        with client.get_queue_sender("anna-bakery") as sender:
            sender.send_messages([ServiceBusMessage(body) for body in ("rye", "oat", "spelt")])
        with client.get_queue_receiver("anna-bakery", max_wait_time=5) as receiver:
            rye, oat = receiver.receive_messages(1) + receiver.receive_messages(1)
            receiver.dead_letter_message(rye, reason="burnt")
            receiver.defer_message(oat)
    picture = repr(anna.show("bakery"))
    assert [line.split() for line in picture.splitlines()] == [
        ["anna-bakery", "ready", "or", "locked", "3", "spelt"],
        ["deferred", "2", "oat", "delivery", "count", "1"],
        ["dead", "1", "rye", "burnt"],
    ]
    capsys.readouterr()
    timeline = repr(anna.timeline("bakery"))
    said = capsys.readouterr().out
    assert said.startswith("Made from peeking")
    assert said.count("\n") == 1
    assert all(word in timeline for word in ("waiting", "dead", "deferred"))
    assert anna.events("bakery") == []
    known = anna.operations("bakery")
    assert repr(known) == "no operations are known"
    assert known._repr_html_() == "<p>no operations are known</p>"


def test_a_subscription_and_a_queue_with_sessions_are_shown_too(anna: Lab) -> None:
    from azure.servicebus import ServiceBusMessage

    anna.fresh_queue("tables", requires_session=True)
    with open_admin(anna.connection_string) as admin:
        admin.create_topic("anna-news")
        admin.create_subscription("anna-news", "all")
        assert repr(anna.show("news/all")).startswith("anna-news/all   ready or locked  –")
        assert repr(anna.show("news")).startswith("anna-news   all  –")
        admin.delete_topic("anna-news")
    assert repr(anna.show("tables")).startswith("anna-tables   ready or locked  –")
    with (
        open_client(anna.connection_string) as client,
        client.get_queue_sender("anna-tables") as sender,
    ):
        sender.send_messages(ServiceBusMessage("soup", session_id="Anna"))
    assert repr(anna.show("tables")).startswith("anna-tables   ready or locked  1 message\n")


def test_a_queue_that_forwards_is_shown_though_it_gives_nothing_out(anna: Lab) -> None:
    from azure.servicebus import ServiceBusMessage

    anna.fresh_queue("desk")
    anna.fresh_queue("door", forward_to="anna-desk", forward_dead_lettered_messages_to="anna-desk")
    with (
        open_client(anna.connection_string) as client,
        client.get_queue_sender("anna-door") as door,
    ):
        door.send_messages(ServiceBusMessage("quote"))
    assert repr(anna.show("door")).startswith("anna-door   ready or locked  –")
    assert repr(anna.show("desk")).startswith("anna-desk   ready or locked  1 quote")
    assert "0 messages" in repr(anna.timeline("door"))


def test_a_queue_that_is_not_there_is_named_in_a_sentence(anna: Lab) -> None:
    for call in (anna.show, anna.timeline):
        with pytest.raises(TutorialError, match="'anna-nothing' could not be found"):
            call("nothing")


# -- Without a key ----------------------------------------------------------------------------


def test_a_credential_of_the_lab_opens_what_its_role_allows(lab: Lab) -> None:
    from azure.servicebus import ServiceBusClient, ServiceBusMessage
    from azure.servicebus.exceptions import ServiceBusAuthorizationError

    lab.fresh_queue("parcels")
    shop = lab.credential("Azure Service Bus Data Sender")
    with ServiceBusClient(**lab.address, credential=shop, retry_total=0) as client:
        with client.get_queue_sender("parcels") as sender:
            sender.send_messages(ServiceBusMessage("one"))
        with pytest.raises(ServiceBusAuthorizationError), client.get_queue_receiver("parcels"):
            pass
    assert lab.show("parcels").snapshot.counts["ready"] == 1


def test_a_role_that_is_not_there_is_refused_with_those_that_are(lab: Lab) -> None:
    with pytest.raises(TutorialError, match="Azure Service Bus Data Receiver"):
        lab.credential("King")


def test_elsewhere_the_host_alone_is_the_address() -> None:
    lab = Lab(AzureService(parse_connection_string(AZURE)))
    assert lab.address == {"fully_qualified_namespace": HOST}


# -- What is counted --------------------------------------------------------------------------


def test_operations_are_counted_by_what_was_asked_for_and_not_by_what_the_broker_did(
    lab: Lab,
) -> None:
    from azure.servicebus import ServiceBusMessage

    lab.fresh_queue("paid", max_delivery_count=1)
    with open_client(lab.connection_string) as client:
        with client.get_queue_sender("paid") as sender:
            sender.send_messages([ServiceBusMessage(text) for text in ("tea", "cake")])
        with client.get_queue_receiver("paid", max_wait_time=5) as receiver:
            receiver.complete_message(receiver.receive_messages(1)[0])
            receiver.abandon_message(receiver.receive_messages(1)[0])  # and it is dead
    found = lab.operations("paid")
    assert dict(found) == {
        "sent": 2, "handed out": 2, "settled": 2, "locks and sessions": 0, "settings": 1,
    }  # fmt: skip
    assert repr(found).splitlines()[-1].split() == ["together", "7"]
    assert "<th" in found._repr_html_()
