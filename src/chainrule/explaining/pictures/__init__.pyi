"""The pictures there are, for type checkers; a test holds them to those of __init__.py."""

from chainrule.explaining.pictures.activating import *
from chainrule.explaining.pictures.attributing import *
from chainrule.explaining.pictures.boundaries import *
from chainrule.explaining.pictures.bowls import *
from chainrule.explaining.pictures.comparing import *
from chainrule.explaining.pictures.confusions import *
from chainrule.explaining.pictures.curves import *
from chainrule.explaining.pictures.diagrams import *
from chainrule.explaining.pictures.distributions import *
from chainrule.explaining.pictures.inside import *
from chainrule.explaining.pictures.marks import *
from chainrule.explaining.pictures.networks import *
from chainrule.explaining.pictures.norming import *
from chainrule.explaining.pictures.picture import *
from chainrule.explaining.pictures.recurrences import *
from chainrule.explaining.pictures.regressions import *
from chainrule.explaining.pictures.scaling import *
from chainrule.explaining.pictures.spaces import *
from chainrule.explaining.pictures.trainings import *
