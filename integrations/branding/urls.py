"""Paths of what projects' pages look like."""

from django.urls import re_path

from integrations.branding.views import show_logo, show_stylesheet

app_name = "branding"

urlpatterns = [
    re_path(
        r"^(?P<accent>[0-9a-f]{6})/(?P<digest>[0-9a-f]{16})\.css$",
        show_stylesheet,
        name="stylesheet",
    ),
    re_path(r"^logo/(?P<digest>[0-9a-f]{64})\.png$", show_logo, name="logo"),
]
