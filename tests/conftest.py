"""Tests leave the user's cache of object code alone; the workers of one run share a folder that goes with it."""

import os
import shutil
import tempfile


def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.cache_of_object_code = tempfile.mkdtemp(prefix="chainrule-tests-")
        os.environ["CHAINRULE_CACHE"] = config.cache_of_object_code


def pytest_unconfigure(config):
    if hasattr(config, "cache_of_object_code"):
        shutil.rmtree(config.cache_of_object_code, ignore_errors=True)
