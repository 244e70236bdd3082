"""All addresses of the dashboard."""

from __future__ import annotations

from django.conf import settings
from django.urls import include, path

from kayse_admin import health, home, metrics, patterns
from kayse_admin.accounts import views as accounts
from kayse_admin.upstream import views as upstream

handler400 = "kayse_admin.errors.not_understood"

urlpatterns = [
    path("", home.index, name="home"),
    path("sign-in/", accounts.sign_in, name="sign_in"),
    path("sign-in/", accounts.sign_in, name="account_login"),
    path("sign-out/", accounts.sign_out, name="sign_out"),
    path("theme/", accounts.theme, name="theme"),
    path("account/", include("kayse_admin.accounts.urls")),
    path("people/", include("kayse_admin.accounts.people_urls")),
    path("clients/", include("clients_ui.urls")),
    path("", include("caselists_ui.urls")),
    path("jobs/", include("kayse_admin.jobs.urls")),
    path("audit/", include("kayse_admin.audit.urls")),
    path("upstream/try-again/", upstream.try_again, name="upstream_try_again"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
]
if settings.IS_SANDBOX:
    urlpatterns += [path("patterns/", patterns.index, name="patterns")]
