"""/people/: who has an account, and what administrators do about it."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.conf import LazySettings
from django.contrib.auth.models import Group
from django.core import mail
from django.db import connection
from django.test import Client as Browser

from kayse_admin.accounts import people as service
from kayse_admin.accounts.models import Session, User
from kayse_admin.accounts.roles import GRANTS, Role
from kayse_admin.actors import Actor
from kayse_admin.audit.models import Event
from tests.accounts.support import aged, facts, set_up_app, sign_in
from tests.conftest import signed_in

AWAY = (302, 303)
GOOD = "four quiet otters sing"
INVITED = {
    "first_name": "Nell",
    "last_name": "Newman",
    "email": "nell@firm.example",
    "username": "nell",
    "roles": ["paralegal", "auditor"],
}


def link_in(text: str) -> str:
    """The path of the link that a page or an e-mail shows."""
    found = re.search(r"http://testserver(/account/invitation/[\w:-]+/)", text)
    assert found, text
    return found[1]


def roles_of(person: User) -> list[str]:
    """The person's roles, as the database has them."""
    return sorted(person.groups.values_list("name", flat=True))


@pytest.mark.django_db
class TestList:
    """Everybody on one page."""

    def test_it_tells_who_may_what(self, people: dict[str, User], as_admin: Browser) -> None:
        set_up_app(people["paralegal"])
        User.objects.filter(pk=people["manager"].pk).update(is_active=False)
        page = as_admin.get("/people/").text
        for words in (
            "Paula Legal",
            "Campaign manager",
            "Disabled",
            "Delete clients",
            "Invite people and give roles",
        ):
            assert words in page
        assert page.count("Yes") == sum(map(len, GRANTS.values()))

    def test_queries_do_not_grow_with_people(
        self, people: dict[str, User], as_admin: Browser, django_assert_max_num_queries: Any
    ) -> None:
        User.objects.bulk_create([User(username=f"p{i}") for i in range(40)])
        with django_assert_max_num_queries(9):
            assert as_admin.get("/people/").status_code == 200

    @pytest.mark.parametrize("role", ["paralegal", "manager", "auditor", "nobody"])
    def test_it_is_for_administrators(self, role: str, people: dict[str, User]) -> None:
        browser = signed_in(people[role])
        assert browser.get("/people/").status_code == 403
        assert browser.post("/people/invite/", INVITED).status_code == 403
        assert browser.post(f"/people/{people['auditor'].pk}/disable/").status_code == 403
        assert facts() == []

    def test_an_unknown_person_is_404(self, as_admin: Browser) -> None:
        for path in ("", "roles/", "link/", "disable/", "enable/", "sessions/end/", "second-factor/remove/"):
            assert as_admin.get(f"/people/987654321/{path}").status_code == 404


