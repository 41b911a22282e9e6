"""The pictures there are, for type checkers; a test holds them to those of __init__.py."""

from chainrule.explaining.pictures.diagrams import *
from chainrule.explaining.pictures.marks import *
from chainrule.explaining.pictures.picture import *
