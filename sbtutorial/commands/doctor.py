"""`sbtutorial doctor`: what is wrong, and what to do."""

import argparse

from sbtutorial.commands import parsers


def add(commands: parsers.Commands) -> None:
    """Add its parser."""
    parsers.add(
        commands,
        "doctor",
        _run,
        help="look for what is wrong, and say what to do",
        epilog="The one thing to run first; `doctor()` in a notebook is the same. Exit code 0 if "
        "everything is in order, 1 if there is something to put right.",
        examples=["sbtutorial doctor"],
        extras=None,  # without packages of its own: it says which are missing
    )


def _run(_: argparse.Namespace) -> int:
    from sbtutorial.health.examination import Kind, examine, verdict

    findings = []
    for finding in examine():
        print(finding, flush=True)
        findings.append(finding)
    print(f"\n{verdict(findings)}")
    return int(any(one.kind is Kind.PROBLEM for one in findings))
