"""Colours of the site: those of the pictures, light and dark, so that a picture stands on its own ground."""

from chainrule.showing.colours import DARK, LIGHT


def variables(colours):
    """Return what the theme calls our colours."""
    return {
        "color-background-primary": colours["paper"],
        "color-foreground-primary": colours["ink"],
        "color-foreground-secondary": colours["muted"],
        "color-foreground-muted": colours["muted"],
        "color-brand-primary": colours["c1"],
        "color-brand-content": colours["c1"],
        "color-brand-visited": colours["c4"],
    }


def stylesheet():
    """Return the colours as variables; pictures that are files follow the colour scheme of what they stand in."""

    def body(colours, scheme):
        named = "".join(f"--{name}:{colour};" for name, colour in colours.items())
        return f"{{{named}color-scheme:{scheme}}}"

    dark = body(DARK, "dark")
    return (
        f"body{body(LIGHT, 'light')}\nbody[data-theme=dark]{dark}\n"
        f"@media(prefers-color-scheme:dark){{body:not([data-theme=light]){dark}}}\n"
    )
