"""Build the documentation site, ``build/docs/html/index.html``: ``python docs/make_site.py``.

The extra has what it takes: ``pip install -e ".[docs]"``. It needs no network, and neither does the site.
"""

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from _make import errors, everything, lessons, primitives, reference, style
from _make.staging import DOCS, ROOT, contents, only_on_the_site, stage, title, with_contents, written

BUILD = ROOT / "build" / "docs"
# What the front page says of generated pages, in place of comments that say where.
GENERATED = {
    "the lessons": "- [The lessons](lessons/index.md): from one neuron to networks of your own; answers are checked by "
    "computing",
    "the interface": "- [The interface, by task](reference/index.md): all that is public, with an example of each",
    "the messages": "- [Errors](errors/index.md): mistakes with what works, every message, names of other libraries",
    "everything": "- [Everything on one page](everything.md)",
}


def pages(kept, quick=False):
    """Return all pages of the site by their places.

    Args:
        kept: The folder in which runs of lessons are kept.
        quick: Whether a lesson that was not run since the library changed is shown without what it says.
    """
    found = written()
    index = found["index.md"]
    for marker, line in GENERATED.items():
        index = index.replace(f"<!-- {marker} -->", line)
    found |= {"index.md": with_contents(only_on_the_site(index), contents(index, found))}
    found |= {"everything.md": everything.PAGE, "made/colours.css": style.stylesheet()}
    found |= {"primitives.md": primitives.page()}
    found |= lessons.pages(kept, quick) | reference.pages() | errors.pages()
    found |= {"made/everything.txt": everything.as_text(found)}
    return found


def build(folder, quick=False):
    """Build the site in a folder; a warning is an error. Return the exit code."""
    from sphinx.cmd.build import main  # noqa: PLC0415 -- who only asks for the pages needs no Sphinx

    found = pages(folder / "lessons", quick)
    stage(found, folder / "source")
    before = folder / "sidebar.json"
    sidebar = json.dumps([[place, title(found[place])] for place in everything.order(found)])
    is_new = not before.exists() or before.read_text(encoding="utf-8") != sidebar
    options = ["-q", "-W", "--keep-going", "-j", "auto", "-c", str(DOCS), "-d", str(folder / "read")]
    options += ["-a"] * is_new  # it stands beside each page, also of those that did not change
    code = main([*options, str(folder / "source"), str(folder / "html")])
    if code == 0:
        before.write_text(sidebar, encoding="utf-8")
        everything.fill(folder / "html", found)
    return code


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=BUILD, help="where to build it")
    parser.add_argument(
        "--quick", action="store_true", help="run no lesson: its output is left out, unless kept"
    )
    given = parser.parse_args()
    begun = time.perf_counter()
    code = build(given.folder, given.quick)
    if code == 0:
        print(f"{given.folder / 'html' / 'index.html'}, in {time.perf_counter() - begun:.0f} s")
    sys.exit(code)
