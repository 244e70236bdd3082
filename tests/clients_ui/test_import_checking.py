"""The check of every row: what it would do, what is wrong, whom it may double. Sends nothing."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients_ui import normal
from clients_ui.imports import checking, mapping
from clients_ui.imports.checking import Checker
from clients_ui.imports.mapping import Options
from clients_ui.imports.reading import Record
from clients_ui.imports.seen import Seen
from clients_ui.models import Client
from kayse_admin.cells import neutral
from kayse_admin.jobs import ledger
from kayse_admin.jobs.models import Job, Row
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db

HEAD = ["external_source", "external_source_id", "first_name", "last_name", "mobile", "email", "city",
        "voice_calls_opted_out"]  # fmt: skip


def options(**changes: Any) -> Options:
    return Options(**{"columns": tuple(HEAD), **changes})


def line(**cells: str) -> list[str]:
    base = {"external_source": "p", "external_source_id": "X-1", "first_name": "Ana", "last_name": "García"}
    return [{**base, **cells}.get(name, "") for name in HEAD]


def checked(*rows: list[str], may_opt_in: bool = False, **changes: Any) -> list[Row]:
    checker = Checker(options(**changes), HEAD, may_opt_in)
    return list(checker.rows(Record(number, cells) for number, cells in enumerate(rows, start=2)))


def test_a_new_client(db: None) -> None:
    (row,) = checked(line(mobile="(512) 555-0142", city="", voice_calls_opted_out="Yes"))
    assert row.outcome == ""
    assert row.body == {
        "external_source": "p",
        "external_source_id": "X-1",
        "first_name": "Ana",
        "last_name": "García",
        "mobile": "+15125550142",
        "voice_calls_opted_out": True,
    }


@pytest.mark.parametrize(
    ("cells", "word"),
    [
        ({"email": "no mail"}, "email: "),
        ({"mobile": "123"}, "mobile: "),
        ({"voice_calls_opted_out": "perhaps"}, "yes or no"),
        ({"last_name": ""}, "Last name"),
        ({"first_name": "CLEAR"}, "cannot be cleared"),
        ({"city": "a\x07b"}, "control character"),
    ],
)
def test_a_bad_cell_is_named(cells: dict[str, str], word: str) -> None:
    (row,) = checked(line(**cells))
    assert (row.outcome, row.flag, row.line) == ("failed", "error", 2)
    assert word in row.reason


def test_every_bad_cell_is_named() -> None:
    (row,) = checked(line(mobile="123", email="no mail", first_name="", external_source_id=""))
    assert row.reason.startswith("mobile: This is not a phone number")
    assert "email: This is not an e-mail address" in row.reason
    assert row.reason.endswith("A new client needs: First name, External id.")
    assert (row.source or {})["places"] == [4, 5]
    # Who is meant may be known here: then nothing is missing.
    (row,) = checked(line(mobile="123", first_name=""))
    assert "needs" not in row.reason


def test_an_update_sends_what_differs(ana: Client) -> None:
    cells = {
        "external_source": str(ana.external_source),
        "external_source_id": str(ana.external_source_id).lower(),
    }
    (row,) = checked(line(**cells, first_name=str(ana.first_name), last_name=str(ana.last_name), city="Waco"))
    assert row.target == ana.pk
    assert row.body == {"city": "Waco"} or row.body.keys() == {"city", "external_source_id"}
    assert row.before is not None
    assert row.before["city"] == ana.city


def test_empty_leaves_alone_and_clear_clears(ana: Client) -> None:
    key = {"external_source": str(ana.external_source), "external_source_id": str(ana.external_source_id),
           "first_name": str(ana.first_name), "last_name": str(ana.last_name)}  # fmt: skip
    (row,) = checked(line(**key))
    assert (row.outcome, row.body) == ("unchanged", {})
    (row,) = checked(line(**key, city="CLEAR"))
    assert row.body == {"city": None}


@pytest.mark.parametrize("told", [" lead", "tail  ", " '=x", "'=x"])
def test_what_is_known_with_its_spaces_is_no_change(ana: Client, told: str) -> None:
    """Row 20: what an export wrote comes back as it was."""
    Client.objects.filter(pk=ana.pk).update(city=told)
    names = {"first_name": str(ana.first_name), "last_name": str(ana.last_name)}
    (row,) = checked(line(**keys_of(ana), **names, city=neutral(told)))
    assert (row.outcome, row.body) == ("unchanged", {})
    (row,) = checked(line(**keys_of(ana), **names, city=f" {told} x"))
    assert row.body == {"city": f"{told} x".strip()}


@pytest.mark.parametrize(("policy", "sent"), [("always", True), ("if_empty", False), ("never", False)])
def test_policies_of_a_column(ana: Client, policy: mapping.Policy, sent: bool) -> None:
    key = {"external_source": str(ana.external_source), "external_source_id": str(ana.external_source_id),
           "first_name": str(ana.first_name), "last_name": str(ana.last_name)}  # fmt: skip
    (row,) = checked(line(**key, city="Waco"), policies={"city": policy})
    assert bool(row.body) is sent
    Client.objects.filter(pk=ana.pk).update(city=None)
    (row,) = checked(line(**key, city="Waco"), policies={"city": policy})
    assert bool(row.body) is (policy != "never")


def test_modes(ana: Client) -> None:
    known = line(
        external_source=str(ana.external_source), external_source_id=str(ana.external_source_id), city="Waco"
    )
    first, second = checked(known, line(), mode="create")
    assert (first.outcome, second.outcome) == ("unchanged", "")
    first, second = checked(known, line(), mode="update")
    assert (first.outcome, second.outcome) == ("", "failed")


def test_the_same_id_twice_in_the_file_across_forms() -> None:
    first, second = checked(line(external_source_id="É-1"), line(external_source_id="e\u0301-1"))
    assert first.outcome == ""
    assert "on line 2" in second.reason


def test_the_same_phone_or_mail_is_only_a_suggestion(ana: Client) -> None:
    Client.objects.filter(pk=ana.pk).update(mobile="+15125550142", phone_key="24105552151")
    Client.objects.filter(pk=ana.pk).update(email="ANA@Example.com", email_key="ana@example.com")
    row, other = checked(
        line(email="ana@example.COM"), line(external_source_id="X-2", email="ana@EXAMPLE.com")
    )
    assert (row.flag, row.outcome) == ("twin", "failed")
    assert f"ID {ana.pk}" in row.reason
    assert row.source is not None
    assert row.source["twins"] == [ana.pk]
    assert other.flag == "twin"


def twins_of(client: Client, *pks: int, **values: Any) -> None:
    """More clients with the keys of this one."""
    for pk in pks:
        Client.objects.create(
            id=pk, told_at=client.told_at, first_name="Twin", last_name=str(pk),
            external_source=client.external_source, external_source_id=client.external_source_id,
            source_key=client.source_key, external_key=client.external_key, email_key=client.email_key,
            phone_key=client.phone_key, **values,
        )  # fmt: skip


def keys_of(client: Client) -> dict[str, str]:
    return {
        "external_source": str(client.external_source),
        "external_source_id": str(client.external_source_id),
    }


def test_who_fits_two_clients_waits_for_a_person(ana: Client) -> None:
    twins_of(ana, 9001)
    (row,) = checked(line(**keys_of(ana), city="Waco"))
    assert (row.flag, row.outcome, row.target) == ("twin", "failed", None)
    assert f"{ana.name} (ID {ana.pk}) or Twin 9001 (ID 9001), who have the same external" in row.reason
    assert row.source is not None
    assert row.source["twins"] == [ana.pk, 9001]
    (row,) = checked(line(**keys_of(ana), city="Waco"), mode="create")
    assert row.outcome == "unchanged", "known already, whoever it is"


def test_all_who_have_the_same_phone_or_mail_are_named(ana: Client) -> None:
    Client.objects.filter(pk=ana.pk).update(mobile="+15125550142", phone_key="24105552151")
    ana.refresh_from_db()
    twins_of(ana, *range(9001, 9008))
    (row,) = checked(line(mobile="(512) 555-0142"))
    assert row.source is not None
    assert row.source["twins"] == [ana.pk, 9001, 9002, 9003, 9004]
    assert "(ID 9004) or 3 others, who have the same phone number." in row.reason


@pytest.mark.parametrize("gone", [1, 9001])
def test_the_living_one_counts_whoever_was_deleted(ana: Client, gone: int) -> None:
    """On both databases, whatever they take NULL for, and whichever of the two is older."""
    gone = ana.pk if gone == 1 else gone
    twins_of(ana, 9001)
    Client.objects.filter(pk=gone).update(gone_at=ana.told_at)
    (row,) = checked(line(**keys_of(ana), city="Waco"))
    assert (row.outcome, row.target) == ("", ana.pk if gone == 9001 else 9001)
    Client.objects.update(gone_at=ana.told_at)
    (row,) = checked(line(**keys_of(ana), city="Waco"))
    assert (row.outcome, row.reason) == ("failed", checking.LEFT)


def test_without_a_match_somebody_known_waits_for_a_person(ana: Client) -> None:
    (row, other) = checked(line(**keys_of(ana)), line(), mode="create", match="none")
    assert (row.flag, other.flag, other.outcome) == ("twin", "", "")
    assert f"(ID {ana.pk}), who has the same external source and id." in row.reason


def test_twins_inside_the_file_across_phone_formats() -> None:
    first, second = checked(
        line(mobile="(512) 555-0142"), line(external_source_id="X-2", mobile="+1 512 555 0142")
    )
    assert first.flag == ""
    assert "line 2" in second.reason


@pytest.mark.parametrize("was", [True, None])
def test_taking_back_an_opt_out_needs_the_permission(ana: Client, was: bool | None) -> None:
    Client.objects.filter(pk=ana.pk).update(voice_calls_opted_out=was)
    cells = line(
        external_source=str(ana.external_source), external_source_id=str(ana.external_source_id),
        voice_calls_opted_out="no",
    )  # fmt: skip
    (row,) = checked(cells)
    assert "opt-out" in row.reason
    (row,) = checked(cells, may_opt_in=True)
    assert row.body["voice_calls_opted_out"] is False
    counts: Counter[str] = Counter()
    checking.count(row, counts)
    assert counts["opt_ins"] == 1


def test_a_deleted_client_and_an_unknown_id(ana: Client, known: Callable[[int], Client]) -> None:
    gone = known(3)
    Client.objects.filter(pk=gone.pk).update(gone_at=gone.told_at)
    head = ["id", "city"]
    checker = Checker(Options(("id", "city"), match="id"), head, False)
    rows = list(
        checker.rows(
            Record(n, [pk, "Waco"])
            for n, pk in enumerate([str(ana.pk), str(gone.pk), "999999", "007", "1e3", "٣", str(2**63)])
        )
    )
    assert [row.outcome for row in rows] == [""] + ["failed"] * 6


def test_queries_do_not_grow_with_rows(sandbox: Sandbox, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(4):
        checked(*(line(external_source_id=f"X-{n}", email=f"a{n}@example.com") for n in range(300)))


def test_no_more_than_two_batches_are_held_at_a_time(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 19: memory does not grow with the file (`benchmarks.import_path --memory` weighs it)."""
    monkeypatch.setattr(ledger, "BATCH", 50)
    monkeypatch.setattr(checking, "BATCH", 20)
    job = Job.objects.create(kind="clients_upsert", title="Check", owner_id=1, owner_name="Paula")
    held = []

    def records() -> Iterator[Record]:
        for number in range(400):
            held.append(number - Row.objects.filter(job=job).count())
            yield Record(number + 2, line(external_source_id=f"X-{number}"))

    checker = Checker(options(), HEAD, may_opt_in=False)
    assert ledger.add_rows(job, checker.rows(records())) == 400
    assert 0 < max(held) < 50 + 20


