"""From an operation's page to what undoes it: offered to those who may, and only where it is possible."""

from __future__ import annotations

import pytest
from django.test import Client as Browser
from django.utils import timezone

from caselists_ui.models import CaseList
from clients_ui.models import Client
from kayse_admin.accounts.models import User
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event
from kayse_admin.audit.records import Target
from tests.audit.factory import ANA, CITY, ROUNDUP, acting, performed
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(db: None) -> Client:
    return Client.objects.create(
        id=7, first_name="Ana", last_name="García", city="Dallas", told_at=timezone.now()
    )


def offered(browser: Browser, begun: Event) -> list[str]:
    html = browser.get(f"/audit/{begun.operation}/").content.decode()
    return [word for word in ("Reverse", "Rebuild") if f"</svg>{word}</a>" in html]


def test_an_edit_is_reversed_by_those_who_may_edit(ana: Client, people: dict[str, User]) -> None:
    begun = performed(acting(people["paralegal"]), **CITY)
    assert offered(signed_in(people["administrator"]), begun) == ["Reverse"]
    assert offered(signed_in(people["paralegal"]), begun) == ["Reverse"]
    assert offered(signed_in(people["auditor"]), begun) == []
    html = signed_in(people["administrator"]).get(f"/audit/{begun.operation}/").content.decode()
    assert f'href="/clients/7/edit/?reverse={begun.operation}"' in html
    assert (
        signed_in(people["administrator"]).get(f"/clients/7/edit/?reverse={begun.operation}").status_code
        == 200
    )


@pytest.mark.parametrize("result", ["rejected", "unknown", "not_sent"])
def test_what_did_not_happen_is_not_reversed(
    result: str, ana: Client, people: dict[str, User], as_admin: Browser
) -> None:
    assert offered(as_admin, performed(acting(people["paralegal"]), result=result, **CITY)) == []


def test_creating_is_reversed_and_deleting_rebuilt(
    ana: Client, people: dict[str, User], as_admin: Browser
) -> None:
    nobody = Target("client", None, "Ana García")
    made = performed(acting(people["paralegal"]), Action.CLIENT_CREATE, nobody, learned=ANA)
    gone = performed(acting(people["paralegal"]), Action.CLIENT_DELETE, ANA)
    assert (offered(as_admin, made), offered(as_admin, gone)) == (["Reverse"], [])
    Client.objects.update(gone_at=timezone.now())
    assert (offered(as_admin, made), offered(as_admin, gone)) == ([], ["Rebuild"])
    edited = performed(acting(people["paralegal"]), **CITY)
    assert offered(as_admin, edited) == []


def test_what_is_not_known_here_offers_nothing(people: dict[str, User], as_admin: Browser) -> None:
    assert offered(as_admin, performed(acting(people["paralegal"]), **CITY)) == []


def test_an_edit_of_a_list_is_taken_back_where_it_can_be(people: dict[str, User], as_admin: Browser) -> None:
    CaseList.objects.create(id=3, name="Roundup")
    told = {"before": {"filter": {}, "name": "Roundup"}, "after": {"filter": {}, "name": "Roundup 2"}}
    first = performed(acting(people["manager"]), Action.CASE_LIST_UPDATE, ROUNDUP, **told)
    second = performed(acting(people["manager"]), Action.CASE_LIST_UPDATE, ROUNDUP, **told)
    assert (offered(as_admin, first), offered(as_admin, second)) == ([], ["Reverse"])
    url = f"/case-lists/3/edit/?reverse={second.operation}"
    assert url in as_admin.get(f"/audit/{second.operation}/").content.decode()
    assert offered(signed_in(people["auditor"]), second) == []
