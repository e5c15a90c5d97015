"""The admin site as a whole: sign-in through allauth, and nothing of the job runner's tables."""

from allauth.account.decorators import secure_admin_login
from django.apps import apps
from django.contrib import admin

# allauth brings rate limits, and later second factors and single sign-on.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


def hide_job_runner() -> None:
    """Take the job runner's tables out of the admin, once every app has registered its own.

    A task's arguments are no operator's business, and running one by hand from a form would be a
    way around every permission.
    """
    for model in apps.get_app_config("django_q").get_models():
        if admin.site.is_registered(model):
            admin.site.unregister(model)
