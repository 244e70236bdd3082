"""The dashboard as a firm runs it: HTTPS behind a proxy, not beside the sandbox, second factors for everybody."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import call_command

from kayse_admin.accounts import checks

#: One process runs all of them, because what `visited` does takes seconds.
pytestmark = pytest.mark.xdist_group("production")

ROOT = Path(__file__).resolve().parents[1]

VISIT = """
import json
import django
django.setup()
from django.conf import settings
from django.core.management import call_command
from django.test import Client
call_command("migrate", verbosity=0)
from kayse_admin.accounts.models import Session, User
User.objects.create_user("ada", password="four quiet otters sing")
host = {"host": "dashboard.example.com"}
browser = Client(headers={**host, "x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.9"})
plain = Client(headers={**host, "x-forwarded-proto": "http"}).get("/sign-in/")
page = browser.get("/sign-in/")
signed_in = browser.post("/sign-in/", {"username": "ada", "password": "four quiet otters sing"})
cookies = {name: {key: value for key, value in morsel.items() if value} for name, morsel in browser.cookies.items()}
print(json.dumps({
    "plain": [plain.status_code, plain.headers.get("Location")],
    "headers": dict(page.headers),
    "page": page.text,
    "signed_in": [signed_in.status_code, signed_in.headers["Location"]],
    "next": browser.get("/clients/").headers["Location"],
    "cookies": cookies,
    "address": list(Session.objects.values_list("address", flat=True)),
    "hosts": sorted(settings.OUTBOUND_HOSTS),
}))
"""


def environment(folder: Path, **more: str) -> dict[str, str]:
    """What a firm would set."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "kayse_admin.settings",
        "SECRET_KEY": "production-only-" + "k7Q" * 20,
        "KAYSE_API_URL": "https://public-api.example.com/v1",
        "KAYSE_API_KEY": "check-only",
        "ALLOWED_HOSTS": "dashboard.example.com",
        "FIRM_NAME": "Hale & Winter LLP",
        "TRUSTED_PROXY_COUNT": "1",
        "VAR_DIR": str(folder),
        **more,
    }


def run(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the firm's settings."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder, env=environment(folder, **more), capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def visited(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a browser is told there."""
    folder = tmp_path_factory.mktemp("production")
    (folder / "static").mkdir()
    done = run(folder, str(ROOT / "manage.py"), "collectstatic", "--no-input", "-v", "0")
    assert done.returncode == 0, done.stderr
    done = run(folder, "-c", VISIT)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_plain_http_is_sent_to_https(visited: dict[str, Any]) -> None:
    assert visited["plain"] == [301, "https://dashboard.example.com/sign-in/"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Strict-Transport-Security", "max-age=63072000; includeSubDomains; preload"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("X-Frame-Options", "DENY"),
    ],
)
def test_a_header(name: str, value: str, visited: dict[str, Any]) -> None:
    assert visited["headers"][name] == value


def test_the_policies(visited: dict[str, Any]) -> None:
    policy = visited["headers"]["Content-Security-Policy"]
    assert {"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"} <= set(
        policy.split("; ")
    )
    assert "unsafe" not in policy
    assert "camera=()" in visited["headers"]["Permissions-Policy"]
    assert "no-store" in visited["headers"]["Cache-Control"]


def test_the_cookies_are_of_this_host_alone(visited: dict[str, Any]) -> None:
    assert set(visited["cookies"]) == {"__Host-sessionid", "__Host-csrftoken"}
    for morsel in visited["cookies"].values():
        assert (morsel["secure"], morsel["httponly"], morsel["path"], morsel["samesite"]) == (
            True,
            True,
            "/",
            "Lax",
        )
        assert "domain" not in morsel


def test_a_second_factor_is_forced_and_no_demo_people_are_told(visited: dict[str, Any]) -> None:
    assert visited["signed_in"] == [302, "/"]
    assert visited["next"] == "/account/second-factor/"
    assert "kayse-demo" not in visited["page"]
    assert "Sandbox" not in visited["page"]


def test_addresses_are_those_that_the_proxy_saw(visited: dict[str, Any]) -> None:
    assert visited["address"] == ["203.0.113.9"]


def test_only_the_vendor_may_be_called(visited: dict[str, Any]) -> None:
    assert visited["hosts"] == ["public-api.example.com"]


