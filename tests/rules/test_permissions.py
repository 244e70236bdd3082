"""Each role × every URL × every method equals the checked-in table; an address without a line fails.

Row 25 of the faults that the product has to survive.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from http.cookies import SimpleCookie

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client as Browser
from django.urls import URLPattern, URLResolver, get_resolver, path, reverse
from django.urls.resolvers import RoutePattern

from kayse_admin.accounts.models import Session, User
from kayse_admin.accounts.roles import GRANTS, Role
from tests.conftest import Sandbox, signed_in
from tests.rules.permissions import METHODS, ROLES, TABLE

#: What stands in an address: nobody and nothing has these ids, so that nothing is changed and 404 is the way in.
ARGUMENTS = {
    "pk": 987_654_321,
    "number": 987_654_321,
    "operation": uuid.UUID(int=7),
    "draft": uuid.UUID(int=7),
    "token": "forged",
    "selected": uuid.UUID(int=7),
    "provider_id": "sso",
    "outcome": "failed",
}

#: Closed for everybody unless the firm's settings open them.
CLOSED = {"caselists_ui:count"}


def patterns(resolver: URLResolver, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every address with its full name."""
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            yield from patterns(one, f"{namespace}{one.namespace}:" if one.namespace else namespace)
        else:
            yield f"{namespace}{one.name}", one


def address(name: str, pattern: URLPattern) -> str:
    """The address, with ids that nothing has."""
    return reverse(name, kwargs={key: ARGUMENTS[key] for key in pattern.pattern.converters})


def word(answer: HttpResponse) -> str:
    """The answer's class, as the table writes it."""
    status, to = answer.status_code, answer.headers.get("Location", "")
    if status in (302, 303):
        return "in" if to.startswith("/sign-in/?next=") else "on"
    return {200: "ok", 204: "ok", 403: "no", 400: "bad", 409: "bad", 422: "bad"}.get(status, str(status))


def browser_of(role: str, people: dict[str, User]) -> Browser:
    """A browser in which somebody of this role is signed in."""
    if role == "anonymous":
        return Browser()
    browser = signed_in(people["paralegal" if role == "disabled" else role])
    if role == "disabled":
        User.objects.filter(pk=people["paralegal"].pk).update(is_active=False)
    return browser


#: The administrator, who gets in everywhere, on each database; who is kept out is so on any.
EVERYBODY = [
    role if role == "administrator" else pytest.param(role, marks=pytest.mark.once) for role in ROLES
]


@pytest.mark.django_db
@pytest.mark.parametrize("role", EVERYBODY)
def test_the_table_holds(role: str, people: dict[str, User], sandbox: Sandbox) -> None:
    column = ROLES.index(role)
    wrong = []
    browser = browser_of(role, people)
    signed_in_as = browser.cookies.output(header="", sep=";")
    for name, pattern in patterns(get_resolver()):
        if name not in TABLE:
            continue
        for method in METHODS:
            # What a request did is undone before the next: each comes from somebody who has just signed in.
            begun = transaction.savepoint()
            answer = getattr(browser, method.lower())(address(name, pattern))
            transaction.savepoint_rollback(begun)
            browser.cookies = SimpleCookie(signed_in_as)
            expected = TABLE[name].get(method, " ".join(["405"] * len(ROLES))).split()[column]
            if word(answer) != expected:
                wrong.append(f"{role} {method} {name}: {word(answer)} ({answer.status_code}), not {expected}")
    assert wrong == []
    assert Session.objects.count() > 0 or role == "anonymous"


def test_every_address_has_a_line() -> None:
    names = {name for name, _ in patterns(get_resolver())}
    assert names - set(TABLE) == set(), "write a line for each of them into tests/rules/permissions.py"
    assert set(TABLE) - names == set(), "these addresses are gone"


def test_the_table_is_whole() -> None:
    for name, line in TABLE.items():
        assert set(line) <= set(METHODS), name
        assert all(len(words.split()) == len(ROLES) for words in line.values()), name


def test_nobody_and_strangers_change_nothing() -> None:
    """A second look at the table itself: who has no role is never let in by a method that changes something."""
    # Their own account, their way out, and pages that everybody may see.
    theirs = ("account", "mfa_", "confirm_", "openid", "socialaccount", "sign_", "theme", "patterns")
    for name, line in TABLE.items():
        if not name.startswith(theirs):
            for who in ("anonymous", "disabled", "nobody"):
                assert line.get("POST", "405 " * 7).split()[ROLES.index(who)] in {"in", "no", "405", "404"}, (
                    name
                )


def test_only_roles_that_are_granted_get_in() -> None:
    """And a third: where a view names capabilities, exactly the roles that have one are let in."""
    for name, pattern in patterns(get_resolver()):
        capabilities = getattr(pattern.callback, "capabilities", ())
        for line in TABLE[name].values() if capabilities and name not in CLOSED else ():
            for role in Role:
                let_in = line.split()[ROLES.index(role.value)] != "no"
                if "405" not in line:
                    assert let_in == bool(GRANTS[role] & set(capabilities)), (name, role)


def test_the_control_a_new_address_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    imagined = URLResolver(
        RoutePattern(""), [path("backdoor/", lambda request: HttpResponse(), name="backdoor")]
    )
    assert {name for name, _ in patterns(imagined)} - set(TABLE) == {"backdoor"}
