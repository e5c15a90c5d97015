"""All settings of Evergrant, in one file, read from typed environment variables.

Every secret may also be given as ``NAME_FILE`` (a path to a file that holds it), the convention of
container secrets. No secret has a default: what is missing is reported by the system checks of
``integrations.checks`` and the service refuses to start. ``.env.example`` lists every variable.
"""

from pathlib import Path
from urllib.parse import urlsplit

import django_stubs_ext

from config import unfold
from config.csp import DIRECTIVES
from config.logs import configure
from config.secret_files import Environment
from config.secret_key import resolve_secret_key
from integrations.secrets.processes import connection_name

# Lets `QuerySet[Row]`, `ModelForm[Row]` and the like stand in code, as the type checker wants them.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

env = Environment(
    DEBUG=(bool, False),
    SECRET_KEY=(str, ""),
    SECRET_KEY_FALLBACKS=(list, []),
    FIELD_ENCRYPTION_KEYS=(list, []),
    KEYS_ENV_FILE=(str, ""),
    ALLOWED_HOSTS=(list, []),
    BASE_URL=(str, ""),
    OUTBOUND_ALLOW_LOOPBACK=(bool, False),
    LOG_LEVEL=(str, "INFO"),
    LOG_FORMAT=(str, "json"),
    TRUST_PROXY=(bool, False),
    REQUIRE_SECOND_FACTOR=(bool, False),
    SSO_ISSUER=(str, ""),
    SSO_CLIENT_ID=(str, ""),
    SSO_CLIENT_SECRET=(str, ""),
    SSO_NAME=(str, "single sign-on"),
    SSO_SCOPES=(list, ["openid", "profile", "email"]),
    SSO_ALLOWED_DOMAINS=(list, []),
    SSO_ALLOWED_GROUPS=(list, []),
    SSO_GROUPS_CLAIM=(str, "groups"),
    SSO_ROLES=(str, ""),
    SSO_TRUSTS_EMAIL=(bool, False),
    SSO_IS_SECOND_FACTOR=(bool, False),
    CONNECT_LINK_SECONDS=(int, 600),
    REAUTH_LINK_SECONDS=(int, 86_400),
    CONNECT_VERIFY_SECONDS=(int, 300),
    REFRESH_LEASE_SECONDS=(int, 45),
    JOURNAL_FOLDER=(str, "var/journal"),
    JOURNAL_RETENTION_SECONDS=(int, 600),
    REFRESH_LATE_SECONDS=(int, 120),
    HISTORY_DAYS=(int, 30),
    AUDIT_DAYS=(int, 400),
    METRICS_TOKEN=(str, ""),
    WORKER_PROCESSES=(int, 4),
    STATIC_ROOT=(str, ""),
    EMAIL_URL=(str, ""),
    DEFAULT_FROM_EMAIL=(str, ""),
)

# --- The service -----------------------------------------------------------------------------

