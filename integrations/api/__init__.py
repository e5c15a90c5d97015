"""What the API routers of all apps share, and the routes of this app. Assembled in `config.api`."""

from integrations.api.project import router as project_router
from integrations.api.routes import router
from integrations.api.tools import router as tools_router

router.add_router("", project_router)
router.add_router("", tools_router)

__all__ = ["router"]
