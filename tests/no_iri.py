"""Spares each process that reads notebooks a second of its processor's time.

To read one takes `jsonschema`, which imports `rfc3987_syntax` where that is installed, which builds
38 grammars there and then: all for the format `iri`, that no notebook has. Without it `jsonschema`
leaves that format out.
"""

import sys

if "jsonschema" not in sys.modules:
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
