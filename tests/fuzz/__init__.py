"""Bytes of any kind for every parser, with a corpus that is kept.

    python -m tests.fuzz                        # two minutes, all targets
    python -m tests.fuzz --minutes 30 http sql  # longer, some targets
    pytest tests/fuzz                           # the bounded run: the same inputs every time

A target is one function, `target(data: bytes) -> None`, in `tests/fuzz/targets/`. It gives the
bytes to a parser, lets the errors pass that the parser's docstring names, and checks what must hold
of what was read. Whatever else it raises is a defect. The bytes that showed one stay in
`corpus/<target>/`.

Where `atheris` is installed (there is no wheel of it for Windows) the long run is guided by
coverage; elsewhere inputs are mutated at random.
"""
