"""What holds for every test."""

from hypothesis import settings


def test_no_property_fails_for_the_time_it_takes():
    assert settings.default.deadline is None
