"""Commands that use the whole package: `doctor`, `test` and `bench`."""
