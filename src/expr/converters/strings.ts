/** Converters on text (HAProxy manual, section 7.3.1). */

import type { Arg } from '../args.ts';
import { expandGroups } from '../expand-groups.ts';
import { compileRegex } from '../regex.ts';
import type { Convert, ConverterRow } from '../row.ts';
import type { ExprError } from '../sample.ts';
import { asciiLower, asciiUpper } from '../text.ts';

/** A text converter without arguments. */
const plain = (name: string, convert: (text: string) => string | undefined): ConverterRow => ({
  name,
  args: '',
  in: 'str',
  out: 'str',
  compile: () => (text) => convert(text as string),
});

/** The n-th field between delimiters, empty ones counted; `count` fields, 0 = all that follow (or precede, from the end). */
function fieldOf(text: string, index: number, delimiters: string, count: number): string | undefined {
  if (index > 0) {
    let start = 0;
    for (let n = 1; n < index; n++) {
      start = nextDelimiter(text, start, delimiters) + 1;
      if (start > text.length) return undefined;
    }
    if (count === 0) return text.slice(start);
    let end = start - 1;
    for (let n = 0; n < count && end < text.length; n++) end = nextDelimiter(text, end + 1, delimiters);
    return text.slice(start, end);
  }
  let end = text.length;
  for (let n = -1; n > index; n--) {
    end = previousDelimiter(text, end - 1, delimiters);
    if (end < 0) return undefined;
  }
  if (count === 0) return text.slice(0, end);
  let start = end;
  for (let n = 0; n < count && start >= 0; n++) start = previousDelimiter(text, start - 1, delimiters);
  return text.slice(start + 1, end);
}

function nextDelimiter(text: string, from: number, delimiters: string): number {
  let at = from;
  while (at < text.length && !delimiters.includes(text[at]!)) at++;
  return at;
}

function previousDelimiter(text: string, from: number, delimiters: string): number {
  let at = from;
  while (at >= 0 && !delimiters.includes(text[at]!)) at--;
  return at;
}

/** The n-th word between runs of delimiters; see `fieldOf`. With a count, what is beyond the last word belongs to it, as what precedes the first. */
function wordOf(text: string, index: number, delimiters: string, count: number): string | undefined {
  const words: [number, number][] = [];
  let at = 0;
  while (at < text.length) {
    if (delimiters.includes(text[at]!)) {
      at++;
      continue;
    }
    const end = nextDelimiter(text, at, delimiters);
    words.push([at, end]);
    at = end;
  }
  const first = index > 0 ? index - 1 : words.length + index;
  if (first < 0 || first >= words.length) return undefined;
  if (index > 0) {
    const last = count === 0 ? undefined : words[first + count - 1];
    return text.slice(words[first]![0], last?.[1]);
  }
  const start = count === 0 ? undefined : words[first - count + 1];
  return text.slice(start?.[0] ?? 0, words[first]![1]);
}

type Pick = (text: string, index: number, delimiters: string, count: number) => string | undefined;

const picking = (name: string, pick: Pick): ConverterRow => ({
  name,
  args: 'integer,string[,integer]',
  in: 'str',
  out: 'str',
  compile: ([indexArg, delimitersArg, countArg]) => {
    const index = Number(indexArg);
    const delimiters = delimitersArg as string;
    const count = countArg === undefined ? 1 : Number(countArg);
    if (index === 0) return { error: 'Unexpected value 0 for index' };
    if (delimiters === '') return { error: 'Empty separators list' };
    if (count < 0) return { error: 'Unexpected value for count' };
    return (text) => pick(text as string, index, delimiters, count);
  },
});

/** Removes chars of a set from one end. */
const trimming = (name: string, atStart: boolean): ConverterRow => ({
  name,
  args: 'string',
  in: 'str',
  out: 'str',
  compile: ([chars]) => {
    const set = chars as string;
    return (value) => {
      const text = value as string;
      let start = 0;
      let end = text.length;
      if (atStart) while (start < end && set.includes(text[start]!)) start++;
      else while (end > start && set.includes(text[end - 1]!)) end--;
      return text.slice(start, end);
    };
  },
});

/**
 * Replaces the first match, or all. Each further search begins behind the last match, as if the text began there (`\b`), but `^` does not
 * match there: what may have it (`anchored`, the expression with the flag g) is tried on the whole text from there on.
 */
function substitute(text: string, regex: RegExp, anchored: RegExp | null, template: string, all: boolean): string {
  let result = '';
  let pos = 0;
  for (;;) {
    const rest = text.slice(pos);
    if (anchored !== null) anchored.lastIndex = pos;
    const match = anchored === null ? regex.exec(rest) : anchored.exec(text);
    if (match === null) return result + rest;
    const at = anchored === null ? match.index : match.index - pos;
    result += rest.slice(0, at) + expandGroups(template, match);
    pos += at + match[0].length;
    if (!all || rest === '') return result + text.slice(pos);
    if (match[0] === '' && pos < text.length) result += text[pos++]!;
  }
}

