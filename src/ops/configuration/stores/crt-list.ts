import type { Document } from '../../../config/document.ts';
import { basedPath } from '../../../config/tls.ts';
import { type ItemOf, unnamed } from './item.ts';

type ListItem = ItemOf<'crt-list.add' | 'crt-list.del'>;

/**
 * Works the lines of one crt-list that were added and deleted into its file: comments and order stay. Calls `left` with what cannot be kept, and
 * why.
 */
export function keepLines(list: string, items: readonly ListItem[], left: (item: ListItem, why: string) => void): void {
  const { drafts, documents } = items[0]!.around;
  const bytes = unnamed(list) === null ? drafts.onDisk(list) : null;
  if (bytes === null) {
    for (const item of items) left(item, unnamed(list) ?? `${list} is not there`);
    return;
  }
  const lines: (string | null)[] = bytes.latin1Slice().replace(/\n$/, '').split('\n');
  const base = crtBase(documents);
  const certificateAt = (line: string | null) => basedPath(base, firstWord(line));
  for (const item of items) {
    const { change } = item;
    if (change.kind !== 'crt-list.del') continue;
    const all = lines.flatMap((line, i) => (line !== null && certificateAt(line) === change.certificate ? [i] : []));
    const at = all.includes((change.line ?? 0) - 1) ? change.line! - 1 : all[0];
    if (all.length > 1 && at !== (change.line ?? 0) - 1)
      left(item, `${list} has '${change.certificate}' on several lines: take one out by hand`);
    else if (at !== undefined && filtersOf(lines[at]!) !== filtersOf(item.override.attribute.replace(/^line /, '')))
      left(item, `line ${at + 1} of ${list} was changed on the disk since it was read; it is left as it is`);
    else if (at !== undefined) lines[at] = null;
  }
  const added: string[] = [];
  for (const { change } of items) {
    if (change.kind !== 'crt-list.add') continue;
    const text = [change.certificate, change.options, ...change.filters].filter((word) => word !== '').join(' ');
    const isThere = [...lines, ...added].some((line) => line !== null && sameLine(line, text, base));
    if (!isThere) added.push(text);
  }
  const ending = lines.some((line) => line?.endsWith('\r')) ? '\r\n' : '\n';
  const stay = lines.filter((line) => line !== null).map((line) => `${line}\n`);
  const text = [...(bytes.length === 0 ? [] : stay), ...added.map((line) => `${line}${ending}`)].join('');
  drafts.put(list, Buffer.from(text, 'latin1'), { open: true });
}

function firstWord(line: string | null): string {
  return line === null || line.startsWith('#') ? '' : (line.trim().split(/[\s[]/)[0] ?? '');
}

/** What a line says behind its certificate and options. */
function filtersOf(line: string): string {
  const rest = line.includes(']') ? line.slice(line.indexOf(']') + 1) : line.trim().slice(firstWord(line).length);
  return rest
    .split(/\s+/)
    .filter((word) => word !== '')
    .join(' ');
}

/** Whether two lines say the same, but for blanks and the folder that names begin in. */
function sameLine(a: string, b: string, base: string | null): boolean {
  const words = (line: string) => {
    const certificate = firstWord(line);
    const rest = line
      .trim()
      .slice(certificate.length)
      .replace(/([[\]])/g, ' $1 ');
    return [basedPath(base, certificate), ...rest.split(/\s+/).filter((word) => word !== '')].join(' ');
  };
  return firstWord(a) !== '' && words(a) === words(b);
}

/** `crt-base` of the files. */
function crtBase(documents: readonly Document[]): string | null {
  const found = documents.flatMap(({ lines }) =>
    lines.flatMap(({ words }) => (words[0] === 'crt-base' ? [words[1]] : [])),
  );
  return found.at(-1) ?? null;
}
