const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text for HTML, in elements and in quoted attributes. Everything that is not made here goes through it. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => ENTITIES[c]!);
}

/** A cell; `null` is an empty one. */
export function cell(value: string | number | null, attributes = ''): string {
  return `<td${attributes}>${value === null ? '' : typeof value === 'number' ? value : escapeHtml(value)}</td>`;
}

/** A line of a tip: what, and how much. */
export type Detail = readonly [what: string, value: string | number];

/** A cell with a tip that shows when it is pointed at or focussed. */
export function tipCell(value: string | number | null, details: readonly Detail[], attributes = ''): string {
  if (details.length === 0) return cell(value, attributes);
  return `<td${attributes}>${tip(value === null ? '' : String(value), details)}</td>`;
}

/** Text with a tip. */
export function tip(text: string, details: readonly Detail[]): string {
  const rows = details.map(
    ([what, value]) => `<tr><th>${escapeHtml(what)}</th><td>${escapeHtml(String(value))}</td></tr>`,
  );
  return `<span class="tip" tabindex="0">${escapeHtml(text)}<table>${rows.join('')}</table></span>`;
}

/** `(n%)` of a total, rounded down; 0 of nothing. */
export function percent(part: number, total: number): string {
  return `${part} (${total > 0 ? Math.floor((100 * part) / total) : 0}%)`;
}
