import base64
import hmac
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbtutorial.gateway.access.resource import Resource
from sbtutorial.gateway.access.sas import (
    LATE_RENEWAL_SECONDS,
    Key,
    TokenError,
    TokenProblem,
    Verified,
    authorize,
    sign,
    verify,
)

NOW = 1_700_000_000.0
END = NOW + 3600
URI = "sb://127.0.0.1:5672/orders"
KEYS = {
    "Root": Key("s3cret+/="),
    "my key+1": Key("other"),
    "Reader": Key("read", frozenset({"Listen"})),
}


def signature(key: str, text: str) -> str:
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), "sha256")).decode()


def token(sr: str, *, signed: str | None = None, name="Root", skn=None, end=int(END), order=None):
    """A token of any maker: `signed` is the spelling of the URI that the maker signed."""
    parts = {
        "sr": sr,
        "sig": quote(signature(KEYS[name].value, f"{signed or sr}\n{end}"), safe=""),
        "se": str(end),
        "skn": quote_plus(name) if skn is None else skn,
    }
    names = order or ("sr", "sig", "se", "skn")
    return "SharedAccessSignature " + "&".join(f"{part}={parts[part]}" for part in names)


def check(text: str, resource=URI, now=NOW, **options) -> Verified:
    return verify(text, keys=KEYS, resource=Resource.of(resource), now=now, **options)


def problem(text: str, **options) -> TokenProblem:
    with pytest.raises(TokenError) as refusal:
        check(text, **options)
    assert str(refusal.value)
    return refusal.value.kind


# -- Who makes tokens, and how --------------------------------------------------------------------

PYTHON = quote_plus(URI)
JAVASCRIPT = quote(URI, safe="")
LOWER = quote_plus(URI).lower()
HTTP_ORDER = ("sig", "se", "skn", "sr")
REQUEST = quote("https://127.0.0.1:5672/orders?api-version=2021-05&$skip=0", safe="").lower()


@pytest.mark.parametrize(
    "text",
    [
        sign(URI, "Root", KEYS["Root"].value, END),
        token(PYTHON),
        token(JAVASCRIPT),
        token(LOWER, order=HTTP_ORDER),
        token(quote_plus("https://127.0.0.1:5672")),
        token(quote_plus("http://127.0.0.1:5672/")),
        token(REQUEST, order=HTTP_ORDER),
        token(LOWER, signed=PYTHON),
        token(PYTHON, signed=LOWER),
        token(PYTHON, signed=URI),
        token(URI),
        token(URI, signed=PYTHON),
    ],
    ids=[
        "ours",
        "Python AMQP",
        "JavaScript AMQP",
        "legacy HTTP",
        "Python administration",
        "with a slash",
        "JavaScript administration",
        "signed before lowering",
        "signed in lower case",
        "signed plain, sent encoded",
        "plain",
        "signed encoded, sent plain",
    ],
)
def test_tokens_of_every_maker_are_verified(text):
    assert check(text) == Verified("Root", KEYS["Root"].rights, END)


@pytest.mark.parametrize("skn", ["my+key%2B1", "my%2Bkey%252B1", "my%20key%2B1", "my key+1"])
def test_key_names_may_be_encoded_once_twice_or_not(skn):
    assert check(token(PYTHON, name="my key+1", skn=skn)).key_name == "my key+1"


def test_our_signature_is_the_sdks():
    """The public way to a token of the SDK's own making: its administration client sends one."""
    from azure.core.pipeline.transport import HttpTransport
    from azure.servicebus.management import ServiceBusAdministrationClient

    tokens = []

    class Stop(Exception):
        pass

    class Capture(HttpTransport):
        def send(self, request, **_):
            tokens.append(request.headers["Authorization"])
            raise Stop

        def open(self): ...
        def close(self): ...
        def __exit__(self, *_): ...

    client = ServiceBusAdministrationClient.from_connection_string(
        "Endpoint=sb://127.0.0.1:5672;SharedAccessKeyName=Root;SharedAccessKey=s3cret+/=",
        transport=Capture(),
    )
    with pytest.raises(Stop):
        client.get_queue("orders")
    (theirs,) = tokens
    verified = check(theirs, now=0.0)
    assert theirs == sign("https://127.0.0.1:5672", "Root", "s3cret+/=", verified.expires_at)


@given(st.text(min_size=1, max_size=30), st.text(max_size=30), st.integers(0, 10**12))
def test_what_we_sign_we_verify(name, path, end):
    uri = f"sb://h/{quote(path.encode(errors='replace').decode())}"
    name = name.encode(errors="replace").decode()
    text = sign(uri, name, "k", end)
    assert (
        verify(text, keys={name: Key("k")}, resource=Resource.of(uri), now=end - 1).expires_at
        == end
    )


# -- What a token covers --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("granted", "resource"),
    [
        ("sb://h/orders", "sb://h/orders"),
        ("sb://h/orders", "amqps://H:5671/ORDERS/"),
        ("https://h:5443", "sb://h/any/thing"),
        ("h/orders", "sb://h/orders"),
        ("h:5671", "sb://h/orders"),  # no name has a colon
        ("sb://h/orders", "sb://h/orders/$management"),
        ("sb://h/orders/", "sb://h/orders/$DeadLetterQueue"),
        ("sb://h/a%2Fb", "sb://h/a/b"),
        ("sb://localhost:1/q", "sb://127.0.0.1:1/q"),
        ("sb://[::1]:1/q", "http://localhost/q"),
        ("https://h/q?api-version=2021-05", "https://h/q?x=1"),
        ("https://h/q?see=sb://x/y", "https://h/q"),
    ],
)
def test_token_covers_its_uri_and_all_below(granted, resource):
    check(token(quote_plus(granted)), resource=resource)


