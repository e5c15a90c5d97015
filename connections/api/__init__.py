"""Routes of connected accounts."""

from ninja import Router

from connections.api.accounts import router as accounts
from connections.api.using import router as using

router = Router()
router.add_router("/connected_accounts", accounts)
router.add_router("/connected_accounts", using)

__all__ = ["router"]
