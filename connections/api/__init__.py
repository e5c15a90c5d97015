"""Routes of connected accounts, and of the people who connected them."""

from ninja import Router

from connections.api.accounts import router as accounts
from connections.api.entities import router as entities
from connections.api.using import router as using

router = Router()
router.add_router("/connected_accounts", accounts)
router.add_router("/connected_accounts", using)
router.add_router("/entities", entities)

__all__ = ["router"]