def test_keys_that_were_seen_are_told_with_their_first_line() -> None:
    seen = Seen()
    assert seen.earlier(["a", "", "b", "a", ""], [2, 3, 4, 5, 6]) == [None, None, None, 2, None]
    assert seen.earlier(["b", "c"], [7, 8]) == [4, None]
    assert seen.earlier([], []) == []


_CELLS = st.one_of(
    st.sampled_from(
        ["", " ", "CLEAR", " CLEAR ", "X CLEAR", "'=1", "'a", "O'Neil", "yes", "no", "+15125550142", "(512) 555-0142",
         "a@b.co", "a@b", "12", "\ufffd", "a\tb", "a\u00a0", "x" * 256, "x" * 120, "García", "1 2 3"]
    ),
    st.text(max_size=12),
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(_CELLS, min_size=10, max_size=10))
def test_a_row_that_is_read_as_a_whole_says_what_its_cells_say_one_by_one(cells: list[str]) -> None:
    names = (*HEAD, "id", "case_ids")
    checker = Checker(options(columns=names), names, may_opt_in=False)
    plain: dict[str, Any] = {}
    values: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    if checker._parser._read_plain(cells, plain):
        checker._parser._read(cells, values, wrong, [])
        assert (plain, list(plain), wrong) == (values, list(values), {})
    else:
        assert plain == {}


