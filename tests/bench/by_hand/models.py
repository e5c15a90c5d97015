"""Tokens and API keys as they come.

The type checker reads Evergrant's settings, not these, so the managers have to be told of.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


class ApiKey(models.Model):
    """A customer's key."""

    customer = models.CharField(max_length=100)
    key = models.CharField(max_length=100, unique=True)

    objects: ClassVar[Any] = models.Manager()

    class Meta:
        app_label = "by_hand"


class Grant(models.Model):
    """A user's tokens at a service."""

    customer = models.CharField(max_length=100)
    access_token = models.TextField()
    refresh_token = models.TextField()
    token_type = models.CharField(max_length=20, default="bearer")
    expires_at = models.DateTimeField(db_index=True)
    refreshed_at = models.DateTimeField()
    # For the benchmark, to count by.
    generation = models.PositiveIntegerField(default=1)

    objects: ClassVar[Any] = models.Manager()

    class Meta:
        app_label = "by_hand"
