"""The pages of errors, and the one that leads to them."""

from _make import messages, mistakes, names


def pages():
    """Return them by their places."""
    found = {f"errors/{name}.md": mistakes.page(name) for name in mistakes.PAGES}
    found |= {"errors/messages.md": messages.page(), "errors/names.md": names.page()}
    lines = [f"- [{title}]({name}.md): {says}" for name, (title, says) in mistakes.PAGES.items()]
    tree = "\n".join([*mistakes.PAGES, "messages", "names"])
    found["errors/index.md"] = (
        "# Errors\n\n"
        "An error says what was found, what was expected and what to do. Type a few words of a message into the "
        "search, or look here.\n\n"
        "## Mistakes, and what works\n\n" + "\n".join(lines) + "\n\n"
        "## All there is\n\n"
        "- [Every message](messages.md) of the library, by its kind\n"
        "- [Names of other libraries](names.md), and the line to write instead\n\n"
        f"```{{toctree}}\n:hidden:\n\n{tree}\n```\n"
    )
    return found
