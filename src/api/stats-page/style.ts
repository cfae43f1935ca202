import { createHash } from 'node:crypto';

/** Style sheet of the page. The classes of rows are HAProxy's, for those who bring their own style. */
export const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#bbb, #555); --head: light-dark(#dde6ee, #2c3b48); --tip: light-dark(#fffbe6, #35321f); }
body { font: 13px/1.4 system-ui, sans-serif; margin: 1rem; }
h1 { font-size: 1.3rem; margin: 0; } h2 { font-size: 1.05rem; font-weight: 500; margin: 0 0 .5rem; } h3 { font-size: 1.05rem; margin: 1.2rem 0 .2rem; }
header, .info { display: flex; flex-wrap: wrap; gap: .3rem 2.5rem; } .info ul { margin: 0; padding-left: 1.1rem; } .info p { margin: 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.scroll > table > * > tr > * { border: 1px solid var(--line); padding: .1rem .35rem; text-align: right; white-space: nowrap; font-size: 12px; }
.scroll > table > thead > tr > th { background: var(--head); text-align: center; font-weight: 500; }
.scroll td.c { text-align: center; } a { color: inherit; }
.frontend, .backend { background: light-dark(#f1efe4, #2a2a26); } .socket { background: light-dark(#e4e4e4, #242424); }
.active_up, .ok { background: light-dark(#d2f2d2, #173d17); } .backup_up { background: light-dark(#cfe0f7, #17304f); }
.active_going_down, .warn { background: light-dark(#fdf6c3, #4a4410); } .backup_going_down { background: light-dark(#e6d4f5, #3c2452); }
.active_going_up { background: light-dark(#ffe3a8, #57400b); } .backup_going_up { background: light-dark(#f7cdf7, #512051); }
.active_down, .backup_down, .bad { background: light-dark(#ffc9c9, #571717); }
.active_nolb, .active_draining { background: light-dark(#bfe0ff, #10395c); } .backup_nolb, .backup_draining { background: light-dark(#ecd9ae, #4b3a10); }
.active_no_check, .backup_no_check { background: light-dark(#ededed, #2e2e2e); } .maintain { background: light-dark(#e8c9a3, #553a1a); }
.legend span { display: inline-block; padding: 0 .4rem; margin: .1rem; }
.tip { border-bottom: 1px dotted; cursor: help; position: relative; }
.tip > table { display: none; position: absolute; right: 0; top: 1.3em; z-index: 9; background: var(--tip); border: 1px solid var(--line); }
.tip:hover > table, .tip:focus > table { display: table; }
.tip th { text-align: left; font-weight: 500; padding: 0 .8rem 0 .4rem; white-space: nowrap; } .tip td { text-align: right; padding: 0 .4rem; white-space: nowrap; }
.message { padding: .4rem .6rem; margin: .6rem 0; }
`;

/** The box in a table's head chooses all servers below it. */
export const SCRIPT = `for (const all of document.querySelectorAll('input.all')) all.addEventListener('change', () => {
  for (const box of all.closest('form').querySelectorAll('input[name=s]')) box.checked = all.checked;
});`;

/**
 * Nothing but the style and the script above, and forms to the page itself: markup that slipped in anyhow could do
 * nothing.
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src '${hash(STYLE)}'`,
  `script-src '${hash(SCRIPT)}'`,
  'img-src data:',
  "form-action 'self'",
  "base-uri 'none'",
].join('; ');

function hash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
