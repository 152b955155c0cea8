"""The incidents by name, easy ones first."""

from sbtutorial.attacks.incidents import (
    holding,
    losing,
    repeating,
    setting_aside,
    taking,
    waiting,
)
from sbtutorial.attacks.incidents.incident import Incident

INCIDENTS: dict[str, Incident] = {
    incident.name: incident
    for incident in (
        losing.DEPLOY,
        taking.EVENING,
        waiting.LUNCH,
        repeating.MONDAYS,
        losing.GREEN,
        waiting.STANDSTILL,
        repeating.RESTART,
        taking.MORNING,
        setting_aside.OFFICE,
        holding.CROWD,
        holding.LUCKY,
        waiting.BUSY,
        setting_aside.RETRY,
    )
}
