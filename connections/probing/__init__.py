"""Proves that grants work where no refresh proves it, so that a death is not found by an agent.

``claim`` takes accounts whose proof is due, as many as the gate in ``endpoint`` lets through,
``asking`` makes the calls, ``outcome`` stores what they brought, ``recording`` writes it into the
history, ``retry`` says when the next one comes. ``at_once`` asks about one account because somebody
wants to know.
docs/explanation/lifecycle.md tells what is proven when, and what an answer does.
"""

from connections.probing.asking import probe
from connections.probing.at_once import probe_account
from connections.probing.claim import claim_due
from connections.probing.finding import Alive, Dead, Finding, Probe, Renewed, Unknown
from connections.probing.outcome import finish

__all__ = [
    "Alive",
    "Dead",
    "Finding",
    "Probe",
    "Renewed",
    "Unknown",
    "claim_due",
    "finish",
    "probe",
    "probe_account",
]
