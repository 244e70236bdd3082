"""Clients that somebody has selected: frozen under a token, looked at, and changed together."""
