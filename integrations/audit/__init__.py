"""The audit trail: who of the staff did what, on what, from where, why, and what came of it.

`recording` writes an entry; the admin's pages (`integrations.admin.audited`, `.operations`), the
signals of signing in (`signing_in`), the sign-in pages (`config.sign_in`), the command that resets
a second factor, and bulk jobs that end call it, and nobody else does.
"""

from integrations.audit.recording import Subject, record

__all__ = ["Subject", "record"]
