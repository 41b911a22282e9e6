"""What there is of lessons, for type checkers; a test holds it to __init__.py."""

from chainrule.lessons.answering import judged as judged, own_numbers as own_numbers, value_of as value_of
from chainrule.lessons.cells import read as read
from chainrule.lessons.listing import listed as listed
from chainrule.lessons.notebook import to_notebook as to_notebook
from chainrule.lessons.page import to_html as to_html
from chainrule.lessons.progress import place as place, solve as solve, solved as solved
from chainrule.lessons.running import run as run
from chainrule.lessons.terminal import write as write
from chainrule.lessons.words import (
    answer as answer,
    begin as begin,
    exercise as exercise,
    holds as holds,
    number as number,
    picture as picture,
    remember as remember,
)
