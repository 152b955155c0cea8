"""The Explorer: what is in a namespace, and what can be done with it, through the SDK alone."""
