"""A whole namespace as one file: the `config.json` of Microsoft's emulator, read and written.

A file of a megabyte names tens of thousands of queues: whatever takes long is there twice, at once
and in short steps, between which others have their turn.

Source: "Azure Service Bus emulator", configuration.
"""
