/** Shows a place in a line, for messages. */

/**
 * The line with a caret under `position`, for messages: at most 80 characters around it, what cannot be printed as `?`.
 * Leading blanks are dropped, as HAProxy does.
 */
export function pointAt(line: string, position: number): string {
  const indent = /^\s*/.exec(line)![0].length;
  let text = line.slice(indent);
  let column = Math.max(0, Math.min(position - indent, text.length));
  if (text.length > 80) {
    const start = Math.max(0, Math.min(column - 40, text.length - 80));
    const cut = start > 0 ? '...' : '';
    column += cut.length - start;
    text = cut + text.slice(start, start + 80) + (start + 80 < text.length ? '...' : '');
  }
  return `  ${text.replace(/[^\x20-\x7e\u00a0-\uffff]/g, '?')}\n  ${' '.repeat(column)}^`;
}
