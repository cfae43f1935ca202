/** How texts from the network are made safe for a log line (HAProxy manual, section 8.6). */

/** Replaces the chars that `unsafe` matches by `mark` and two hex digits. */
function encoder(unsafe: RegExp, mark: string): (text: string) => string {
  const every = new RegExp(unsafe.source, 'g');
  const encode = (char: string): string => mark + char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0');
  return (text) => (unsafe.test(text) ? text.replace(every, encode) : text);
}

/** Request lines and targets: everything outside 32..126, `"` and `#` become `#XX`. */
export const encodeUri = encoder(/[^ -~]|["#]/, '#');

/** Captured headers: also `{`, `|` and `}`. */
export const encodeHeader = encoder(/[^ -~]|["#{|}]/, '#');

/** Values of expressions in headers, bodies and URIs that rules make: control chars but the tab become `%XX`. */
export const encodeControls = encoder(/[\0-\x08\n-\x1f\x7f]/, '%');

/** Values of expressions in log lines: as above with `#XX`, so that nobody can forge a line. */
export const encodeLogControls = encoder(/[\0-\x08\n-\x1f\x7f]/, '#');

/** Flag E (RFC 5424, section 6.3.3): a backslash before `"`, `\` and `]`. */
export function escapeStructured(text: string): string {
  return /["\\\]]/.test(text) ? text.replace(/["\\\]]/g, '\\$&') : text;
}
