"""The exercises, one module for each topic; each has its `TASKS`."""
