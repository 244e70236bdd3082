"""Whom the server itself may call: the doors are few, known, and held to the list of hosts."""

from __future__ import annotations

import pytest
import requests
from django.conf import LazySettings

from kayse_admin.accounts.outbound import NotAllowed, guard
from tests.kayse_api.scripted_server import says, scripted
from tests.rules.test_arrows import PACKAGES, ROOT, imports, modules, reaches

#: What can open a connection -> the modules that may use it.
DOORS: dict[str, set[str]] = {
    "httpx": {"kayse_admin/kayse_api/transport.py"},
    "httpcore": {"kayse_admin/kayse_api/network.py", "kayse_admin/kayse_api/transport.py"},
    "requests": {
        "kayse_admin/accounts/outbound.py",
        "kayse_admin/accounts/oidc.py",
        "kayse_admin/accounts/oidc_views.py",
        "kayse_admin/audit/heads.py",
    },
    "smtplib": {"kayse_admin/accounts/invitations.py", "kayse_admin/jobs/ending.py"},
    # On the command line, to an address that the operator types.
    "urllib.request": {"clients_ui/management/commands/load_export.py"},
    "http.client": set(),
    "urllib3": set(),
    "ftplib": set(),
    "telnetlib": set(),
    "xmlrpc": set(),
}


@pytest.mark.parametrize("door", DOORS)
def test_a_door_is_used_by_these_modules_only(door: str) -> None:
    using = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in modules(package)
        if "sandbox" not in path.parts
        for _, name in imports(path)
        if reaches(name, door)
    }
    assert using <= DOORS[door]


def test_a_host_that_is_not_listed_is_not_called(settings: LazySettings) -> None:
    with scripted(says({"ok": True}), says({"ok": True})) as server:
        settings.OUTBOUND_HOSTS = {"127.0.0.1"}
        assert guard(requests.Session()).get(server.url, timeout=5).status_code == 200
        settings.OUTBOUND_HOSTS = {"login.example.com"}
        with pytest.raises(NotAllowed):
            guard(requests.Session()).get(server.url, timeout=5)
        assert len(server.requests) == 1


def test_nor_by_a_redirect(settings: LazySettings) -> None:
    settings.OUTBOUND_HOSTS = {"127.0.0.1"}
    redirect = says({}, 302, headers={"Location": "http://localhost:9/elsewhere"})
    with scripted(redirect) as server, pytest.raises(NotAllowed):
        guard(requests.Session()).get(server.url, timeout=5)
