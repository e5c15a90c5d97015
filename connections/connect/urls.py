"""Paths of the hosted pages."""

from django.urls import path

from connections.connect.views import CallbackView, LinkView

app_name = "connect"

urlpatterns = [
    path("callback/<slug:auth_config_id>", CallbackView.as_view(), name="callback"),
    path("<slug:token>", LinkView.as_view(), name="link"),
]
