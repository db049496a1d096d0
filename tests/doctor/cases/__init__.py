"""Threads of users who were stuck: the doctor finds what the thread found. docs/rules/cases.md lists them."""
