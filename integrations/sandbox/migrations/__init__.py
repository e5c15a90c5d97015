"""Migrations of the sandbox provider's own tables."""
