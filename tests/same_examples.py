"""Hypothesis draws the same examples whatever else has been imported.

It likes to try constants that it finds in the source of the modules that are loaded. Which those
are depends on the tests that the same process has run before: without this, a property fails in
one run and holds in the next.
"""

from hypothesis.internal.conjecture import providers

providers._get_local_constants = lambda: providers._local_constants
