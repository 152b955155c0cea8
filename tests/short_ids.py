"""Names of tests that stay short, whatever they are tried with.

pytest names a test by the texts that it is given, whole: a test of ten megabytes would have a name
of ten megabytes, which each process that runs tests makes, keeps and sends to the others.
"""

_LONGEST = 100


def short_id(value: object) -> str | None:
    """The beginning of a long text or of long bytes, and their length; None for all else.

    Texts of one beginning and one length may have the same: pytest numbers what it could not tell
    apart.
    """
    if not isinstance(value, (str, bytes)) or len(value) <= _LONGEST:
        return None
    beginning = value[:_LONGEST]
    text = beginning if isinstance(beginning, str) else beginning.decode("latin-1")
    return f"{text.encode('unicode_escape').decode('ascii')}... ({len(value)})"
