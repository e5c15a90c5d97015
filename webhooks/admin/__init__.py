"""Pages of endpoints, events and deliveries."""

from webhooks.admin import deliveries, endpoints, events

__all__ = ["deliveries", "endpoints", "events"]
