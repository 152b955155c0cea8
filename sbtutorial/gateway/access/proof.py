"""Who listens, proved before anything is signed for it: a challenge, and the answer to it.

Whoever listens on a broker's port may be a stranger: the broker is gone, and the port was free. A
client that sent it a token would have given it away. So it asks first, by a nonce that nobody has
seen before. Both sides show that they have the key, and neither shows anything that opens a door:

    client → a nonce, and a tag of it made with the key      who has no key gets no proof to study
    broker → its instance, and a proof made of nonce, instance and key

A token that is made then is for that instance of a broker alone. What is keyed here is never the
key itself but a digest of it and of what it is for, so no tag and no proof is a token's signature.

Source of the primitive: RFC 2104, HMAC.
"""

import hmac
import re

_NONCE = re.compile(r"[0-9a-f]{32,64}")
_TAG, _PROOF = "sbtutorial: a client asks who listens", "sbtutorial: the broker answers"


def is_nonce(text: str) -> bool:
    """Whether a text can be a nonce: 16 random bytes or more, in hexadecimal."""
    return _NONCE.fullmatch(text) is not None


def tag(key: str, nonce: str) -> str:
    """What shows that a client has the key, in hexadecimal."""
    return _digest(key, _TAG, nonce)


def proof(key: str, nonce: str, instance: str) -> str:
    """What shows that a broker has the key, and which instance it is, in hexadecimal."""
    return _digest(key, _PROOF, f"{nonce}\n{instance}")


def is_equal(text: str, wanted: str) -> bool:
    """Whether two tags or proofs are the same, in a time that tells nothing."""
    return hmac.compare_digest(text.encode(errors="replace"), wanted.encode())


def _digest(key: str, purpose: str, text: str) -> str:
    own = hmac.digest(key.encode(errors="surrogatepass"), purpose.encode(), "sha256")
    return hmac.digest(own, text.encode(), "sha256").hex()