def test_most_rows_are_read_as_a_whole() -> None:
    checker = Checker(options(), HEAD, may_opt_in=False)
    assert checker._parser._read_plain(line(mobile="(512) 555-0142", email="ana@example.com"), {})


def test_keys_that_were_seen_are_told_the_same_when_there_are_too_many_for_the_memory() -> None:
    keys = [f"{number % 40 or ''}" for number in range(100)]
    lines = list(range(2, 102))
    told = []
    for most_held in (1_000, 15, 0):
        seen = Seen(most_held)
        told.append(
            [one for at in range(0, 100, 10) for one in seen.earlier(keys[at : at + 10], lines[at : at + 10])]
        )
    assert told[0] == told[1] == told[2]
    assert told[0][40:43] == [None, 3, 4]


@given(st.from_regex(r"\+?1?[2-9]?[0-9]{9,10}\n?", fullmatch=True), st.sampled_from(["US", "GB", "DE"]))
def test_a_number_that_is_told_at_sight_is_what_the_library_says(text: str, region: str) -> None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        assert normal.e164(text, region) is None
        return
    known = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    is_whole = (
        phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE
    )
    assert normal.e164(text, region) == (known if is_whole else None)


@pytest.mark.parametrize("text", ["555-0120", "212-555-0111 ext 45", "+12125550111;ext=45"])
def test_a_number_that_would_become_another_is_none(text: str) -> None:
    assert normal.e164(text, "US") is None


@given(st.text(max_size=20) | st.text(alphabet="aB7-._ é\u00a0\u2028ǅ", max_size=8))
def test_who_is_the_same_at_sight_is_so_letter_by_letter(text: str) -> None:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    whole = " ".join((text if text.isascii() else folded).lower().split())
    told = normal.identity({"external_source": text, "external_source_id": text})
    assert told == ((whole, whole) if normal.key(text) else None)


def test_an_opt_out_that_is_known_is_sent_again_and_counts_as_none(ana: Client) -> None:
    Client.objects.filter(pk=ana.pk).update(voice_calls_opted_out=True)
    key = {"external_source": str(ana.external_source), "external_source_id": str(ana.external_source_id)}
    (row,) = checked(line(**key, first_name="", last_name="", voice_calls_opted_out="yes"))
    counts: Counter[str] = Counter()
    checking.count(row, counts)
    assert row.body == {"voice_calls_opted_out": True}
    assert (counts["updates"], counts["opt_outs"]) == (1, 0)
