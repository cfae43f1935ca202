/** Makes a part of a request target normal; null: it cannot be, and the request is bad (`strict`). */
export type Normalizer = (part: string) => string | null;

const INVALID_PERCENT = /%(?![0-9A-Fa-f]{2})/;
const UNRESERVED = /[A-Za-z0-9\-._~]/;

/** `/./` and a `.` at the end are nothing (RFC 3986, 6.2.2.3). */
function stripDots(path: string): string {
  const segments = path.split('/');
  const last = segments.length - 1;
  return segments.map((segment, i) => (segment === '.' ? '' : segment + (i < last ? '/' : ''))).join('');
}

/** A `..` takes the segment before it along (RFC 3986, 6.2.2.3). `full`: those that have none go, too. */
function stripParents(path: string, full: boolean): string {
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  for (const [i, segment] of segments.entries()) {
    if (segment !== '..') {
      kept.push(segment);
      continue;
    }
    const last = i === segments.length - 1;
    if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!full) kept.push('..');
    if (last) kept.push('');
  }
  return `/${kept.join('/')}`;
}

function decodeUnreserved(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (escape, hex: string) => {
    const char = String.fromCharCode(Number.parseInt(hex, 16));
    return UNRESERVED.test(char) ? char : escape;
  });
}

/** Parameters by their names; those of one name stay in order. */
function sortQuery(target: string): string {
  const mark = target.indexOf('?');
  if (mark < 0) return target;
  const nameOf = (parameter: string) => parameter.split('=', 1)[0]!;
  const parameters = target.slice(mark + 1).split('&');
  // As HAProxy has it, nothing follows a last '&'.
  if (parameters.at(-1) === '') parameters.pop();
  const sorted = parameters
    .map((text) => ({ text, name: nameOf(text) }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return `${target.slice(0, mark + 1)}${sorted.map(({ text }) => text).join('&')}`;
}

const strictly =
  (normalize: (text: string) => string, strict: boolean): Normalizer =>
  (text) =>
    strict && INVALID_PERCENT.test(text) ? null : normalize(text);

/** A normalizer: its option, where there is one, and whether it sees the path alone or what follows it, too. */
export interface NormalizerRow {
  readonly name: string;
  readonly option: 'full' | 'strict' | null;
  readonly part: 'path' | 'pathq';
  make(option: boolean): Normalizer;
}

/** The normalizers of `normalize-uri` (HAProxy manual). */
export const NORMALIZERS: readonly NormalizerRow[] = [
  { name: 'fragment-encode', option: null, part: 'pathq', make: () => (text) => text.replaceAll('#', '%23') },
  { name: 'fragment-strip', option: null, part: 'pathq', make: () => (text) => text.replace(/#.*$/s, '') },
  { name: 'path-merge-slashes', option: null, part: 'path', make: () => (path) => path.replace(/\/{2,}/g, '/') },
  { name: 'path-strip-dot', option: null, part: 'path', make: () => stripDots },
  { name: 'path-strip-dotdot', option: 'full', part: 'path', make: (full) => (path) => stripParents(path, full) },
  {
    name: 'percent-decode-unreserved',
    option: 'strict',
    part: 'pathq',
    make: (strict) => strictly(decodeUnreserved, strict),
  },
  {
    name: 'percent-to-uppercase',
    option: 'strict',
    part: 'pathq',
    make: (strict) => strictly((text) => text.replace(/%[0-9A-Fa-f]{2}/g, (escape) => escape.toUpperCase()), strict),
  },
  { name: 'query-sort-by-name', option: null, part: 'pathq', make: () => sortQuery },
];
