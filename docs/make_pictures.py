"""Draw docs/pictures/*.svg, each by the code above it in docs/pictures.md: ``python docs/make_pictures.py``."""

import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chainrule as cr

PAGE = Path(__file__).with_name("pictures.md")
BLOCK = re.compile(
    r"```python\n(?P<code>.*?)```\n"
    r"(?:```text\n(?P<prints>.*?)```\n)?"
    r"(?:\n!\[(?P<words>[^\n]*?)\]\(pictures/(?P<name>[\w-]+)\.svg\)\n)?",
    re.DOTALL,
)
MOST = 60_000  # bytes of a picture


def drawn(page: str) -> Iterator[tuple[re.Match[str], str, cr.Picture | None]]:
    """Run the code of a page; yield each block, what it printed, and the picture that stands below it."""
    scope: dict[str, Any] = {}
    for block in BLOCK.finditer(page):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(block["code"], PAGE.name, "exec"), scope)
        yield block, printed.getvalue(), scope["picture"] if block["name"] else None


def main() -> None:
    """Write the pictures, and their words and what was printed into the page."""
    text = PAGE.read_text(encoding="utf-8")
    folder = PAGE.with_suffix("")
    folder.mkdir(exist_ok=True)
    made, page, end = set(), "", 0
    for block, printed, picture in drawn(text):
        page += text[end : block.start()] + f"```python\n{block['code']}```\n"
        page += f"```text\n{printed}```\n" if printed else ""
        end = block.end()
        if picture is not None:
            picture.save(folder / f"{block['name']}.svg")
            made.add(f"{block['name']}.svg")
            page += f"\n![{picture.words}](pictures/{block['name']}.svg)\n"
    PAGE.write_text(page + text[end:], encoding="utf-8")
    for file in folder.glob("*.svg"):
        if file.name not in made:
            file.unlink()


if __name__ == "__main__":
    main()
