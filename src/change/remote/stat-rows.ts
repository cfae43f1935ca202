/**
 * The named columns of `show stat` (HAProxy's CSV), a row of strings for each object, in the order of `names`. A column that this version does
 * not have is ''. Only as much of a row is read as is asked for: rows have some 200 columns, and there may be ten thousand rows.
 * Throws when the text is not such a table: a refusal, an answer that was cut.
 */
export function statRows<N extends string>(csv: string, names: readonly N[]): Record<N, string>[] {
  // Without a single proxy the names are all there is.
  const headerEnd = csv.includes('\n') ? csv.indexOf('\n') : csv.endsWith(',') ? csv.length : -1;
  if (!csv.startsWith('# ') || headerEnd < 0) throw new Error(`no table of statistics: ${firstLine(csv)}`);
  const header = csv.slice(2, headerEnd).split(',');
  const wanted = names
    .map((name) => ({ name, column: header.indexOf(name) }))
    .filter(({ column }) => column >= 0)
    .sort((a, b) => a.column - b.column);
  const blank = Object.fromEntries(names.map((name) => [name, ''])) as Record<N, string>;
  const rows: Record<N, string>[] = [];
  let at = headerEnd + 1;
  while (at < csv.length && csv[at] !== '\n') {
    const row = { ...blank };
    at = readRow(csv, at, wanted, row);
    rows.push(row);
  }
  return rows;
}

const COMMA = 44;
const NEWLINE = 10;
const QUOTE = 34;

/** Fills `row` from the line that begins at `start`; returns where the next one begins. */
function readRow<N extends string>(
  csv: string,
  start: number,
  wanted: readonly { readonly name: N; readonly column: number }[],
  row: Record<N, string>,
): number {
  let at = start;
  let next = 0;
  for (let column = 0; next < wanted.length; column++) {
    const end = cellEnd(csv, at);
    if (wanted[next]!.column === column) row[wanted[next++]!.name] = cell(csv, at, end);
    if (end >= csv.length || csv.charCodeAt(end) === NEWLINE) return end + 1;
    at = end + 1;
  }
  // What follows may hold a quoted line end, so its cells are walked over; without a quote the line end is the next one.
  const line = csv.indexOf('\n', at);
  const quote = csv.indexOf('"', at);
  if (line < 0) return csv.length;
  if (quote < 0 || quote > line) return line + 1;
  for (let end = cellEnd(csv, at); ; end = cellEnd(csv, end + 1))
    if (end >= csv.length || csv.charCodeAt(end) === NEWLINE) return end + 1;
}

/** Where the cell that begins at `at` ends: the place of its comma or line end. */
function cellEnd(csv: string, at: number): number {
  let end = at;
  if (csv.charCodeAt(at) === QUOTE) {
    end = csv.indexOf('"', at + 1);
    while (end >= 0 && csv.charCodeAt(end + 1) === QUOTE) end = csv.indexOf('"', end + 2);
    if (end < 0) return csv.length;
  }
  while (end < csv.length) {
    const code = csv.charCodeAt(end);
    if (code === COMMA || code === NEWLINE) return end;
    end++;
  }
  return end;
}

function cell(csv: string, at: number, end: number): string {
  if (csv.charCodeAt(at) !== QUOTE) return csv.slice(at, end);
  return csv.slice(at + 1, csv.lastIndexOf('"', end)).replaceAll('""', '"');
}

function firstLine(text: string): string {
  return JSON.stringify(text.slice(0, 200).split('\n')[0]);
}
