"""The Explorer as three panes: the tree, a list, and one message or form.

The browser asks for what a learner could call; every answer carries the line of Python that was
called (`actions.py`), and the result as plain values (`plain.py`).
"""