@pytest.mark.parametrize(
    ("granted", "resource"),
    [
        ("sb://h/orders", "sb://h/orders2"),
        ("sb://h/orders", "sb://h/order"),
        ("sb://h/orders/$management", "sb://h/orders"),
        ("sb://h/orders", "sb://h"),
        ("sb://other/orders", "sb://h/orders"),
        ("sb://localhost/orders", "sb://h/orders"),
        ("orders", "sb://h/orders"),
        ("h", "sb://h/orders"),
        ("orders:5671", "sb://h/orders"),
        (":5671", "sb://h/orders"),
        ("orders", "sb://orders/h"),
    ],
)
def test_token_covers_nothing_else(granted, resource):
    assert problem(token(quote_plus(granted)), resource=resource) is TokenProblem.WRONG_AUDIENCE


# -- What is refused ------------------------------------------------------------------------------


def test_wrong_key_tells_the_learner_where_the_right_one_is():
    with pytest.raises(TokenError) as refusal:
        check(sign(URI, "Root", "another broker's", END))
    assert refusal.value.kind is TokenProblem.BAD_SIGNATURE
    assert "lab.connection_string" in str(refusal.value)
    assert KEYS["Root"].value not in str(refusal.value)


def test_unknown_key_name_is_named():
    with pytest.raises(TokenError) as refusal:
        check(sign(URI, "Nobody", "k", END))
    assert refusal.value.kind is TokenProblem.UNKNOWN_KEY
    assert "'Nobody'" in str(refusal.value)


def test_token_ends_when_it_says_and_with_grace_a_little_later():
    text = token(PYTHON)
    check(text, now=END - 0.5)
    assert problem(text, now=END) is TokenProblem.EXPIRED
    check(text, now=END + 119.0, grace_seconds=LATE_RENEWAL_SECONDS)
    late = problem(text, now=END + 120.0, grace_seconds=LATE_RENEWAL_SECONDS)
    assert late is TokenProblem.EXPIRED


@pytest.mark.parametrize("part", ["sr", "sig", "se", "skn"])
def test_every_part_is_needed_and_named(part):
    parts = [name for name in ("sr", "sig", "se", "skn") if name != part]
    with pytest.raises(TokenError, match=f"no {part};") as refusal:
        check(token(PYTHON, order=parts))
    assert refusal.value.kind is TokenProblem.MALFORMED


@pytest.mark.parametrize("part", ["sr", "se"])
def test_no_part_can_be_changed_under_the_signature(part):
    changes = {"sr": (PYTHON, PYTHON + "x"), "se": (f"se={int(END)}", f"se={int(END) + 1}")}
    assert problem(token(PYTHON).replace(*changes[part])) is TokenProblem.BAD_SIGNATURE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Bearer abc",
        "SharedAccessSignature",
        "SharedAccessSignature ",
        "SharedAccessSignature &&&==&=",
        token(PYTHON).replace("sig=", "sig=%ff"),
        token(PYTHON).replace("sig=", "sig=%C3%A9"),
        token(PYTHON).replace(f"se={int(END)}", "se=soon"),
        token(PYTHON).replace(f"se={int(END)}", "se=-1"),
        token(PYTHON).replace(f"se={int(END)}", "se=१७"),
        token(PYTHON).replace(f"se={int(END)}", "se=" + "9" * 5000),
        token(PYTHON) + "&x=" + "y" * 10_000,
    ],
)
def test_what_is_no_token_is_malformed(text):
    assert problem(text) is TokenProblem.MALFORMED


@given(st.text())
def test_no_text_does_more_than_be_refused(text):
    for candidate in (text, "SharedAccessSignature " + text, token(PYTHON) + text):
        try:
            check(candidate)
        except TokenError as error:
            assert error.kind in TokenProblem


def test_surrogates_do_no_harm():
    assert problem(token(PYTHON).replace("orders", "\ud800")) is TokenProblem.BAD_SIGNATURE


# -- HTTP -----------------------------------------------------------------------------------------


def allow(header, **options) -> Verified:
    resource = Resource.of("https://127.0.0.1:5672/q")
    return authorize(header, keys=KEYS, resource=resource, now=NOW, **options)


def test_administration_needs_a_key_that_manages():
    assert allow(sign("https://127.0.0.1:5672", "Root", "s3cret+/=", END)).key_name == "Root"
    reader = sign("https://127.0.0.1:5672", "Reader", "read", END)
    assert allow(reader, right="Listen").rights == {"Listen"}
    with pytest.raises(TokenError, match="Manage claim is required") as refusal:
        allow(reader)
    assert refusal.value.kind is TokenProblem.MISSING_RIGHT


@pytest.mark.parametrize("header", [None, ""])
def test_missing_header_is_explained(header):
    with pytest.raises(TokenError, match="no Authorization header") as refusal:
        allow(header)
    assert refusal.value.kind is TokenProblem.MISSING


def test_administration_clients_late_renewal_is_let_through():
    allow(sign("https://127.0.0.1:5672", "Root", "s3cret+/=", NOW - 60))
    with pytest.raises(TokenError, match="ended 200 s ago"):
        allow(sign("https://127.0.0.1:5672", "Root", "s3cret+/=", NOW - 200))