@pytest.mark.django_db
class TestInvitation:
    """From the invitation to the first sign-in."""

    def test_the_link_is_shown_and_works_once(self, as_admin: Browser) -> None:
        answer = as_admin.post("/people/invite/", INVITED)
        assert answer.status_code == 200
        assert "works once, within 72 hours" in answer.text
        person = User.objects.get(username="nell")
        assert not person.has_usable_password()
        assert roles_of(person) == ["auditor", "paralegal"]
        assert "Invited" in as_admin.get("/people/").text
        link = link_in(answer.text)
        guest = Browser()
        page = guest.get(link)
        assert page.status_code == 200
        assert "nell" in page.text
        assert guest.post(link, {"password": "short", "again": "short"}).status_code == 422
        assert guest.post(link, {"password": GOOD, "again": GOOD + "!"}).status_code == 422
        answer = guest.post(link, {"password": GOOD, "again": GOOD})
        assert (answer.status_code, answer["Location"]) == (303, "/sign-in/")
        assert guest.get(link).status_code == 404
        assert guest.post(link, {"password": GOOD * 2, "again": GOOD * 2}).status_code == 404
        assert sign_in(guest, "nell", GOOD) == 302
        assert facts() == [
            ("person_invite", "Nell Newman", ""),
            ("password_link", "Nell Newman", "good for 72 hours, once"),
            ("password_change", "Nell Newman", "by a link"),
            ("sign_in", "Nell Newman", "by password"),
        ]
        assert Event.objects.get(action="person_invite").after == {"roles": ["auditor", "paralegal"]}

    def test_with_e_mail_it_is_sent_and_not_shown(self, as_admin: Browser, settings: LazySettings) -> None:
        settings.EMAIL_URL = "smtp://mail.firm.example"
        answer = as_admin.post("/people/invite/", INVITED)
        [message] = mail.outbox
        assert message.to == ["nell@firm.example"]
        assert "invitation/" not in answer.text
        assert Browser().get(link_in(str(message.body))).status_code == 200

    def test_when_the_mail_server_is_away_it_is_shown(
        self, as_admin: Browser, settings: LazySettings
    ) -> None:
        settings.EMAIL_URL = "smtp://127.0.0.1:9"
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
        assert link_in(as_admin.post("/people/invite/", INVITED).text)

    def test_a_link_ends(self, as_admin: Browser, settings: LazySettings) -> None:
        link = link_in(as_admin.post("/people/invite/", INVITED).text)
        settings.INVITATION_HOURS = 0
        assert Browser().get(link).status_code == 404

    def test_a_newer_link_replaces_it(self, as_admin: Browser) -> None:
        first = link_in(as_admin.post("/people/invite/", INVITED).text)
        pk = User.objects.get(username="nell").pk
        second = link_in(as_admin.post(f"/people/{pk}/link/").text)
        assert Browser().get(first).status_code == 404
        assert Browser().get(second).status_code == 200

    def test_disabling_kills_it(self, as_admin: Browser) -> None:
        link = link_in(as_admin.post("/people/invite/", INVITED).text)
        pk = User.objects.get(username="nell").pk
        as_admin.post(f"/people/{pk}/disable/")
        assert Browser().get(link).status_code == 404
        as_admin.post(f"/people/{pk}/enable/")
        assert Browser().get(link).status_code == 404

    @pytest.mark.parametrize(
        "change", [lambda t: t[:-1], lambda t: "x" + t, lambda t: "x", lambda t: t.replace(":", "-")]
    )
    def test_a_forged_link_is_404(self, change: Callable[[str], str], as_admin: Browser) -> None:
        token = link_in(as_admin.post("/people/invite/", INVITED).text).split("/")[-2]
        assert Browser().get(f"/account/invitation/{change(token)}/").status_code == 404

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("username", "PARALEGAL"), ("username", ""), ("username", "with space"), ("username", "x" * 151),
            ("email", "no address"), ("roles", ["emperor"]), ("first_name", ""), ("username", "nul\x00"),
        ],
    )  # fmt: skip
    def test_bad_input_is_422_and_makes_nothing(
        self, field: str, value: Any, people: dict[str, User], as_admin: Browser
    ) -> None:
        before = User.objects.count()
        assert as_admin.post("/people/invite/", {**INVITED, field: value}).status_code == 422
        assert User.objects.count() == before
        assert facts() == []


