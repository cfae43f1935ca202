/** Cells of one line of CSV as HAProxy writes it (RFC 4180: quotes around a cell, doubled within). The comma after the last is no cell. */
export function csvCells(line: string): string[] {
  if (!line.includes('"')) return withoutLast(line.split(','), line);
  const cells: string[] = [];
  let at = 0;
  while (at <= line.length) {
    if (line[at] !== '"') {
      const end = line.indexOf(',', at);
      cells.push(line.slice(at, end === -1 ? line.length : end));
      at = end === -1 ? line.length + 1 : end + 1;
      continue;
    }
    let cell = '';
    let from = at + 1;
    let quote = line.indexOf('"', from);
    while (quote !== -1 && line[quote + 1] === '"') {
      cell += line.slice(from, quote + 1);
      from = quote + 2;
      quote = line.indexOf('"', from);
    }
    const end = quote === -1 ? line.length : quote;
    cells.push(cell + line.slice(from, end));
    const comma = line.indexOf(',', end);
    at = comma === -1 ? line.length + 1 : comma + 1;
  }
  return withoutLast(cells, line);
}

function withoutLast(cells: string[], line: string): string[] {
  if (line.endsWith(',') && cells.at(-1) === '') cells.pop();
  return cells;
}
