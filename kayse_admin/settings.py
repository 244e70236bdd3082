"""Settings of the dashboard: one file, every difference between two places comes from the environment.

`.env` beside `manage.py` is read if it is there; a variable that is set already wins. `.env.example` lists them.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env")

VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")))

# --- The vendor -------------------------------------------------------------------------------------------
SANDBOX_PORT = env.int("SANDBOX_PORT", default=8001)
KAYSE_API_URL = env.str("KAYSE_API_URL", default=f"http://127.0.0.1:{SANDBOX_PORT}/v1")
#: True while the vendor is the stand-in on this machine: demo people exist and plain HTTP is accepted.
IS_SANDBOX = urlsplit(KAYSE_API_URL).hostname in {"127.0.0.1", "localhost", "::1"}
KAYSE_API_KEY = env.str("KAYSE_API_KEY", default="sandbox-key" if IS_SANDBOX else "")
KAYSE_PERSON_DEADLINE = env.float("KAYSE_PERSON_DEADLINE", default=25.0)
KAYSE_BULK_DEADLINE = env.float("KAYSE_BULK_DEADLINE", default=120.0)
#: Requests an hour that the vendor grants, until its own headers say otherwise.
KAYSE_HOURLY_LIMIT = env.int("KAYSE_HOURLY_LIMIT", default=500)
#: The last requests of each hour, which only people may use.
KAYSE_RESERVE = env.int("KAYSE_RESERVE", default=100)
#: Opening a client that was last told so many minutes ago reads it again in the background; 0: never.
CLIENT_REFRESH_MINUTES = env.int("CLIENT_REFRESH_MINUTES", default=15)
#: Days for which it is kept who has looked at which client; 0: it is not noted.
VIEW_LOG_DAYS = env.int("VIEW_LOG_DAYS", default=365)
#: Seconds for which one answer of the vendor's list of case lists is shared by everybody.
KAYSE_LISTS_TTL = env.int("KAYSE_LISTS_TTL", default=60)
#: Whether people may have the cases of a filter counted by a list that is made and deleted for it.
KAYSE_EXACT_COUNT = env.bool("KAYSE_EXACT_COUNT", default=False)
#: The hour of the night, by the firm's clock, at which every list is looked at (1 request for 100 lists); -1 for never.
KAYSE_LOOK_HOUR = env.int("KAYSE_LOOK_HOUR", default=3)

# --- The audit record -------------------------------------------------------------------------------------
#: Signs the seals; without one of its own it follows from SECRET_KEY, and changing that ends the chain.
AUDIT_SEAL_KEY = env.str("AUDIT_SEAL_KEY", default="")
#: Heads of the chain are appended to this file, if one is named; keep it where the database's people cannot write.
AUDIT_HEAD_FILE = env.str("AUDIT_HEAD_FILE", default="")
#: Heads are posted to this address as well, if one is named; its host has to be in OUTBOUND_HOSTS.
AUDIT_HEAD_URL = env.str("AUDIT_HEAD_URL", default="")
#: Whole months that the record is kept for, besides the present one; 0 keeps it for ever. See `audit_purge`.
AUDIT_RETENTION_MONTHS = env.int("AUDIT_RETENTION_MONTHS", default=0)

# --- Django -----------------------------------------------------------------------------------------------
SECRET_KEY = env.str("SECRET_KEY")
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"] if IS_SANDBOX else [])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
FIRM_NAME = env.str("FIRM_NAME", default="Demo firm" if IS_SANDBOX else "")
DEMO_PASSWORD = env.str("DEMO_PASSWORD", default="kayse-demo-2026")
#: How many proxies in front of us append to X-Forwarded-For; 0 means that the header is not believed.
TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "django_tasks",
    "django_tasks_db",
    "kayse_admin.apps.KayseAdminConfig",
    "kayse_admin.accounts",
    "kayse_admin.audit",
    "kayse_admin.upstream",
    "kayse_admin.jobs",
    "clients_ui",
    "caselists_ui",
]

MIDDLEWARE = [
    "kayse_admin.middleware.request_id",
    "kayse_admin.upstream.middleware.one_deadline",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "kayse_admin.middleware.headers",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "kayse_admin.middleware.actor",
    "allauth.account.middleware.AccountMiddleware",
    "kayse_admin.accounts.middleware.sessions",
    "kayse_admin.middleware.wrong_method",
    "kayse_admin.middleware.database_away",
    "kayse_admin.direction.shown_straight",
]

ROOT_URLCONF = "kayse_admin.urls"
WSGI_APPLICATION = "kayse_admin.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "kayse_admin.context_processors.shell",
            ],
            "builtins": ["kayse_admin.templatetags.ui"],
        },
    }
]

# --- Storage ----------------------------------------------------------------------------------------------
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'kayse.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # IMMEDIATE: a deferred transaction that turns into a writer fails at once, whatever the timeout.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # FULL: a committed intent survives a power cut. Each thread has its own page cache: keep it small.
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-4000; PRAGMA foreign_keys=ON;"
        ),
    }
else:
    # The pages ask small questions: compiling one costs more than answering it (measured: 170 ms instead of 4), and so
    # does starting processes for one (20 ms instead of 1).
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault(
        "options", "-c jit=off -c max_parallel_workers_per_gather=0"
    )
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
#: Shared by every process: an answer of the vendor that is worth a request is not asked for twice.
CACHES = {"default": env.cache("CACHE_URL", default="dbcache://kayse_cache")}

# --- Bulk jobs --------------------------------------------------------------------------------------------
#: Django's Tasks interface: more workers on one PostgreSQL are more machines.
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
#: Rows in one bulk request; the vendor names no number, 500 is what it takes elsewhere.
KAYSE_BULK_ROWS = env.int("KAYSE_BULK_ROWS", default=500)
#: Requests that one job may spend on halving batches that Kayse refuses as a whole.
JOB_SPLIT_REQUESTS = env.int("JOB_SPLIT_REQUESTS", default=40)
#: Reads that one job may spend on finding out what became of rows after an answer that never came.
JOB_VERIFY_REQUESTS = env.int("JOB_VERIFY_REQUESTS", default=50)
#: Seconds after an unanswered request before a read is believed that shows the old value.
JOB_SETTLING = env.float("JOB_SETTLING", default=300.0)
#: Seconds before a job tries again after Kayse could not be reached.
JOB_PAUSE_BETWEEN_TRIES = env.float("JOB_PAUSE_BETWEEN_TRIES", default=30.0)

#: Who may read `/metrics`: whoever sends this as a bearer token. Without one it is open beside the sandbox alone.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "kayse_admin.static_files.StaticFiles"},
}

# --- People -----------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/sign-in/"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 15},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
#: Sign-up is closed; people come by invitation or from the firm's OpenID Connect provider. See `accounts.adapters`.
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_ADAPTER = "kayse_admin.accounts.adapters.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
#: Tries to sign in are limited by `accounts.limits`, in the database; allauth's count for these would come on top.
ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": None}
ACCOUNT_USER_DISPLAY = "kayse_admin.accounts.models.display_name"
ACCOUNT_FORMS = {"reauthenticate": "kayse_admin.accounts.forms.ConfirmForm"}
INVITATION_HOURS = env.int("INVITATION_HOURS", default=72)

SESSION_ENGINE = "kayse_admin.accounts.sessions"
#: The longest that a session can last, and the longest that it lasts without a request.
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_IDLE_SECONDS = 30 * 60
#: How long somebody who proved who they are may do what asks for it again (`accounts.decorators.reauthenticated`).
CONFIRMED_SECONDS = 5 * 60

#: From this day on nobody gets in without a second factor (ISO date). Beside the sandbox: never, unless it is set.
MFA_REQUIRED_FROM = env.str("MFA_REQUIRED_FROM", default="" if IS_SANDBOX else "2000-01-01")
MFA_ADAPTER = "kayse_admin.accounts.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
#: A code of the step before or after is taken too: clocks differ. `accounts.forms` refuses each code the second time.
MFA_TOTP_TOLERANCE = 1
MFA_TOTP_ISSUER = f"Kayse Admin {FIRM_NAME}".strip()
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_FORMS = {
    "authenticate": "kayse_admin.accounts.forms.SecondFactorForm",
    "reauthenticate": "kayse_admin.accounts.forms.ConfirmBySecondFactorForm",
    "activate_totp": "kayse_admin.accounts.forms.ActivateAppForm",
}

# --- Single sign-on (OpenID Connect) ----------------------------------------------------------------------
OIDC_ISSUER = env.str("OIDC_ISSUER", default="")
OIDC_NAME = env.str("OIDC_NAME", default="single sign-on")
#: Who is in one of these groups gets an account and its role at sign-in: `Kayse Admins=administrator,Legal=paralegal`.
OIDC_GROUP_ROLES = env.dict("OIDC_GROUP_ROLES", default={})
OIDC_GROUPS_CLAIM = env.str("OIDC_GROUPS_CLAIM", default="groups")
#: True when the provider itself asks everybody for a second factor.
OIDC_PROVIDES_MFA = env.bool("OIDC_PROVIDES_MFA", default=False)
SOCIALACCOUNT_ADAPTER = "kayse_admin.accounts.oidc.SingleSignOnAdapter"
SOCIALACCOUNT_OPENID_CONNECT_URL_PREFIX = "oidc"
#: By a link: a form that ends on another site would need an exception in the Content-Security-Policy.
SOCIALACCOUNT_LOGIN_ON_GET = True
#: The provider vouches for the address: an account with the same address is the same person.
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "sso",
                "name": OIDC_NAME,
                "client_id": env.str("OIDC_CLIENT_ID", default=""),
                "secret": env.str("OIDC_CLIENT_SECRET", default=""),
                "settings": {"server_url": OIDC_ISSUER},
            }
        ]
        if OIDC_ISSUER
        else [],
    }
}
#: Every host that the server itself may call: the vendor, the provider above, and what is added here.
OUTBOUND_HOSTS = {
    host
    for host in (
        urlsplit(KAYSE_API_URL).hostname,
        urlsplit(OIDC_ISSUER).hostname,
        *env.list("OUTBOUND_HOSTS", default=[]),
    )
    if host
}

# --- E-mail: invitations (without it the administrator is shown the link), and how a job ended --------------
EMAIL_URL = env.str("EMAIL_URL", default="")
vars().update(env.email_url_config(EMAIL_URL or "dummymail://"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="kayse-admin@localhost")

# --- HTTPS and headers ------------------------------------------------------------------------------------
HTTPS = env.bool("HTTPS", default=not IS_SANDBOX)
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 63_072_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
if TRUSTED_PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if HTTPS else "csrftoken"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "kayse_admin.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
FILE_UPLOAD_HANDLERS = ["kayse_admin.uploads.Handler"]
#: Largest file that is taken, and most rows of an import through the browser.
UPLOAD_MOST_BYTES = env.int("UPLOAD_MOST_BYTES", default=50_000_000)
IMPORT_MOST_ROWS = env.int("IMPORT_MOST_ROWS", default=100_000)
#: Rows of a file that a page checks while somebody waits; longer files are checked by a worker.
IMPORT_CHECK_AT_ONCE = env.int("IMPORT_CHECK_AT_ONCE", default=5_000)
# Days after which a file that nobody started is deleted with its rows.
IMPORT_DRAFT_DAYS = env.int("IMPORT_DRAFT_DAYS", default=7)
#: Most clients in one selection, and for how many hours a selection is kept.
SELECTION_MOST = env.int("SELECTION_MOST", default=100_000)
SELECTION_HOURS = env.int("SELECTION_HOURS", default=24)
#: Most clients that one job may ask Kayse about again; a request each, beside what is kept for people.
REFRESH_MOST = env.int("REFRESH_MOST", default=200)
#: An export of more rows asks people to prove again who they are.
EXPORT_ASKS_ABOVE = 1_000

# --- Language, time, phones -------------------------------------------------------------------------------
LANGUAGE_CODE = "en-us"
TIME_ZONE = env.str("TIME_ZONE", default="America/New_York")
USE_TZ = True
USE_I18N = False
PHONE_REGION = env.str("PHONE_REGION", default="US")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "request_id": {"()": "kayse_admin.logs.RequestIdFilter"},
        "route": {"()": "kayse_admin.logs.RouteFilter"},
    },
    "formatters": {"json": {"()": "kayse_admin.logs.JsonFormatter"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["request_id", "route"]},
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        # Their lines quote addresses and queries, and both can hold a name that somebody typed.
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        "django.server": {"handlers": [], "level": "ERROR", "propagate": False},
        "django": {"handlers": [], "level": "INFO", "propagate": True},
    },
}
