"""The Explorer's links between two clicks: where they lie, and in whose hands they are."""
