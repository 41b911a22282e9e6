"""Build the documentation site, ``build/docs/html/index.html``: ``python docs/make_site.py``.

The extra has what it takes: ``pip install -e ".[docs]"``. It needs no network, and neither does the site.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from _make import errors, reference, style
from _make.staging import DOCS, ROOT, contents, only_on_the_site, stage, with_contents, written

BUILD = ROOT / "build" / "docs"
# What the front page says of generated pages, in place of comments that say where.
GENERATED = {
    "the interface": "- [The interface, by task](reference/index.md): all that is public, with an example of each",
    "the messages": "- [Errors](errors/index.md): mistakes with what works, every message, names of other libraries",
}


def pages():
    """Return all pages of the site by their places."""
    found = written()
    index = found["index.md"]
    for marker, line in GENERATED.items():
        index = index.replace(f"<!-- {marker} -->", line)
    front = with_contents(only_on_the_site(index), contents(index, found))
    made = {"made/colours.css": style.stylesheet()}
    return {**found, **reference.pages(), **errors.pages(), **made, "index.md": front}


def build(folder):
    """Build the site in a folder; a warning is an error. Return the exit code."""
    from sphinx.cmd.build import main  # noqa: PLC0415 -- who only asks for the pages needs no Sphinx

    stage(pages(), folder / "source")
    places = [str(folder / "source"), str(folder / "html")]
    return main(
        ["-q", "-W", "--keep-going", "-j", "auto", "-c", str(DOCS), "-d", str(folder / "read"), *places]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=BUILD, help="where to build it")
    given = parser.parse_args()
    begun = time.perf_counter()
    code = build(given.folder)
    if code == 0:
        print(f"{given.folder / 'html' / 'index.html'}, in {time.perf_counter() - begun:.0f} s")
    sys.exit(code)
