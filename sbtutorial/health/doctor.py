"""`doctor()`: in a notebook, what `sbtutorial doctor` says in a terminal."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from sbtutorial.health.examination import Finding, Kind, examine, verdict
from sbtutorial.views.markup import described, element, twin

_ALL = "print(doctor()) says what was found."


class Examination:
    """What a lesson needs, as it was found to be.

    A notebook shows what was looked at, the same on every computer on which all is in order, and of
    the rest what is wrong and what to do. `print` shows everything.

    Attributes:
        findings: Everything, in order.
    """

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)

    def __str__(self) -> str:
        return "\n".join([*map(str, self.findings), "", verdict(self.findings)])

    def __repr__(self) -> str:
        return "\n".join([*map(str, self._in_short()), "", self._end])

    def _repr_html_(self) -> str:
        rows = ((one.kind, " → ".join(filter(None, one[1:3]))) for one in self._in_short())
        return twin("", described(rows), element("p", self._end, style="margin: 0")).text

    @property
    def _end(self) -> str:
        return f"{verdict(self.findings)} {_ALL}"

    def _in_short(self) -> Iterator[Finding]:
        """A subject in which all is in order by its name alone; of any other, what is not."""
        for subject, found in groupby(self.findings, key=lambda one: one.subject):
            telling = [one for one in found if one.kind is not Kind.OK]
            yield from telling or [Finding(Kind.OK, subject)]


def doctor() -> Examination:
    """Look at everything that a lesson needs; needs no `connect()`, and raises nothing."""
    return Examination(list(examine()))
