"""Settings of the sandbox provider, a Django project of its own. Never import it from Evergrant.

Nothing here is read from a file: ``runtime`` carries what the command line was given and the keys
that the sandbox keeps in its own database schema.
"""

from integrations.sandbox import runtime
from integrations.sandbox.database import django_connection

_runtime = runtime.current()

DEBUG = False
SECRET_KEY = _runtime.secret_key
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", _runtime.host]

INSTALLED_APPS = [
    "integrations.sandbox.apps.SandboxConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.idp.oidc",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "integrations.sandbox.headers.content_security_policy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "integrations.sandbox.urls"
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": django_connection(_runtime.database_url, _runtime.schema)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Authorization codes live here: one serving process, and a restart voids codes of the last minute.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# Browsers do not separate cookies by port: Evergrant runs on the same host, under its own names.
SESSION_COOKIE_NAME = "acme_session"
CSRF_COOKIE_NAME = "acme_csrf"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = ["integrations.sandbox.hashers.SandboxPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "integrations.sandbox.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = True
# Tests sign up many people from one address.
ACCOUNT_RATE_LIMITS = False
IDP_OIDC_RATE_LIMITS = False
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

IDP_OIDC_ADAPTER = "integrations.sandbox.adapters.ProviderAdapter"
IDP_OIDC_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]
# Lifetimes and rotation follow the switches, per request.
ALLAUTH_SETTING_GETTER = "integrations.sandbox.dynamic.read_setting"

TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "sandbox %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        # At DEBUG oauthlib writes whole token answers.
        "oauthlib": {"level": "WARNING"},
        # 4xx answers are what a sandbox is for.
        "django.request": {"level": "ERROR"},
    },
}