DEBUG = env("DEBUG")
SECRET_KEY_GIVEN = env("SECRET_KEY")
SECRET_KEY = resolve_secret_key(SECRET_KEY_GIVEN)
SECRET_KEY_FALLBACKS = env("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = env("ALLOWED_HOSTS")
# The public origin, without a final slash: links and callback URLs start with it.
BASE_URL = env("BASE_URL").rstrip("/")
CSRF_TRUSTED_ORIGINS = [BASE_URL] if BASE_URL else []

# First seals, all open; see integrations.secrets.
FIELD_ENCRYPTION_KEYS = env("FIELD_ENCRYPTION_KEYS")
# The file of NAME=value lines that they come from; `manage.py keys` changes them there.
KEYS_ENV_FILE = env("KEYS_ENV_FILE")

# Lets the outbound door reach 127.0.0.0/8 and ::1, over http too. For development and tests only.
OUTBOUND_ALLOW_LOOPBACK = env("OUTBOUND_ALLOW_LOOPBACK")

# How long a connect link lives, in seconds; at most 24 h (checked).
CONNECT_LINK_SECONDS = env("CONNECT_LINK_SECONDS")
# How long the reconnect link inside an event lives: an app may read the event late.
REAUTH_LINK_SECONDS = env("REAUTH_LINK_SECONDS")
# How long a provider's answer is held for the app to say who its person is (checked).
CONNECT_VERIFY_SECONDS = env("CONNECT_VERIFY_SECONDS")
# How long a worker owns an account it refreshes; longer than a token call can last (checked).
REFRESH_LEASE_SECONDS = env("REFRESH_LEASE_SECONDS")
# Where issued tokens are kept, sealed, until the database has them: a folder on a local disk.
JOURNAL_FOLDER = BASE_DIR / (env("JOURNAL_FOLDER") or "var/journal")
# For how long after that, so that a database that forgot a commit in a failover can be repaired.
JOURNAL_RETENTION_SECONDS = env("JOURNAL_RETENTION_SECONDS")

# An account that has been due for longer than that makes /healthz/refresh fail.
REFRESH_LATE_SECONDS = env("REFRESH_LATE_SECONDS")
# How long refreshes, links, events and deliveries are kept; and changes of status (checked).
HISTORY_DAYS = env("HISTORY_DAYS")
AUDIT_DAYS = env("AUDIT_DAYS")
# Who may read /metrics; without it there is no such page.
METRICS_TOKEN = env("METRICS_TOKEN")

# --- Applications ----------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.usersessions",
    # Before the job runner, whose command it replaces.
    "config",
    "django_q",
    "encrypted_model_fields",
    "ninja",
    "csp",
    "integrations",
    "webhooks",
    "connections",
]

