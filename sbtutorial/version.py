"""The version of this package. Readable by Python 3.6, whose users the package tells to upgrade."""

__version__ = "0.1.0"
