"""Social security numbers are recognised by their look and by the name of their field, and by nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from kayse_admin.audit.masking import HIDDEN, MASK, hidden, looks_secret, masked

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("note", "her number is 123-45-6789"),
        ("note", "123 45 6789"),
        ("note", "tin 987654321"),
        ("note", "SSN: 987654321, called twice"),
        ("note", "Social Security number is 987654321"),
        ("ssn", "123456789"),
        ("ssn", 123456789),
        ("clientSSN", "x"),
        ("ssnLast4", "6789"),
        ("Social Security Number", "x"),
        ("tax-id", "12-3456789"),
        ("itin", "912701234"),
        ("meta", {"person": {"ssn": "1"}}),
        ("notes", ["fine", "123-45-6789"]),
    ],
)
def test_what_is_secret(name: str, value: Any) -> None:
    assert looks_secret(name, value)
    assert MASK in str(masked(value, name))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ssn", ""),
        ("ssn", None),
        ("ssn_known", True),
        ("phone", "512-555-0100"),
        ("assn", "the association"),
        ("ids", [123456789]),
        ("note", "1123-45-67890"),
        ("tuple", []),
    ],
)
def test_what_is_not(name: str, value: Any) -> None:
    assert not looks_secret(name, value)
    assert masked(value, name) == value


@pytest.mark.parametrize("name", ["ssn", "meta.ssn", "person.clientSSN"])
def test_a_name_inside_another(name: str) -> None:
    """A comparison of two states names a field by the way that leads to it."""
    assert masked("123456789", name) == MASK


@pytest.mark.parametrize(
    "value",
    [
        {"phone": "15125550142"},
        {"mobile": 5125550142},
        {"Email": "somebody"},
        {"dob": "1980-02-29"},
        {"dateOfBirth": "1980-02-29"},
        {"home address": "Main St 1"},
        {"addresses": [{"line1": "Main St 1", "number": 1}]},
        {"person": {"cell-2": 5125550142}},
        {"zip": "78701"},
    ],
)
def test_personal_names(value: Any) -> None:
    assert all(part not in str(hidden(value)) for part in ("512", "some", "1980", "Main", "787"))
    assert HIDDEN in str(hidden(value))


@pytest.mark.parametrize(
    "text",
    [
        "15125550142",
        "442071234567",
        "0049 171 1234567",
        "1-512-555-0142",
        "1 (512) 555-0142",
        "5125550142x12",
        "512-555-0142 ext. 12",
        "tel:512-555-0142",
        "q=15125550142",
        "%2B15125550142",
        "a@localhost",
        "mailto:a@b.co",
    ],
)
def test_personal_text(text: str) -> None:
    assert not set("0123456789@") & set(hidden(text).replace("q=", ""))


@pytest.mark.parametrize(
    "value",
    [
        "case 5125550142",
        "clients: 5125550142",
        "#15125550142",
        "550e8400-e29b-41d4-a716-446655440000",
        "2026-11-22T02:07:21+00:00",
        {"case_id": 5125550142},
        {"email_told": True, "city": "Austin", "cancelled": "yes", "model": "T-1000"},
    ],
)
def test_what_is_not_personal(value: Any) -> None:
    assert hidden(value) == value


@pytest.mark.parametrize("part", ["x", "1", "a1.", "%40", "ssn ", "+1", "case 5125550142 ", "é"])
def test_a_megabyte_is_looked_through_once(part: str) -> None:
    """What went through it once for each letter would be at it for an hour."""
    text = part * (1_000_000 // len(part))
    assert hidden(text) == text


def test_a_very_long_address_is_hidden_whole() -> None:
    assert hidden(f"to {'a' * 300}@example.com now") == f"to {HIDDEN} now"
