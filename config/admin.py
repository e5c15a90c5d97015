"""The admin site as a whole: sign-in through allauth, and nothing of tables that are not ours."""

from allauth.account.decorators import secure_admin_login
from django.apps import apps
from django.contrib import admin

# allauth brings rate limits, second factors and single sign-on.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


def hide_tables_of_others() -> None:
    """Take others' tables out of the admin, once every app has registered its own.

    A task's arguments are no operator's business, and running one by hand from a form would be a
    way around every permission. allauth's tables of sign-ins with other services, of which it shows
    tokens in plain text, stay empty here; its e-mail addresses people keep themselves, and whoever
    changes one takes an account over. Second factors and sessions are shown with the user, and
    ended there by an operation that stands in the audit trail.
    """
    for app in ("account", "django_q", "mfa", "socialaccount", "usersessions"):
        for model in apps.get_app_config(app).get_models():
            if admin.site.is_registered(model):
                admin.site.unregister(model)