MIDDLEWARE = [
    "config.request_id.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "config.api_path.ApiMiddleware",
    "connections.language_middleware.LanguageMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.csp.PoliciesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "config.hosts.HostMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.sign_in.activity.ActivityMiddleware",
    "config.sign_in.second_factor.SecondFactorMiddleware",
    "config.without_database.DatabaseAwayMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
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

# --- Database --------------------------------------------------------------------------------

DATABASES = {"default": env.db("DATABASE_URL", default="postgresql://localhost/evergrant")}
DATABASES["default"]["ENGINE"] = "integrations.database"
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# A form reads its choices through a server-side cursor, and a template may stop reading early. When
# the garbage collector then closes the cursor amid another query of the same thread, that thread
# waits for itself for ever. Large tables are read in batches by key instead.
DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = True
# Without these a network that swallows packets is waited for for many minutes.
for option, value in {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,  # milliseconds
}.items():
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault(option, value)
# By this `manage.py keys` sees which keys the processes know that are connected.
DATABASES["default"].setdefault("OPTIONS", {}).setdefault(
    "application_name", connection_name(FIELD_ENCRYPTION_KEYS)
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Sign-in of operators ----------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "admin:index"
ACCOUNT_ADAPTER = "config.sign_in.accounts.OperatorAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_FORMS = {"reset_password": "config.sign_in.passwords.ResetForm"}
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
# Operators' accounts are made by other operators; how many proxies stand in front decides whose
# address the rate limits count.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if env("TRUST_PROXY") else 0

# Staff without a second factor are led to set one up before any page of the console.
REQUIRE_SECOND_FACTOR = env("REQUIRE_SECOND_FACTOR")
MFA_ADAPTER = "config.sign_in.factors.OperatorMfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
# A code of the step before or behind counts too: clocks differ, and people type (RFC 6238, 5.2).
MFA_TOTP_TOLERANCE = 1
MFA_FORMS = {
    "authenticate": "config.sign_in.codes.CodeForm",
    "reauthenticate": "config.sign_in.codes.CodeAgainForm",
    "authenticate_webauthn": "config.sign_in.codes.PasskeyForm",
    "login_webauthn": "config.sign_in.codes.PasskeyAloneForm",
    "reauthenticate_webauthn": "config.sign_in.codes.PasskeyAgainForm",
    "add_webauthn": "config.sign_in.codes.NewPasskeyForm",
}

# Single sign-on at one OpenID provider; see config.sign_in.sso and docs/how-to/staff.md.
SOCIALACCOUNT_ADAPTER = "config.sign_in.sso.adapter.StaffSocialAccountAdapter"
SSO_ISSUER = env("SSO_ISSUER")
SSO_CLIENT_ID = env("SSO_CLIENT_ID")
SSO_CLIENT_SECRET = env("SSO_CLIENT_SECRET")
# What stands on the button, after "Continue with".
SSO_NAME = env("SSO_NAME")
SSO_SCOPES = env("SSO_SCOPES")
# Who may come in: where one is set it must be so, at every sign-in; without any, only people who
# are there already.
SSO_ALLOWED_DOMAINS = env("SSO_ALLOWED_DOMAINS")
SSO_ALLOWED_GROUPS = env("SSO_ALLOWED_GROUPS")
SSO_GROUPS_CLAIM = env("SSO_GROUPS_CLAIM")
# Which groups there give which roles here, as JSON.
SSO_ROLES = env("SSO_ROLES")
# Of a provider that says nothing of addresses being verified, because all of them are.
SSO_TRUSTS_EMAIL = env("SSO_TRUSTS_EMAIL")
SSO_IS_SECOND_FACTOR = env("SSO_IS_SECOND_FACTOR")

# --- Mail --------------------------------------------------------------------------------------

# Without it nothing is sent: notices to people wait for a day and are given up, with an alarm.
SENDS_MAIL = bool(env("EMAIL_URL"))
if SENDS_MAIL:
    vars().update(env.email_url("EMAIL_URL"))
# Seconds that each step of a mail server may take.
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = (
    env("DEFAULT_FROM_EMAIL") or f"evergrant@{urlsplit(BASE_URL).hostname or 'localhost'}"
)

# --- Jobs --------------------------------------------------------------------------------------

# Rows are the queue; tasks carry ids and are wake-ups. A watching task runs for a minute, so the
# time-out leaves room and `retry` (after which the broker hands a task out again) is longer still.
Q_CLUSTER = {
    "name": "evergrant",
    "orm": "default",
    "workers": env("WORKER_PROCESSES"),
    "timeout": 180,
    "retry": 240,
    "poll": 1,
    "max_attempts": 1,
    "ack_failures": True,
    "catch_up": False,
    "save_limit": 250,
    "label": "Jobs",
}

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# --- Web ---------------------------------------------------------------------------------------

# The console and the API are English. The hosted pages follow the person's browser, or her choice
# (connections.languages); what they say in each language stands in the catalogs.
LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", "English"),
    ("de", "Deutsch"),
    ("fr", "Français"),
    ("es", "Español"),
    ("ja", "日本語"),
    ("ar", "العربية"),
]
LOCALE_PATHS = [BASE_DIR / "connections" / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "static/"
STATIC_ROOT = env("STATIC_ROOT") or BASE_DIR / "var" / "static"
STATICFILES_DIRS = [BASE_DIR / "templates" / "static"]
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG

# The largest request body in bytes; a larger one is answered with 413.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
if BASE_URL.startswith("https://"):
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 31_536_000
if env("TRUST_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# What pages may load; the API's documentation page sets a policy of its own.
CONTENT_SECURITY_POLICY = {"DIRECTIVES": DIRECTIVES}

# --- Logs and error reports ----------------------------------------------------------------------

LOGGING = configure(level=env("LOG_LEVEL"), readable=env("LOG_FORMAT") == "readable")
DEFAULT_EXCEPTION_REPORTER_FILTER = "config.error_reports.NoVariables"

# --- Look of the admin ----------------------------------------------------------------------------

UNFOLD = unfold.UNFOLD
