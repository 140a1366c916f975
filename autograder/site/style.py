"""The style of the catalogue: light and dark, as the reader's system says. Contrast of text is at least 4.5 to 1."""

STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1b; --quiet: #4a5460; --ground: #fff; --card: #f6f8fb; --edge: #8a94a0;
  --line: #24476b; --link: #0b4f9e; --focus: #b35900; --box: #e4edf7; --arrow: #5a6672; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6eaee; --quiet: #b4bdc7; --ground: #14181d; --card: #1c2229; --edge: #6b7784; --line: #6b8fb5;
    --link: #8fc4ff; --focus: #ffb36b; --box: #24384d; --arrow: #a9b4c0; }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { scroll-padding-top: 1rem; }
body { margin: 0 auto; max-width: 68rem; padding: 1rem 1.5rem 4rem; color: var(--ink); background: var(--ground);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
h1, h2, h3 { line-height: 1.25; overflow-wrap: break-word; }
h1 { margin: .6em 0 .3em; } h2 { margin: 2em 0 .5em; border-bottom: 2px solid var(--line); padding-bottom: .2em; }
h3 { margin: 0 0 .35em; font-size: 1.15rem; }
a { color: var(--link); }
a:focus-visible, input:focus-visible, select:focus-visible, summary:focus-visible, .wide:focus-visible
  { outline: 3px solid var(--focus); outline-offset: 2px; }
.skip { position: absolute; left: -100rem; } .skip:focus { position: static; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.lead { font-size: 1.12rem; } .small, caption { color: var(--quiet); font-size: .92em; }
code { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .9em;
  overflow-wrap: anywhere; }
form { display: flex; flex-wrap: wrap; gap: .6rem 1.2rem; align-items: end; margin: 1.2rem 0; padding: .9rem 1rem;
  background: var(--card); border: 1px solid var(--edge); border-radius: .5rem; }
form div:first-child { flex: 1 1 16rem; } label { display: block; font-weight: 600; }
input, select { font: inherit; width: 100%; min-height: 2.6rem; padding: .3rem .6rem; color: var(--ink);
  background: var(--ground); border: 1px solid var(--edge); border-radius: .3rem; }
#found { flex: 1 0 100%; margin: 0; min-height: 1.55em; }
nav ul { padding-left: 1.2em; }
.after { margin-bottom: 0; } .outcomes { margin: .3em 0 .8em; padding-left: 1.3em; }
ol.units { list-style: none; padding: 0; margin: 0; display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(min(27rem, 100%), 1fr)); }
article { height: 100%; padding: .9rem 1.1rem; background: var(--card); border: 1px solid var(--edge);
  border-radius: .5rem; }
article:target { outline: 3px solid var(--focus); }
.facts { display: flex; flex-wrap: wrap; gap: .2rem 1rem; margin: .3em 0; color: var(--quiet); font-size: .92em; }
.tag { border: 1px solid currentColor; border-radius: .25em; padding: 0 .4em; }
.lesson { margin: .4em 0; font-style: italic; }
dl { margin: .5em 0; } dl div { display: grid; grid-template-columns: 6rem 1fr; gap: .6rem; }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
summary { cursor: pointer; font-weight: 600; padding: .2em 0; }
table { border-collapse: collapse; width: 100%; margin: .5em 0 .9em; }
caption { text-align: left; padding-bottom: .3em; }
th, td { border: 1px solid var(--edge); padding: .3em .6em; text-align: left; vertical-align: top; font-size: .95em;
  overflow-wrap: anywhere; }
thead th { overflow-wrap: normal; } tbody th { font-weight: 400; } .number { text-align: right; }
.wide { overflow-x: auto; margin: 1em 0; } .wide svg { display: block; margin: 0 auto; }
svg text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; fill: var(--ink);
  text-anchor: middle; }
svg .course { font-weight: 700; } svg .unit { fill: var(--box); stroke: var(--line); }
svg .arrow { fill: none; stroke: var(--arrow); stroke-width: 1.6; } svg .tip { fill: var(--arrow); }
@media print { form, .skip, nav { display: none; } article { break-inside: avoid; } }
"""
