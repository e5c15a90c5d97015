"""Every address of Evergrant."""

from django.contrib import admin
from django.http import HttpRequest, JsonResponse
from django.urls import include, path
from django.views.generic import RedirectView

from config.api import api


def healthz(request: HttpRequest) -> JsonResponse:
    """Tell that the web server answers."""
    return JsonResponse({"status": "ok"})


urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="root"),
    path("healthz", healthz, name="healthz"),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.account.urls")),
    path("connect/", include("connections.connect.urls")),
    path("api/v1/", api.urls),
]
