"""/labels/: the names of case types and statuses, by hand and by CSV."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.http import StreamingHttpResponse
from django.test import Client as Browser
from hypothesis import given
from hypothesis import strategies as st

from caselists_ui import labels
from caselists_ui.labels import BadFile, Row
from caselists_ui.models import Label
from kayse_admin.accounts.models import User
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event
from tests.caselists_ui.helpers import page_of
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db
URL = "/labels/"


def add(browser: Browser, number: int = 25, name: str = "Mass Tort") -> Label:
    assert (
        browser.post("/labels/new/", {"kind": "case_type", "number": number, "name": name}).status_code == 303
    )
    return Label.objects.get(kind="case_type", number=number)


def upload(browser: Browser, content: bytes | str) -> object:
    data = content.encode() if isinstance(content, str) else content
    return browser.post("/labels/import/", {"file": SimpleUploadedFile("labels.csv", data)})


def facts() -> list[Event]:
    return list(Event.objects.filter(action=Action.LABELS_CHANGE).order_by("id"))


def test_a_label_is_added_renamed_and_deleted(as_manager: Browser) -> None:
    label = add(as_manager)
    assert as_manager.post(f"/labels/{label.pk}/edit/", {"name": " Torts  en masse "}).status_code == 303
    label.refresh_from_db()
    assert label.name == "Torts en masse"
    assert as_manager.post(f"/labels/{label.pk}/delete/").status_code == 303
    assert not Label.objects.exists()
    told = [(event.before, event.after) for event in facts()]
    assert told == [
        ({"Case type 25": ""}, {"Case type 25": "Mass Tort"}),
        ({"Case type 25": "Mass Tort"}, {"Case type 25": "Torts en masse"}),
        ({"Case type 25": "Torts en masse"}, {"Case type 25": ""}),
    ]
    assert {event.actor_name for event in facts()} == {"Max Manager"}


def test_they_are_used_wherever_a_number_would_stand(as_manager: Browser) -> None:
    add(as_manager)
    assert labels.current().type(25) == "Mass Tort"
    assert "Mass Tort" in page_of(as_manager.get("/case-lists/new/"))


def test_bad_input_is_refused(as_manager: Browser) -> None:
    add(as_manager)
    for values, words in (
        ({"kind": "case_type", "number": "26", "name": ""}, "This field is required."),
        ({"kind": "case_type", "number": "26", "name": "  "}, "This field is required."),
        ({"kind": "case_type", "number": "26", "name": "x" * 201}, "at most 200 characters"),
        ({"kind": "case_type", "number": "26", "name": "a\0"}, "Null characters"),
        ({"kind": "other", "number": "26", "name": "x"}, "Select a valid choice"),
        ({"kind": "case_type", "number": "0", "name": "x"}, "whole number from 1"),
        ({"kind": "case_type", "number": str(2**63), "name": "x"}, "whole number from 1"),
        ({"kind": "case_type", "number": "1e3", "name": "x"}, "whole number from 1"),
        ({"kind": "case_type", "number": "٣", "name": "x"}, "whole number from 1"),
        ({"kind": "case_type", "number": "25", "name": "x"}, "a label for this id already"),
    ):
        response = as_manager.post("/labels/new/", values)
        assert response.status_code == 422, values
        assert words in page_of(response), values
    assert Label.objects.count() == 1
    assert len(facts()) == 1


def test_who_may(people: dict[str, User], as_manager: Browser) -> None:
    label = add(as_manager)
    writes = ("/labels/new/", f"/labels/{label.pk}/edit/", f"/labels/{label.pk}/delete/", "/labels/import/")
    for who in ("paralegal", "auditor"):
        browser = signed_in(people[who])
        assert browser.get(URL).status_code == 200
        assert browser.get("/labels/export.csv").status_code == 200
        assert "Add label" not in page_of(browser.get(URL))
        assert {browser.post(url).status_code for url in writes} == {403}
    assert signed_in(people["nobody"]).get(URL).status_code == 403
    assert {Browser().post(url)["Location"][:9] for url in writes} == {"/sign-in/"}
    assert as_manager.get("/labels/import/").status_code == 405
    assert as_manager.get("/labels/999/edit/").status_code == 404
    assert as_manager.post("/labels/999/delete/").status_code == 404
    assert len(facts()) == 1


def test_a_file_is_taken_whole_with_one_line_in_the_record(as_manager: Browser) -> None:
    add(as_manager, 25, "Old")
    content = (
        '\ufeffKind,ID,Name\r\ncase_type,25,Mass Tort\r\nstatus,30,"Signed, at last"\r\n\r\ntype,31,Hire\r\n'
    )
    assert upload(as_manager, content).status_code == 303  # type: ignore[attr-defined]
    assert {(x.kind, x.number, x.name) for x in Label.objects.all()} == {
        ("case_type", 25, "Mass Tort"),
        ("status", 30, "Signed, at last"),
        ("case_type", 31, "Hire"),
    }
    assert len(facts()) == 2
    assert facts()[1].reason == "Loaded from labels.csv"
    upload(as_manager, content)
    assert len(facts()) == 2, "nothing changed, nothing to record"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "The first line has to be: kind,id,name."),
        ("kind,id\n", "The first line has to be"),
        ("kind,id,name\n", "holds no label"),
        ("kind,id,name\ncase_type,25\n", "Line 2: There are 2 cells"),
        ("kind,id,name\nx,25,y\nstatus,0,y\nstatus,1,\n", "Line 3: The id"),
        ("kind,id,name\nstatus,1,a\nstatus,1,b\n", "Line 3: Status 1 is there twice."),
        ('kind,id,name\nstatus,1,"a\n', "This is not CSV"),
        ("kind,id,name\nstatus,1," + "x" * 140_000 + "\n", "field larger than field limit"),
        ("kind,id,name\nstatus,1,a\0b\n", "cannot be stored"),
        ("kind,id,name\nstatus,1,é\n".encode("latin-1"), "not UTF-8"),
        ("kind,id,name\n".encode("utf-16"), "not UTF-8"),
        (b"PK\x03\x04" + b"\0" * 100, "The first line"),
        (b"x" * 1_000_001, "larger than 1,000 kB"),
    ],
)
def test_a_bad_file_changes_nothing(as_manager: Browser, content: bytes | str, words: str) -> None:
    response = upload(as_manager, content or b"\n")
    assert response.status_code == 422  # type: ignore[attr-defined]
    assert words in page_of(response)  # type: ignore[arg-type]
    assert not Label.objects.exists()
    assert facts() == []


def test_no_file_at_all(as_manager: Browser) -> None:
    assert as_manager.post("/labels/import/").status_code == 422


@given(
    st.lists(
        st.text("ab=+-@'\" ,;é＝\t", min_size=1).map(lambda t: " ".join(t.split())).filter(bool), max_size=5
    )
)
def test_what_is_exported_can_be_taken_back(names: list[str]) -> None:
    Label.objects.all().delete()
    rows = [Row(Label.Kind.STATUS, number, name) for number, name in enumerate(names, start=1)]
    Label.objects.bulk_create([Label(kind=row.kind, number=row.number, name=row.name) for row in rows])
    text = "".join(labels.to_csv())
    cells = list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert not any(name[:1] in tuple("=+-@＝") for _, _, name in cells)
    if rows:
        assert labels.from_csv(text.encode()) == rows


def test_the_export_is_a_file(as_manager: Browser) -> None:
    add(as_manager, 25, "=1+1")
    response = as_manager.get("/labels/export.csv")
    assert isinstance(response, StreamingHttpResponse)
    assert response.getvalue() == b"kind,id,name\r\ncase_type,25,'=1+1\r\n"
    assert 'filename="labels.csv"' in response["Content-Disposition"]


def test_the_command(tmp_path: Path, db: None) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("kind,id,name\ncase_type,25,Mass Tort\nstatus,30,Signed\n")
    call_command("load_labels", str(path), verbosity=0)
    assert Label.objects.count() == 2
    assert facts()[0].actor_name == "load_labels"
    path.write_text("kind,id,name\ncase_type,x,y\n")
    with pytest.raises(CommandError, match="Line 2"):
        call_command("load_labels", str(path))
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("load_labels", str(tmp_path / "none.csv"))


def test_scripts_in_names_stay_text(as_manager: Browser) -> None:
    add(as_manager, 25, "<script>alert(1)</script>")
    for url in (URL, "/case-lists/new/"):
        assert "<script>alert" not in page_of(as_manager.get(url))


def test_too_many_rows() -> None:
    text = "kind,id,name\n" + "".join(f"status,{n},x\n" for n in range(1, 5_002))
    with pytest.raises(BadFile, match="more than 5,000"):
        labels.from_csv(text.encode())


def test_an_id_does_not_break_and_one_is_told_in_the_singular(as_manager: Browser) -> None:
    response = as_manager.post(
        "/labels/import/",
        {"file": SimpleUploadedFile("labels.csv", b"kind,id,name\ncase_type,9223372036854775807,Long\n")},
        follow=True,
    )
    text = page_of(response)
    assert '<td class="num nowrap">9223372036854775807</td>' in text
    assert "1 label read, 1 changed." in text
