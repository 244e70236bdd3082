"""How often somebody may try: in one process, in threads, and in two servers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone

from kayse_admin.accounts import limits
from kayse_admin.accounts.limits import Limit
from kayse_admin.accounts.models import Tries, User
from kayse_admin.audit.models import Event
from tests.accounts.support import facts, sign_in
from tests.conftest import PASSWORD

FIVE = Limit("five", 5, 60)


@pytest.mark.django_db
def test_a_window_grants_as_many_as_it_has() -> None:
    one = [(FIVE, "somebody")]
    assert [limits.take(one) for _ in range(7)] == [True] * 5 + [False] * 2
    assert limits.take([(FIVE, "somebody else")])
    limits.give_back(one)
    assert [limits.take(one), limits.take(one)] == [True, False]


@pytest.mark.django_db
def test_a_window_ends() -> None:
    one = [(FIVE, "somebody")]
    assert all(limits.take(one) for _ in range(5))
    free = limits.free_at(one)
    assert free is not None
    assert timedelta(seconds=50) < free - timezone.now() <= timedelta(seconds=60)
    Tries.objects.update(until=timezone.now())
    assert limits.free_at(one) is None
    assert [limits.take(one) for _ in range(6)] == [True] * 5 + [False]
    Tries.objects.update(until=timezone.now())
    assert limits.forget_old() == 1


@pytest.mark.django_db
def test_what_one_limit_refuses_takes_nothing_of_the_others() -> None:
    two = Limit("two", 2, 60)
    both = [(FIVE, "x"), (two, "x")]
    assert [limits.take(both) for _ in range(4)] == [True, True, False, False]
    assert [limits.take([(FIVE, "x")]) for _ in range(4)] == [True, True, True, False]


@pytest.mark.django_db(transaction=True)
def test_threads_get_together_what_one_would() -> None:
    def run(_: int) -> int:
        try:
            return sum(limits.take([(Limit("ten", 10, 60), "x")]) for _ in range(10))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(run, range(8))) == 10


@pytest.mark.django_db
def test_the_table_does_not_tell_what_was_typed(people: dict[str, User], client: Browser) -> None:
    sign_in(client, "hunter2-in-the-wrong-box", "x")
    kept = str(list(Tries.objects.values()))
    assert Tries.objects.count() == 3
    assert "hunter2" not in kept
    assert "127.0.0.1" not in kept


@pytest.mark.django_db
def test_the_eleventh_wrong_try_of_a_name_is_refused(people: dict[str, User], client: Browser) -> None:
    assert [sign_in(client, "paralegal", "wrong") for _ in range(12)] == [422] * 10 + [429] * 2
    answer = client.post("/sign-in/", {"username": "Paralegal ", "password": PASSWORD})
    assert answer.status_code == 429
    assert "Too many" in answer.text
    assert answer["Retry-After"].endswith("GMT")
    assert sign_in(client, "manager") == 302
    assert [action for action, _, _ in facts()].count("sign_in_failed") == 10


@pytest.mark.django_db
def test_one_address_cannot_try_many_names(people: dict[str, User], client: Browser) -> None:
    assert [sign_in(client, f"name{i}", "wrong") for i in range(22)] == [422] * 20 + [429] * 2
    elsewhere = Browser(REMOTE_ADDR="203.0.113.7")
    assert sign_in(elsewhere, "paralegal") == 302


@pytest.mark.django_db
def test_right_passwords_do_not_count(people: dict[str, User]) -> None:
    assert {sign_in(Browser(), "paralegal") for _ in range(25)} == {302}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::9", "2001:db8:1:2::"),
        ("not an address", "not an address"),
    ],
)
def test_an_office_is_one_address(address: str, network: str) -> None:
    assert limits.network_of(address) == network


@pytest.mark.django_db
def test_a_refused_try_writes_nothing_into_the_record(people: dict[str, User], client: Browser) -> None:
    for _ in range(15):
        sign_in(client, "paralegal", "wrong")
    assert Event.objects.filter(action="sign_in_failed").count() == 10