def test_the_provider_and_what_is_listed_may_be_called_too(tmp_path: Path) -> None:
    issuer = "https://login.example.com/tenant/v2"
    script = "from kayse_admin import settings; print(*sorted(settings.OUTBOUND_HOSTS))"
    told = run(tmp_path, "-c", script, OIDC_ISSUER=issuer, OUTBOUND_HOSTS="token.example.com")
    assert told.stdout.split() == ["login.example.com", "public-api.example.com", "token.example.com"]


def test_the_checks_are_silent(tmp_path: Path) -> None:
    told = run(tmp_path, str(ROOT / "manage.py"), "check", "--deploy", "--fail-level", "INFO")
    assert (told.returncode, told.stdout) == (0, "System check identified no issues (0 silenced).\n"), (
        told.stderr
    )


@pytest.mark.parametrize(
    ("environ", "code"),
    [
        ({"TRUSTED_PROXY_COUNT": "0"}, "kayse.W020"),
        ({"MFA_REQUIRED_FROM": "soon"}, "kayse.E020"),
        ({"MFA_REQUIRED_FROM": "2999-01-01"}, "kayse.W021"),
        ({"OIDC_GROUP_ROLES": "Legal=emperor"}, "kayse.E021"),
        ({"OIDC_ISSUER": "https://login.example.com"}, "kayse.E022"),
        (
            {"OIDC_ISSUER": "http://login.example.com", "OIDC_CLIENT_ID": "a", "OIDC_CLIENT_SECRET": "b"},
            "kayse.E023",
        ),
    ],
)
def test_a_mistake_is_told(environ: dict[str, str], code: str, tmp_path: Path) -> None:
    told = run(tmp_path, str(ROOT / "manage.py"), "check", "--deploy", "--fail-level", "WARNING", **environ)
    assert told.returncode == 1
    assert code in told.stderr
    assert told.stderr.count("kayse.") == 1
    assert "HINT" in told.stderr


def test_the_sandbox_forces_no_second_factor(settings: LazySettings) -> None:
    settings.MFA_REQUIRED_FROM = ""
    assert settings.IS_SANDBOX
    assert checks.second_factor() == []


def test_the_django_admin_is_not_there(client: Any, settings: LazySettings, db: None) -> None:
    assert "django.contrib.admin" not in settings.INSTALLED_APPS
    assert client.get("/admin/").status_code == 404
    assert client.get("/admin/login/").status_code == 404


@pytest.mark.django_db
def test_var_is_for_its_owner_only(
    tmp_path: Path, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.VAR_DIR = tmp_path / "deep" / "var"
    monkeypatch.setattr("kayse_admin.management.commands.prepare.require_free", lambda *_: None)
    monkeypatch.setattr("kayse_admin.management.commands.prepare.call_command", lambda *_, **__: None)
    monkeypatch.setattr("kayse_admin.management.commands.prepare.load_sandbox", lambda: None)
    before = os.umask(0)
    try:
        call_command("prepare")
    finally:
        os.umask(before)
    assert stat.S_IMODE(settings.VAR_DIR.stat().st_mode) == 0o700


def test_mail_goes_where_it_is_told(tmp_path: Path) -> None:
    told = {
        "EMAIL_URL": "smtp+tls://kayse:secret@mail.example.com:2525",
        "DEFAULT_FROM_EMAIL": "kayse@example.com",
    }
    show = (
        "import django; django.setup(); from django.core import mail; to = mail.get_connection()\n"
        "names = ('host', 'port', 'username', 'use_tls', 'timeout')\n"
        "print(type(to).__module__, *[getattr(to, name, None) for name in names])\n"
        "print(mail.EmailMessage().from_email)"
    )
    done = run(tmp_path, "-c", show, **told)
    smtp = "django.core.mail.backends.smtp mail.example.com 2525 kayse True 10"
    assert done.stdout.splitlines() == [smtp, "kayse@example.com"], done.stderr
    assert "backends.dummy None" in run(tmp_path, "-c", show).stdout


def test_every_documented_variable_is_read() -> None:
    names = re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    read = "".join(
        (ROOT / path).read_text()
        for path in ("kayse_admin/settings.py", "kayse_admin/gunicorn.py", "Makefile", "Procfile")
    )
    assert [name for name in names if not re.search(rf"\b{name}\b", read)] == []
    assert len(names) == len(set(names))
