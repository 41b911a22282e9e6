"""How a report looks: light or dark as its reader likes it, on a telephone, and on paper."""

from collections.abc import Mapping

from chainrule.showing.colours import DARK, LIGHT

_FONT = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,'Liberation Sans',sans-serif"
_MONO = "ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono',monospace"
_GROUND = {"light": "#f6f7f9", "dark": "#161b22"}  # of code, and of what stands out a little


def _named(colours: Mapping[str, str], ground: str) -> str:
    return "".join(f"--{name}:{colour};" for name, colour in colours.items()) + f"--ground:{ground};"


STYLE = f"""
:root{{color-scheme:light dark;{_named(LIGHT, _GROUND["light"])}}}
@media (prefers-color-scheme:dark){{:root{{{_named(DARK, _GROUND["dark"])}}}}}
*{{box-sizing:border-box}}
html{{-webkit-text-size-adjust:100%}}
body{{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 {_FONT};overflow-wrap:break-word}}
header,main,footer{{max-width:940px;margin:0 auto;padding:0 28px}}
header{{padding-top:40px}}
footer{{padding-top:24px;padding-bottom:56px;color:var(--muted);font-size:14px}}
h1{{font-size:30px;line-height:1.2;letter-spacing:-.01em;font-weight:650;margin:0 0 6px;text-wrap:balance}}
h2{{font-size:21px;line-height:1.3;font-weight:650;margin:0 0 10px;letter-spacing:-.005em}}
h3{{font-size:16px;line-height:1.4;font-weight:650;margin:28px 0 6px}}
p{{margin:0 0 10px;max-width:72ch}}
ul{{margin:0 0 10px;padding-left:1.2em;max-width:72ch}}
li{{margin:3px 0}}
a{{color:var(--c1)}}
a:focus-visible,[tabindex]:focus-visible{{outline:3px solid var(--c1);outline-offset:2px;border-radius:3px}}
code{{font:.88em {_MONO};background:var(--ground);border-radius:4px;padding:.1em .3em;overflow-wrap:anywhere}}
pre{{margin:8px 0 14px;padding:12px 16px;background:var(--ground);border:1px solid var(--faint);border-radius:8px;
overflow-x:auto;font:13.5px/1.6 {_MONO}}}
pre code{{font:inherit;background:none;padding:0;overflow-wrap:normal}}
.skip{{position:absolute;left:-9999px}}
.skip:focus{{position:fixed;left:16px;top:12px;background:var(--paper);padding:8px 14px;z-index:2}}
.quiet{{color:var(--muted)}}
.about{{color:var(--muted);margin:0;max-width:none}}
nav{{margin:22px 0 0;padding:10px 0;border-top:1px solid var(--faint);border-bottom:1px solid var(--faint)}}
nav ul{{list-style:none;display:flex;flex-wrap:wrap;gap:2px 20px;margin:0;padding:0;max-width:none;font-size:14px}}
nav li{{margin:0}}
nav a{{color:var(--muted);text-decoration:none;display:inline-block;padding:3px 0}}
nav a:hover{{color:var(--ink);text-decoration:underline}}
section{{padding:34px 0 30px;border-bottom:1px solid var(--faint)}}
section:last-of-type{{border-bottom:0}}
.hero{{display:flex;flex-wrap:wrap;align-items:center;gap:16px 40px;margin:0 0 18px}}
.headline{{margin:0;flex:1 1 290px;max-width:none}}
.number{{display:block;font-size:92px;line-height:1;font-weight:680;letter-spacing:-.035em;
font-variant-numeric:tabular-nums;margin:4px 0 10px;white-space:nowrap}}
.number small{{font-size:.5em;font-weight:600;letter-spacing:0;margin-left:.12em}}
.label{{display:block;font-size:17px;font-weight:600}}
.range{{display:block;color:var(--muted);font-size:15px}}
.hero figure{{flex:1 1 420px;margin:0;max-width:440px}}
.lead{{font-size:18px;line-height:1.5}}
figure{{margin:16px 0 20px}}
figcaption{{font-weight:600;margin:0 0 6px}}
.panels{{display:flex;flex-wrap:wrap;gap:20px;overflow-x:auto;padding:2px 0}}
.small{{display:none}}
.panels svg{{font-family:Helvetica,Arial,'Liberation Sans',sans-serif}}
.notes{{color:var(--muted);font-size:14px;margin:6px 0 0}}
.figures{{columns:380px 2;column-gap:20px}}
.figures figure{{break-inside:avoid;margin:0;padding:10px 0 12px}}
.figures .broad{{column-span:all}}
.wide{{overflow-x:auto;margin:10px 0 16px}}
table{{border-collapse:collapse;font-size:14px;line-height:1.45;min-width:min(100%,320px)}}
caption{{text-align:left;font-weight:600;padding:0 0 6px}}
th,td{{padding:5px 18px 5px 0;text-align:right;vertical-align:top;font-variant-numeric:tabular-nums}}
th:last-child,td:last-child{{padding-right:0}}
td:not(.left){{white-space:nowrap}}
thead th{{font-weight:600;color:var(--muted);border-bottom:1px solid var(--muted);vertical-align:bottom}}
tbody tr{{border-bottom:1px solid var(--faint)}}
tbody th{{font-weight:500}}
.left{{text-align:left}}
.long{{max-width:32ch;min-width:20ch;overflow-wrap:anywhere}}
.strong th,.strong td{{font-weight:650}}
.found{{margin:0 0 14px;padding:12px 18px 10px;border:1px solid var(--faint);border-left:5px solid var(--muted);
border-radius:6px}}
.found.critical{{border-left-color:var(--wrong)}}
.found.warning{{border-left-color:var(--c2)}}
.found.none{{border-left-color:var(--right)}}
.found p{{margin:0 0 6px}}
.severity{{font-size:13px;font-weight:650;color:var(--muted);text-transform:uppercase;letter-spacing:.05em}}
.critical .severity{{color:var(--wrong)}}
.out{{border:0;border-left:4px solid var(--c1);border-radius:0;background:none;margin-top:-4px}}
.out samp{{font:inherit}}
.holds{{color:var(--right)}}
.remember,.exercise{{margin:18px 0;padding:12px 18px 8px;border:1px solid var(--faint)}}
.remember,.exercise{{border-left:5px solid var(--c1);border-radius:6px}}
.exercise input,.exercise button{{font:inherit;padding:4px 10px;margin:0 6px 0 0;border:1px solid var(--muted)}}
.exercise input,.exercise button{{border-radius:6px;background:var(--paper);color:var(--ink)}}
.exercise output{{font-weight:600}}
@media screen and (max-width:640px){{
body{{font-size:15.5px}}
header,main,footer{{padding-left:16px;padding-right:16px}}
header{{padding-top:24px}}
h1{{font-size:25px}}
.number{{font-size:72px}}
section{{padding:26px 0 22px}}
.large{{display:none}}
.small{{display:flex}}
th,td{{padding-right:13px}}
}}
@media print{{
:root{{color-scheme:light;{_named(LIGHT, _GROUND["light"])}}}
@page{{size:A4;margin:16mm 15mm}}
*{{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
body{{font-size:10.5pt}}
header,main,footer{{max-width:none;padding-left:0;padding-right:0}}
header{{padding-top:0}}
nav,.skip{{display:none}}
section{{padding:18px 0 14px}}
h2,h3,caption,figcaption,thead{{break-after:avoid}}
figure,tr,.found,pre,.hero{{break-inside:avoid}}
thead{{display:table-header-group}}
p,li{{orphans:3;widows:3}}
.wide,.panels,pre{{overflow:visible}}
.panels svg{{min-width:0!important;max-width:100%!important}}
pre{{white-space:pre-wrap;overflow-wrap:anywhere}}
table{{font-size:8.5pt;max-width:100%}}
th,td{{padding-right:10px}}
.left,tbody th{{overflow-wrap:anywhere}}
thead th{{overflow-wrap:normal}}
.long{{min-width:12ch}}
.hero figure{{flex-basis:320px}}
.number{{font-size:72px}}
.figures{{columns:2}}
}}
"""
