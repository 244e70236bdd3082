"""A stand-in for the Kayse public API that behaves as the vendor's reference pages say.

It is a process of its own with a store of its own (``python -m kayse_admin.sandbox``); the dashboard
talks to it over HTTP like to the real service and never imports it. What it does, and where each
behaviour comes from, is in CONTRACT.md beside this file.
"""
