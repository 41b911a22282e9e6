"""Settings of the property tests of this room."""

from hypothesis import settings

settings.register_profile("data", deadline=None)  # the first table costs pandas a second
settings.load_profile("data")
