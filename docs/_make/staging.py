"""The pages of the site as Sphinx reads them: those of docs/ as they are, generated ones, and who leads to whom."""

import os
import re
import shutil
from pathlib import Path

DOCS = Path(__file__).parents[1]
ROOT = DOCS.parent
# What stands outside of docs/ and is a page of the site: what a link to it becomes.
OUTSIDE = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "README.md": "index.md",
}
# Where pages stand that the front page does not name: in which of its sections.
FOLDERS = {"guides": "Do", "understand": "Understand", "coming_from": "Look up", "": "Look up"}
LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
FENCE = re.compile(r"^(```+|~~~+).*?^\1\s*$", re.MULTILINE | re.DOTALL)
SECTION = re.compile(r"^## (.+)$", re.MULTILINE)


def written():
    """Return the pages that people wrote, by their place in the site."""
    pages = {
        path.relative_to(DOCS).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(DOCS.rglob("*.md"))
    }
    outside = {
        place: (ROOT / name).read_text(encoding="utf-8")
        for name, place in OUTSIDE.items()
        if name != "README.md" and (ROOT / name).exists()
    }
    return {
        **{place: relinked(text, DOCS / place, place) for place, text in pages.items()},
        **{place: relinked(text, ROOT / place, place) for place, text in outside.items()},
    }


def relinked(text, source, place):
    """Return a page whose links lead to pages of the site, called as these; a link to no page becomes its text."""

    def lead(found):
        words, target = found.groups()
        path, hash_, part = target.partition("#")
        if "://" in target or target.startswith("mailto:") or not path:
            return found[0]
        meant = Path(os.path.normpath(source.parent / path))
        if words == meant.name and meant.suffix == ".md" and meant.exists():
            words = title(meant.read_text(encoding="utf-8"))
        if meant.is_relative_to(DOCS) and meant.suffix == ".md":
            meant = meant.relative_to(DOCS).as_posix()
        elif meant.parent == ROOT and meant.name in OUTSIDE and meant.exists():
            meant = OUTSIDE[meant.name]
        else:
            return words
        return f"[{words}]({os.path.relpath(meant, Path(place).parent).replace(os.sep, '/')}{hash_}{part})"

    return outside_of_code(text, lambda prose: LINK.sub(lead, prose))


def title(page):
    """Return what a page is called."""
    return re.search(r"^# (.+)$", page, re.MULTILINE)[1]


def outside_of_code(text, change):
    """Return a page of which all but its blocks of code was changed."""
    parts, end = [], 0
    for block in FENCE.finditer(text):
        parts += [change(text[end : block.start()]), block[0]]
        end = block.end()
    return "".join([*parts, change(text[end:])])


def contents(index, pages):
    """Return the pages of each section of the front page: those it links to in their order, then all others.

    Args:
        index: The front page, with links to generated pages as well.
        pages: The places of all pages that people wrote.
    """
    _, *parts = SECTION.split(index)
    found = {}
    for title, text in zip(parts[::2], parts[1::2], strict=True):
        targets = [target.partition("#")[0] for _, target in LINK.findall(FENCE.sub("", text))]
        found[title] = list(dict.fromkeys(t for t in targets if t.endswith(".md") and "://" not in t))
    named = {place for places in found.values() for place in places}
    for place in sorted(set(pages) - named - {"index.md"}):
        found[FOLDERS[place.rpartition("/")[0]]].append(place)
    return found


def with_contents(index, sections):
    """Return the front page with the contents of the site, which the sidebar shows, behind what it says."""
    trees = [
        f"```{{toctree}}\n:hidden:\n:caption: {title}\n\n" + "\n".join(places) + "\n```"
        for title, places in sections.items()
    ]
    return index.rstrip() + "\n\n" + "\n\n".join(trees) + "\n"


def only_on_the_site(page):
    """Return a page without the paragraphs that are for readers of the files alone."""
    return re.sub(r"<!-- not on the site -->\n.*?\n\n", "", page, flags=re.DOTALL)


def stage(pages, folder):
    """Write pages into a folder where they are others than before, and take away what is no longer there."""
    for place, text in pages.items():
        put(folder / place, text.encode())
    pictures = {
        path.relative_to(DOCS).as_posix(): path
        for ending in ("svg", "png")
        for path in DOCS.rglob(f"*.{ending}")
    }
    for place, path in pictures.items():
        put(folder / place, path.read_bytes())
    for path in [p for p in folder.rglob("*") if p.is_file()]:
        if path.relative_to(folder).as_posix() not in {*pages, *pictures}:
            path.unlink()
    for path in sorted((p for p in folder.rglob("*") if p.is_dir()), reverse=True):
        if not any(path.iterdir()):
            shutil.rmtree(path)


def put(path, content):
    """Write a file unless it has this content already: what did not change is not built again."""
    if not path.exists() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
