"""Mails to people whose grants died or are about to: recorded, sent, and led back from.

A project decides whether its people are written to, the app says at which address, and each person
may refuse. See docs/decisions/0024-expiry-notices.md.
"""
