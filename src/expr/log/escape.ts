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

/** Values put into a URI (`redirect location`): everything but the chars that may stand there becomes `%XX`. */
export const encodeForUri = encoder(/[^!-~]|["#<>\\^`{|}]/, '%');

/** Flag E (RFC 5424, section 6.3.3): a backslash before `"`, `\` and `]`. */
export function escapeStructured(text: string): string {
  return /["\\\]]/.test(text) ? text.replace(/["\\\]]/g, '\\$&') : text;
}
