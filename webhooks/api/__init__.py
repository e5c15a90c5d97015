"""The API of this app: `webhook_endpoints` and `events`. Assembled in `config.api`."""

from ninja import Router

from webhooks.api.endpoints import router as webhook_endpoints
from webhooks.api.events import router as events

router = Router()
router.add_router("/webhook_endpoints", webhook_endpoints)
router.add_router("/events", events)

__all__ = ["events", "router", "webhook_endpoints"]