function compileRegsub([pattern, template, flags]: readonly Arg[]): Convert | ExprError {
  const options = (flags as string | undefined) ?? '';
  const bad = /[^gi]/.exec(options);
  if (bad !== null) return { error: `invalid regex flag '${bad[0]}', only 'i' and 'g' are supported` };
  const regex = compileRegex(pattern as string, options.includes('i'));
  if (!(regex instanceof RegExp)) return regex;
  const all = options.includes('g');
  const anchored = all && regex.source.includes('^') ? new RegExp(regex, `${regex.flags}g`) : null;
  return (text) => substitute(text as string, regex, anchored, template as string, all);
}

/** Value of a parameter in `a=1&b=2` (or other delimiters); '' when it has none, undefined when it is not there. */
function paramOf(text: string, name: string, delimiters: string): string | undefined {
  let at = 0;
  while (at <= text.length) {
    const end = nextDelimiter(text, at, delimiters);
    if (text.startsWith(name, at)) {
      const equals = at + name.length;
      if (equals === end) return '';
      if (text[equals] === '=') return text.slice(equals + 1, end);
    }
    at = end + 1;
  }
  return undefined;
}

/** Decodes %XX; `+` is a blank in a query: everywhere when `inForm`, else behind a `?`. undefined when malformed, or with a NUL. */
function urlDecode(text: string, inForm: boolean): string | undefined {
  if (!/[%+]/.test(text)) return text;
  let decoded = '';
  let inQuery = inForm;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === '+' && inQuery) {
      decoded += ' ';
    } else if (char === '%') {
      const hex = text.slice(i + 1, i + 3);
      if (hex === '00' || !/^[0-9A-Fa-f]{2}$/.test(hex)) return undefined;
      decoded += String.fromCharCode(Number.parseInt(hex, 16));
      i += 2;
    } else {
      if (char === '?') inQuery = true;
      decoded += char;
    }
  }
  return decoded;
}

function urlEncode(text: string): string {
  return text.replace(
    /[^A-Za-z0-9._~-]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

/** The accepted language that the client likes best, among those on offer; `fr-CA` falls back on `fr`. */
function languageOf(header: string, offered: ReadonlySet<string>): string | undefined {
  let best: string | undefined;
  let bestQuality = 0;
  for (const item of header.split(',')) {
    const match = /^\s*([^\s;]+)\s*(?:;\s*q\s*=\s*([0-9.]+))?/.exec(item);
    if (match === null) continue;
    const quality = match[2] === undefined ? 1 : Number.parseFloat(match[2]);
    if (!(quality > bestQuality)) continue;
    const name = match[1]!;
    const dash = name.indexOf('-');
    const found = offered.has(name) ? name : dash > 0 && offered.has(name.slice(0, dash)) ? name.slice(0, dash) : null;
    if (found === null) continue;
    best = found;
    bestQuality = quality;
  }
  return best;
}

function reverse(text: string): string {
  let result = '';
  for (let i = text.length - 1; i >= 0; i--) result += text[i]!;
  return result;
}

export const stringConverters: readonly ConverterRow[] = [
  plain('lower', asciiLower),
  plain('upper', asciiUpper),
  plain('cut_crlf', (text) => /^[^\r\n]*/.exec(text)![0]),
  plain('reverse', reverse),
  plain('reverse_dom', (text) => {
    // The dot of a fully qualified name says nothing more.
    const labels = (text.endsWith('.') ? text.slice(0, -1) : text).split('.');
    return labels.includes('') ? undefined : labels.reverse().join('.');
  }),
  { name: 'length', args: '', in: 'str', out: 'sint', compile: () => (text) => (text as string).length },
  picking('field', fieldOf),
  picking('word', wordOf),
  trimming('ltrim', true),
  trimming('rtrim', false),
  { name: 'regsub', args: 'regex,string[,string]', in: 'str', out: 'str', compile: compileRegsub },
  {
    name: 'param',
    args: 'string[,string]',
    in: 'str',
    out: 'str',
    compile: ([name, delimiter]) => {
      const set = (delimiter as string | undefined) ?? '&';
      if (set.length !== 1) return { error: 'Delimiter must be exactly 1 character.' };
      return (text) => paramOf(text as string, name as string, set);
    },
  },
  {
    name: 'url_dec',
    args: '[integer]',
    in: 'str',
    out: 'str',
    compile: ([inForm]) => {
      const form = inForm !== undefined && Number(inForm) !== 0;
      return (text) => urlDecode(text as string, form);
    },
  },
  {
    name: 'url_enc',
    args: 'string',
    in: 'str',
    out: 'str',
    compile: ([kind]) =>
      kind === '' || kind === 'query'
        ? (text) => urlEncode(text as string)
        : { error: "Unexpected encode type. Allowed value is 'query'" },
  },
  {
    name: 'language',
    args: 'string[,string]',
    in: 'str',
    out: 'str',
    compile: ([list, fallback]) => {
      const offered = new Set((list as string).split(';'));
      return (text) => languageOf(text as string, offered) ?? (fallback === '' ? undefined : fallback);
    },
  },
  {
    name: 'iif',
    args: 'string,string',
    in: 'bool',
    out: 'str',
    compile:
      ([yes, no]) =>
      (value) =>
        value === true ? yes : no,
  },
];
