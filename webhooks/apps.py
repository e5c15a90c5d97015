"""Signed events to the app's own servers."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """Events (outbox), endpoints, deliveries, signing and the retry schedule."""

    name = "webhooks"
