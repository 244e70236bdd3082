"""What can go wrong, as one tree.

::

    KayseError                  .sentence: one sentence for people
    ├── ConfigError             (ValueError) the client was set up wrongly
    ├── ArgumentError           (ValueError) a call was made wrongly; raised before anything is sent
    │   ├── InvalidId           not an integer in 1..2**63-1
    │   ├── InvalidPage         page below 1, or page_size outside 1..100
    │   ├── EmptyArgument       a list, mapping or filter with nothing in it
    │   ├── TooMany             more rows than one request takes
    │   ├── MissingFilter       attach or detach without the keys that the vendor asks for
    │   └── NotSendable         cannot be written as JSON or as a query string
    └── WireError               what the network did; becomes a result, never reaches a caller
        ├── NeverSent           .reason: NotSentReason     -> NotSent
        └── NoUsableAnswer      .reason: UnknownReason     -> Unknown

An error's text never holds the API key, nor a value that was sent.
"""

from __future__ import annotations

from kayse_admin.kayse_api.outcomes import NotSentReason, UnknownReason


class KayseError(Exception):
    """Anything this package raises."""

    @property
    def sentence(self) -> str:
        return "Kayse could not be asked."


class ConfigError(KayseError, ValueError):
    """The client's configuration cannot work; the text says which setting."""

    @property
    def sentence(self) -> str:
        return "The connection to Kayse is not set up correctly. An administrator has to look at it."


class ArgumentError(KayseError, ValueError):
    """A mistake in the call. The text is for developers."""

    @property
    def sentence(self) -> str:
        return "This cannot be sent to Kayse as it is."


class InvalidId(ArgumentError):
    """An id is not an integer in 1..2**63-1."""

    @property
    def sentence(self) -> str:
        return "An id is a whole number from 1 upwards."


class InvalidPage(ArgumentError):
    """A page number below 1 or a page size outside 1..100."""

    @property
    def sentence(self) -> str:
        return "There is no such page."


class EmptyArgument(ArgumentError):
    """A list, mapping or filter has nothing in it."""

    @property
    def sentence(self) -> str:
        return "There is nothing to send."


class TooMany(ArgumentError):
    """More rows than one request takes."""

    @property
    def sentence(self) -> str:
        return "This is too much for one request."


class MissingFilter(ArgumentError):
    """Neither a filter nor cases to include, or cases to exclude from no filter."""

    @property
    def sentence(self) -> str:
        return "Choose a filter or name the cases. Cases can only be left out of a filter."


class NotSendable(ArgumentError):
    """A value that JSON or a query string cannot carry."""


class WireError(KayseError):
    """What the network did to one try. Turned into a result by the exchange."""


class NeverSent(WireError):
    """Not one byte of the request left."""

    def __init__(self, reason: NotSentReason) -> None:
        super().__init__(reason.value)
        self.reason = reason

    @property
    def sentence(self) -> str:
        return self.reason.sentence


class NoUsableAnswer(WireError):
    """Bytes may have left, and no answer came that can be relied on."""

    def __init__(self, reason: UnknownReason) -> None:
        super().__init__(reason.value)
        self.reason = reason

    @property
    def sentence(self) -> str:
        return self.reason.sentence
