"""Which messages a subscription gets a copy of, and what is changed on the copy.

A rule's filter says yes or no to a message (`boolean.py`, `correlation.py`, `sql.py`), its action
sets and removes properties of the copy (`actions.py`). Both see a message through `Properties`
(`properties.py`) and nothing else. SQL is read by `reading.py` into the nodes of `expressions.py`,
whose values follow `values.py`, and compiled once into functions by `evaluation.py`: a filter by
`conditions.py`, an action by `statements.py`. All of that is imported when there is some.
"""
