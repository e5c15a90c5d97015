"""Proves that grants work where no refresh proves it, so that a death is not found by an agent.

``claim`` takes accounts whose proof is due, as many as the gate in ``endpoint`` lets through,
``asking`` makes the calls, ``outcome`` stores what they brought, ``retry`` says when the next one
comes.
docs/explanation/lifecycle.md tells what is proven when, and what an answer does.
"""

from connections.probing.asking import probe
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
]
