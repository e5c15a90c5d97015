"""Entities, their connected accounts, and what happens to them."""

from connections.models.attempt import ConnectAttempt
from connections.models.breaker import Breaker
from connections.models.bulk import BulkItem, BulkJob
from connections.models.connected_account import ConnectedAccount
from connections.models.credentials import Credentials
from connections.models.entity import Entity
from connections.models.expiry_notice import ExpiryNotice, NoticeCause, NoticeState, grant_of
from connections.models.history import RefreshAttempt, RefreshOutcome, Transition, Trigger
from connections.models.journal_folder import JournalFolder
from connections.models.link import ConnectLink
from connections.models.portal_link import PortalLink
from connections.models.proof import Proof, ProofOutcome
from connections.models.revocation import Revocation
from connections.models.status import Reason, Status
from connections.models.tally import AccountTally, RefreshTally
from connections.models.use import AccountUse
from connections.models.verification import Verification
from connections.models.worker import Worker

__all__ = [
    "AccountTally",
    "AccountUse",
    "Breaker",
    "BulkItem",
    "BulkJob",
    "ConnectAttempt",
    "ConnectLink",
    "ConnectedAccount",
    "Credentials",
    "Entity",
    "ExpiryNotice",
    "JournalFolder",
    "NoticeCause",
    "NoticeState",
    "PortalLink",
    "Proof",
    "ProofOutcome",
    "Reason",
    "RefreshAttempt",
    "RefreshOutcome",
    "RefreshTally",
    "Revocation",
    "Status",
    "Transition",
    "Trigger",
    "Verification",
    "Worker",
    "grant_of",
]
