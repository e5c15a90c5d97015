"""Entities, connected accounts and their lifecycle: connecting, keeping fresh, revoking."""
