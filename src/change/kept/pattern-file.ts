import type { Change } from '../change.ts';

/** A line of a map or ACL file: an entry with what stands around its key and value, or something else. */
type Line =
  | {
      readonly key: string;
      readonly value: string;
      readonly before: string;
      readonly between: string;
      readonly after: string;
    }
  | { readonly other: string };

/**
 * The text of a map file or an ACL file with Changes worked in, in their order: comments, blanks, order and ends of lines stay. Null when one of
 * them cannot be: its entries are kept elsewhere, or a character is not ASCII.
 */
export function editPatternFile(text: string, changes: readonly Change[]): string | null {
  if (/[^\0-\x7f]/.test(JSON.stringify(changes))) return null;
  const keyed = changes.some((change) => 'map' in change);
  const ending = text.includes('\r\n') ? '\r\n' : '\n';
  let lines = (text === '' ? [] : text.replace(/\r?\n$/, '').split(/\r?\n/)).map((line) => readLine(line, keyed));
  for (const change of changes) {
    const edited = edit(lines, change);
    if (edited === null) return null;
    lines = edited;
  }
  return lines.map((line) => `${writeLine(line)}${ending}`).join('');
}

function readLine(text: string, keyed: boolean): Line {
  const found = keyed
    ? /^([ \t]*)([^ \t]+)(?:([ \t]+)(.*?))?([ \t]*)$/.exec(text)
    : /^([ \t]*)(.+?)()()([ \t]*)$/.exec(text);
  if (found === null || text.startsWith('#')) return { other: text };
  const [, before = '', key = '', between = '', value = '', after = ''] = found;
  return { key, value, before, between, after };
}

function writeLine(line: Line): string {
  return 'other' in line ? line.other : `${line.before}${line.key}${line.between}${line.value}${line.after}`;
}

function entry(key: string, value: string): Line {
  return { key, value, before: '', between: value === '' ? '' : ' ', after: '' };
}

function edit(lines: readonly Line[], change: Change): Line[] | null {
  switch (change.kind) {
    case 'map.add':
      return withMore(lines, [[change.key, change.value]]);
    case 'map.add-all':
      return withMore(lines, change.entries);
    case 'acl.add':
      return withMore(lines, [[change.pattern, '']]);
    case 'map.set':
      return lines.map((line) =>
        isOf(line, change.key) ? { ...line, between: line.between || ' ', value: change.value } : line,
      );
    case 'map.del':
      return without(lines, [change.key]);
    case 'map.del-all':
      return without(lines, change.keys);
    case 'acl.del':
      return without(lines, [change.pattern]);
    case 'map.clear':
    case 'acl.clear':
      return replaced(lines, []);
    case 'map.replace':
      return 'kept' in change.entries ? null : replaced(lines, change.entries);
    case 'acl.replace':
      if ('kept' in change.patterns) return null;
      return replaced(
        lines,
        change.patterns.map((pattern) => [pattern, ''] as const),
      );
    default:
      return null;
  }
}

function isOf(line: Line, key: string): line is Exclude<Line, { readonly other: string }> {
  return 'key' in line && line.key === key;
}

/** With entries behind all others, but those that are there: they may have been written before. */
function withMore(lines: readonly Line[], entries: readonly (readonly [string, string])[]): Line[] {
  const missing = entries.filter(([key, value]) => !lines.some((line) => isOf(line, key) && line.value === value));
  return [...lines, ...missing.map(([key, value]) => entry(key, value))];
}

/** Without the last line of each key, as often as it is named. */
function without(lines: readonly Line[], keys: readonly string[]): Line[] {
  const left = [...lines];
  for (const key of keys) {
    const at = left.findLastIndex((line) => isOf(line, key));
    if (at >= 0) left.splice(at, 1);
  }
  return left;
}

/** Lines of entries that stay are where they were; what else is wanted comes behind them. */
function replaced(lines: readonly Line[], wanted: readonly (readonly [string, string])[]): Line[] {
  const left = new Map<string, number>();
  const id = (key: string, value: string) => `${key}\n${value}`;
  for (const [key, value] of wanted) left.set(id(key, value), (left.get(id(key, value)) ?? 0) + 1);
  const take = (key: string, value: string) => {
    const count = left.get(id(key, value)) ?? 0;
    left.set(id(key, value), count - 1);
    return count > 0;
  };
  const kept = lines.filter((line) => 'other' in line || take(line.key, line.value));
  return [...kept, ...wanted.filter(([key, value]) => take(key, value)).map(([key, value]) => entry(key, value))];
}