@pytest.mark.django_db
class TestChanges:
    """What is done about a person; each asks again after a while, each is on the record."""

    def test_roles(self, people: dict[str, User], as_admin: Browser) -> None:
        url = f"/people/{people['paralegal'].pk}/roles/"
        assert "checked" in as_admin.get(url).text
        assert as_admin.post(url, {"roles": ["auditor", "manager"]}).status_code == 303
        assert roles_of(people["paralegal"]) == ["auditor", "manager"]
        event = Event.objects.get()
        assert (event.action, event.before, event.after) == (
            "roles_change",
            {"roles": ["paralegal"]},
            {"roles": ["auditor", "manager"]},
        )
        assert as_admin.post(url, {}).status_code == 303
        assert roles_of(people["paralegal"]) == []
        assert as_admin.post(url, {"roles": ["emperor"]}).status_code == 422

    def test_new_roles_hold_at_the_next_click(self, people: dict[str, User], as_admin: Browser) -> None:
        browser = signed_in(people["paralegal"])
        assert browser.get("/audit/").status_code == 403
        as_admin.post(f"/people/{people['paralegal'].pk}/roles/", {"roles": ["auditor"]})
        assert browser.get("/audit/").status_code == 200

    def test_disabling_and_enabling(self, people: dict[str, User], as_admin: Browser) -> None:
        pk, browser = people["paralegal"].pk, signed_in(people["paralegal"])
        assert as_admin.get(f"/people/{pk}/disable/").status_code == 200
        assert as_admin.post(f"/people/{pk}/disable/").status_code == 303
        assert browser.get("/").status_code in AWAY
        assert sign_in(Browser(), "paralegal") == 422
        assert as_admin.post(f"/people/{pk}/enable/").status_code == 303
        assert browser.get("/").status_code in AWAY
        assert sign_in(Browser(), "paralegal") == 302
        assert [action for action, _, _ in facts()] == [
            "person_disable",
            "sign_in_failed",
            "person_enable",
            "sign_in",
        ]
        assert facts()[0] == ("person_disable", "Paula Legal", "1 session ended")

    def test_ending_sessions(self, people: dict[str, User], as_admin: Browser) -> None:
        browsers = [signed_in(people["paralegal"]) for _ in range(2)]
        as_admin.post(f"/people/{people['paralegal'].pk}/sessions/end/")
        assert all(browser.get("/").status_code in AWAY for browser in browsers)
        assert as_admin.get("/people/").status_code == 200
        assert facts() == [("sessions_end", "Paula Legal", "2 sessions ended")]

    def test_a_lost_phone(self, people: dict[str, User], as_admin: Browser) -> None:
        set_up_app(people["paralegal"])
        browser = signed_in(people["paralegal"])
        assert as_admin.post(f"/people/{people['paralegal'].pk}/second-factor/remove/").status_code == 303
        assert not Authenticator.objects.exists()
        assert browser.get("/").status_code in AWAY
        assert {(action, detail) for action, _, detail in facts()} == {
            ("second_factor_change", "removed: TOTP Authenticator"),
            ("second_factor_change", "removed: Recovery codes"),
            ("sessions_end", "1 session ended"),
        }
        assert set(Event.objects.values_list("actor_name", flat=True)) == {"Ada Min"}

    @pytest.mark.parametrize(
        "path", ["roles/", "link/", "disable/", "enable/", "sessions/end/", "second-factor/remove/"]
    )
    def test_each_asks_again_after_a_while(
        self, path: str, people: dict[str, User], as_admin: Browser
    ) -> None:
        url = f"/people/{people['paralegal'].pk}/{path}"
        aged(as_admin, 16 * 60)
        assert as_admin.get(url)["Location"].startswith("/account/confirm/?next=%2Fpeople%2F")
        assert as_admin.post(url)["Location"].startswith("/account/confirm/?next=%2Fpeople%2F")
        assert facts() == []
        assert roles_of(people["paralegal"]) == ["paralegal"]


class TestLastAdministrator:
    """Somebody must be left who can let people in."""

    @pytest.mark.django_db
    def test_the_role_stays_with_the_last_one(self, people: dict[str, User], as_admin: Browser) -> None:
        pk = people["administrator"].pk
        answer = as_admin.post(f"/people/{pk}/roles/", {"roles": ["auditor"]})
        assert answer.status_code == 422
        assert "Nobody else is an administrator" in answer.text
        assert as_admin.post(f"/people/{pk}/disable/").status_code == 422
        assert roles_of(people["administrator"]) == ["administrator"]
        assert facts() == []

    @pytest.mark.django_db
    def test_a_disabled_administrator_is_none(self, people: dict[str, User], as_admin: Browser) -> None:
        people["manager"].groups.add(Group.objects.get(name="administrator"))
        User.objects.filter(pk=people["manager"].pk).update(is_active=False)
        assert as_admin.post(f"/people/{people['administrator'].pk}/disable/").status_code == 422
        User.objects.filter(pk=people["manager"].pk).update(is_active=True)
        assert as_admin.post(f"/people/{people['administrator'].pk}/disable/").status_code == 303

    @pytest.mark.django_db(transaction=True)
    def test_two_who_do_it_to_each_other(self, people: dict[str, User], actor: Actor) -> None:
        group = Group.objects.get(name="administrator")
        people["manager"].groups.add(group)

        def demote(name: str) -> bool:
            try:
                service.set_roles(actor, people[name], [Role.AUDITOR])
            except service.LastAdministrator:
                return False
            finally:
                connection.close()
            return True

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(demote, ["administrator", "manager"])) == [False, True]
        assert User.objects.filter(groups=group, is_active=True).count() == 1


@pytest.mark.django_db
def test_a_session_row_goes_with_its_person(people: dict[str, User]) -> None:
    signed_in(people["paralegal"])
    people["paralegal"].delete()
    assert not Session.objects.exists()
