"""Tokens, and the places that they are for."""

from sbtutorial.gateway.access import proof
from sbtutorial.gateway.access.resource import Resource, covers
from sbtutorial.gateway.access.sas import ALL_RIGHTS, Key, TokenError, authorize, sign, verify

WORDS = (
    b"SharedAccessSignature ",
    b"sr=",
    b"&sig=",
    b"&se=",
    b"&skn=",
    b"sb%3A%2F%2F127.0.0.1%2Forders",
    b"%2f",
    b"%25",
    b"%",
    b"+",
    b"://",
    b"/orders",
    b"/..",
    b"?",
    b"#",
    b"[::1]",
    b"Bearer ",
)
_KEYS = {"name": Key("not to be guessed"), "weak": Key("", ALL_RIGHTS)}
_ORDERS = Resource("127.0.0.1", "orders")


def token(data: bytes) -> None:
    """No bytes are a token for a key that nobody knows; why they are none is said in a sentence."""
    text = data.decode("utf-8", "surrogateescape")
    keys = {"name": _KEYS["name"]}
    for check in (_verify, _authorize):
        try:
            check(text, keys)
        except TokenError as refusal:
            assert len(str(refusal)) < 1000
            continue
        raise AssertionError("a token was guessed")


def _verify(text: str, keys: dict[str, Key]) -> None:
    verify(text, keys=keys, resource=_ORDERS, now=0.0)


def _authorize(text: str, keys: dict[str, Key]) -> None:
    authorize(text, keys=keys, resource=_ORDERS, now=0.0)


def resource(data: bytes) -> None:
    """A place covers itself and what is below it; one that is signed opens that and no other."""
    text = data.decode("utf-8", "replace")
    place = Resource.of(text)
    assert place.covers(place)
    assert covers(place.path, f"{place.path}/below")
    assert not covers(f"{place.path}x", place.path)
    assert not proof.is_equal(text, proof.tag("key", "0" * 32))
    if "/" not in text or len(text) > 1000 or not text.isprintable():
        return
    signed = sign(text, "name", "not to be guessed", 60.0)
    try:
        verify(signed, keys={"name": _KEYS["name"]}, resource=_ORDERS, now=0.0)
    except TokenError:
        return
    assert place.path in ("", "orders"), place
