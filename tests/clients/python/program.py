"""Does what each line of standard input asks for, and answers with a line.

The tests' half is tests/clients/program.py. This half runs on whatever Python has the client, and
needs nothing but it.
"""

import importlib
import json
import sys


def answer(module, name, argument):
    try:
        return {"result": getattr(importlib.import_module(module), name)(**argument)}
    except Exception as error:
        code = getattr(error, "condition", None)
        return {"error": {"name": type(error).__name__, "code": code, "message": str(error)}}


for line in sys.stdin:
    print(json.dumps(answer(**json.loads(line))), flush=True)
