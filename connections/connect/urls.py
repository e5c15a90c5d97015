"""Paths of the hosted pages."""

from django.urls import path

from connections.connect.views import CallbackView, FinishedView, LinkView

app_name = "connect"

urlpatterns = [
    path("callback/<slug:auth_config_id>", CallbackView.as_view(), name="callback"),
    path("finished/<slug:link_id>", FinishedView.as_view(), name="finished"),
    path("<slug:token>", LinkView.as_view(), name="link"),
]
