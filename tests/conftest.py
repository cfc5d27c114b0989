"""The whole rule table, for tests that walk it."""

from dualmc.rules import complete

complete()
