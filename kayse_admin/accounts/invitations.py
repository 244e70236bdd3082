"""Links by which a person sets a password: the first one after an invitation, or a new one when it is lost.

A link is signed, ends after `settings.INVITATION_HOURS`, and works once: it carries a nonce that the account forgets
when the link is used, when a newer one is issued, or when the account is disabled.
"""

from __future__ import annotations

import secrets
import smtplib

from django.conf import settings
from django.core import signing
from django.core.mail import send_mail
from django.db import transaction

from kayse_admin.accounts import sessions
from kayse_admin.accounts.models import User
from kayse_admin.accounts.people import target
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.audit import recorder
from kayse_admin.audit.actions import Action

SALT = "kayse_admin.invitation"


def issue(actor: Actor, person: User) -> str:
    """A new link's token; every earlier one is dead from now on."""
    actor.require(Capability.PEOPLE_EDIT)
    nonce = secrets.token_hex(16)
    with transaction.atomic():
        User.objects.filter(pk=person.pk).update(link_nonce=nonce)
        recorder.fact(
            actor,
            Action.PASSWORD_LINK,
            target(person),
            detail=f"good for {settings.INVITATION_HOURS} hours, once",
        )
    return signing.dumps([person.pk, nonce], salt=SALT)


def person_of(token: str) -> User | None:
    """Whose password the token sets; None when it is forged, too old, used, replaced, or the account disabled."""
    try:
        pk, nonce = signing.loads(token, salt=SALT, max_age=settings.INVITATION_HOURS * 3600)
    except (signing.BadSignature, ValueError):
        return None
    return User.objects.filter(pk=pk, link_nonce=nonce, is_active=True).exclude(link_nonce="").first()


def use(actor: Actor, person: User, password: str) -> bool:
    """Set the password and use the link up. False when somebody was faster; `person` is as `person_of` gave it."""
    with transaction.atomic():
        if not User.objects.filter(pk=person.pk, link_nonce=person.link_nonce).update(link_nonce=""):
            return False
        person.link_nonce = ""
        person.set_password(password)
        person.save(update_fields=["password"])
        sessions.end(person)
        recorder.fact(actor, Action.PASSWORD_CHANGE, target(person), detail="by a link")
    return True


def send(person: User, link: str) -> bool:
    """Send the link by e-mail. False when no e-mail is set up, the person has no address, or the server refused."""
    if not (settings.EMAIL_URL and person.email):
        return False
    text = (
        f"{person.first_name or person.username},\n\n"
        f"open this link to choose your password for Kayse Admin. It works once, within "
        f"{settings.INVITATION_HOURS} hours:\n\n{link}\n\nYour user name is {person.username}.\n"
    )
    try:
        sent = send_mail("Your account for Kayse Admin", text, None, [person.email])
    except (smtplib.SMTPException, OSError):
        return False
    return bool(sent)
