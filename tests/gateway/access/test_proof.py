import base64
from urllib.parse import quote

import pytest

from sbtutorial.gateway.access.proof import is_equal, is_nonce, proof, tag
from sbtutorial.gateway.access.resource import Resource
from sbtutorial.gateway.access.sas import Key, TokenError, verify

NONCE = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    "text", ["", "abc", "z" * 32, "A" * 32, "a" * 31, "a" * 65, "a" * 32 + "\n"]
)
def test_what_is_no_nonce(text: str) -> None:
    assert not is_nonce(text)
    assert is_nonce(NONCE)


def test_a_proof_depends_on_everything_in_it() -> None:
    shown = {
        tag("key", NONCE),
        tag("key", NONCE[::-1]),
        tag("other", NONCE),
        proof("key", NONCE, "one"),
        proof("key", NONCE, "two"),
        proof("key", NONCE[::-1], "one"),
        proof("other", NONCE, "one"),
    }
    assert len(shown) == 7


def test_proofs_are_compared_whatever_they_are() -> None:
    assert is_equal(tag("key", NONCE), tag("key", NONCE))
    assert not is_equal("", tag("key", NONCE))
    assert not is_equal("ü\ud800", tag("key", NONCE))


def test_no_tag_and_no_proof_is_the_signature_of_a_token() -> None:
    """Also of a token whose text is what was hashed: the key that was used is another."""
    for shown in (tag("key", NONCE), proof("key", NONCE, "1700000000")):
        signature = quote(base64.b64encode(bytes.fromhex(shown)), safe="")
        token = f"SharedAccessSignature sr={NONCE}&sig={signature}&se=1700000000&skn=Root"
        with pytest.raises(TokenError, match="InvalidSignature"):
            verify(token, keys={"Root": Key("key")}, resource=Resource("", ""), now=0.0)
