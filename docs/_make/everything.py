"""All pages on one, made of the built ones, and all of them as text."""

import html
import os
import re
from pathlib import PurePosixPath

from _make.staging import title

PAGE = """# Everything on one page

All pages of this site, one after the other, to be searched in the browser, printed or sent.

```{raw} html
<p>As text: <a href="_static/everything.txt">everything.txt</a></p>
<div id="everything"><!-- begin --><!-- end --></div>
<script defer src="_static/lessons.js"></script>
```
"""
SPACE = re.compile(r"<!-- begin -->.*<!-- end -->", re.DOTALL)
ARTICLE = re.compile(r'<article role="main"[^>]*>(.*)</article>', re.DOTALL)
TREE = re.compile(r"^```\{toctree\}\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def order(pages, place="index.md"):
    """Return the places of all pages in the order in which one goes from each to the next."""
    found = [place]
    for tree in TREE.findall(pages[place]):
        for line in tree.splitlines():
            if line and not line.startswith(":"):
                inside = (PurePosixPath(place).parent / line).with_suffix(".md").as_posix()
                found += order(pages, inside)
    return found


def as_text(pages):
    """Return all pages as Markdown, without what is for browsers alone."""
    parts = []
    for place in order(pages):
        text = TREE.sub("", pages[place])
        text = re.sub(r"^(`{3,})\{raw\} html\n.*?^\1$\n*", "", text, flags=re.MULTILINE | re.DOTALL)
        parts.append(f"<!-- {place} -->\n\n{text.strip()}\n")
    return "\n\n".join(parts)


def fill(folder, pages):
    """Write the bodies of the built pages into the one that holds everything."""
    places = [
        place.removesuffix(".md") for place in order(pages) if place not in ("index.md", "everything.md")
    ]
    known = set(places)
    bodies = [body((folder / f"{place}.html").read_text(encoding="utf-8"), place, known) for place in places]
    titles = [html.escape(title(pages[f"{place}.md"])) for place in places]
    links = [f'<a href="#{called(place)}">{title}</a>' for place, title in zip(places, titles, strict=True)]
    listed = "".join(f"<li>{each}</li>" for each in links)
    path = folder / "everything.html"
    page = path.read_text(encoding="utf-8")
    inside = f'<!-- begin --><ul class="pages">{listed}</ul>{"".join(bodies)}<!-- end -->'
    path.write_text(SPACE.sub(lambda _: inside, page), encoding="utf-8")


def called(place, part=""):
    """Return the id of a page, or of a part of one."""
    return "page-" + re.sub(r"\W", "-", place) + (f"--{part}" if part else "")


def body(text, place, known):
    """Return what is in a page, with ids of its own, a level lower, and links that stay on the one page."""
    text = ARTICLE.search(text)[1]
    text = re.sub(r"<script[^>]*></script>", "", text)
    text = re.sub(
        r'(\s(?:id|for|aria-labelledby))="([^"]+)"', lambda m: f'{m[1]}="{called(place, m[2])}"', text
    )
    text = re.sub(r"url\(#([^)]+)\)", lambda m: f"url(#{called(place, m[1])})", text)
    text = re.sub(r'(\s(?:href|src))="([^"]+)"', lambda m: f'{m[1]}="{lead(m[2], place, known)}"', text)
    text = re.sub(r"(</?h)([1-5])\b", lambda m: f"{m[1]}{int(m[2]) + 1}", text)
    return f'<div id="{called(place)}">{text}</div>'


def lead(target, place, known):
    """Return where a link of a page leads from the one page."""
    path, hash_, part = target.partition("#")
    if "://" in target or target.startswith(("mailto:", "data:")):
        return target
    if not path:
        return f"#{called(place, part)}"
    meant = os.path.normpath(PurePosixPath(place).parent / path).replace(os.sep, "/")
    if meant.endswith(".html") and meant.removesuffix(".html") in known:
        return f"#{called(meant.removesuffix('.html'), part)}"
    return f"{meant}{hash_}{part}"
