import { compileRegex } from '../../../expr/regex.ts';
import type { ExprError } from '../../../expr/sample.ts';
import { reasonOf } from '../../error-pages.ts';
import { fieldLine, type Head } from '../../h1/head.ts';
import type { Stream } from '../../stream.ts';
import { compileHeaderText, compileText, headerSafe, type TextOf } from '../text.ts';
import { type ActionRow, type RuleEnv, type RuleKind, type Run, Verdict, type Words } from '../types.ts';
import { ALL_HTTP } from './kinds.ts';

/** The head that rules of a kind edit. */
export function headOf(kind: RuleKind): (stream: Stream) => Head {
  return kind === 'http-request' ? (stream) => stream.req : (stream) => stream.res;
}

/** A field that a rule writes. */
interface Field {
  readonly name: string;
  readonly text: TextOf;
  /** See `Head.addHeader`. */
  readonly line: Uint8Array;
}

function takeField(words: Words, env: RuleEnv): Field | ExprError {
  const name = words.take();
  const format = words.take();
  if (name === undefined || format === undefined) return { error: 'expects exactly 2 arguments' };
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) return { error: `'${name}' is not a valid header name` };
  const text = compileHeaderText(format, env);
  if ('error' in text) return text;
  const lower = name.toLowerCase();
  return { name: lower, text: text.format, line: fieldLine(lower, text.constant) };
}

/** `set-status <status> [reason <str>]` */
const setStatus: ActionRow = {
  name: 'set-status',
  kinds: ['http-response', 'http-after-response'],
  compile(words) {
    const status = Number(words.take());
    if (!Number.isInteger(status) || status < 100 || status > 999)
      return { error: 'expects an integer status code between 100 and 999' };
    const reason = words.skip('reason') ? words.take() : reasonOf(status);
    if (reason === undefined) return { error: "'reason' expects <str> as argument" };
    return (stream) => {
      stream.res.setStatus(status, headerSafe(reason));
      stream.loggedStatus = 0;
      return Verdict.next;
    };
  },
};

/**
 * Fields that say how long a message is (RFC 9112, section 6). They go with the body as it is sent: what rules made of them would let the
 * next message begin inside of this one.
 */
export const FRAMING: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding']);

/** What a rule about such a field does. */
function leavesFraming(name: string, env: RuleEnv): Run {
  env.warn(`header '${name}' tells the length of a message, which rules do not change: the rule has no effect.`);
  return () => Verdict.next;
}

/** `set-header` or `add-header`, `<name> <fmt>`. */
function writesHeader(action: 'set-header' | 'add-header'): ActionRow {
  const adds = action === 'add-header';
  return {
    name: action,
    kinds: ALL_HTTP,
    compile(words, env) {
      const field = takeField(words, env);
      if ('error' in field) return field;
      const { name, text, line } = field;
      if (FRAMING.has(name)) return leavesFraming(name, env);
      const head = headOf(env.kind);
      const isHost = editsHost(name, env);
      return (stream) => {
        // The value may look at the header that it replaces.
        const value = text(stream);
        if (adds) head(stream).addHeader(name, value, line);
        else head(stream).setHeader(name, value, line);
        if (isHost) followHost(stream.req, value);
        return Verdict.next;
      };
    },
  };
}

/** Actions that edit headers (HAProxy manual, sections 4.3 and 4.4). */
export const headerActions: readonly ActionRow[] = [
  writesHeader('set-header'),
  writesHeader('add-header'),
  {
    name: 'del-header',
    kinds: ALL_HTTP,
    compile(words, env) {
      const name = words.take();
      if (name === undefined) return { error: 'expects 1 or 2 arguments' };
      const method = words.skip('-m') ? words.take() : 'str';
      const head = headOf(env.kind);
      const lower = name.toLowerCase();
      if (method === 'str' && FRAMING.has(lower)) return leavesFraming(lower, env);
      if (method === 'str')
        return (stream) => {
          head(stream).removeHeader(lower);
          return Verdict.next;
        };
      const matches = nameMatcher(name, method ?? '');
      if ('error' in matches) return matches;
      return (stream) => {
        const target = head(stream);
        for (let i = 0; i < target.count; i++) {
          const field = target.headerName(i);
          if (matches.test(field) && !FRAMING.has(field)) target.removeAt(i);
        }
        return Verdict.next;
      };
    },
  },
  setStatus,
  replaceAction('replace-header', false),
  replaceAction('replace-value', true),
];

/** The field that a rule edits is the Host of a request. */
function editsHost(name: string, { kind }: RuleEnv): boolean {
  return name === 'host' && kind === 'http-request';
}

/** The authority of an absolute target is that of the Host header (RFC 9112, section 3.2.2), also when that has been edited. */
function followHost(head: Head, host: string): void {
  const { uri } = head;
  const authority = uri.startsWith('/') ? null : /^([A-Za-z][A-Za-z0-9+.-]*:\/\/)[^/?#]*/.exec(uri);
  if (authority !== null) head.uri = authority[1] + host + uri.slice(authority[0].length);
}

/** `-m beg|end|sub|reg` of `del-header`. */
function nameMatcher(name: string, method: string): { test(name: string): boolean } | ExprError {
  const lower = name.toLowerCase();
  switch (method) {
    case 'beg':
      return { test: (other) => other !== '' && other.startsWith(lower) };
    case 'end':
      return { test: (other) => other !== '' && other.endsWith(lower) };
    case 'sub':
      return { test: (other) => other !== '' && other.includes(lower) };
    case 'reg': {
      const regex = compileRegex(name, true);
      return 'error' in regex ? regex : { test: (other) => other !== '' && regex.test(other) };
    }
    default:
      return { error: `unknown matching method '${method}', expects 'str', 'beg', 'end', 'sub' or 'reg'` };
  }
}

/** `replace-header` works on whole values, `replace-value` on each part of a comma separated list. */
function replaceAction(name: string, parts: boolean): ActionRow {
  return {
    name,
    kinds: ALL_HTTP,
    compile(words, env) {
      const header = words.take();
      const pattern = words.take();
      const format = words.take();
      if (header === undefined || pattern === undefined || format === undefined)
        return { error: 'expects exactly 3 arguments' };
      const regex = compileRegex(pattern, false);
      if ('error' in regex) return regex;
      const text = compileText(format, env);
      if ('error' in text) return text;
      const lower = header.toLowerCase();
      if (FRAMING.has(lower)) return leavesFraming(lower, env);
      const head = headOf(env.kind);
      const isHost = editsHost(lower, env);
      return (stream) => {
        const target = head(stream);
        for (let i = target.findHeader(lower, 0); i >= 0; i = target.findHeader(lower, i + 1)) {
          const value = target.headerValue(i);
          const replaced = parts ? replaceParts(value, regex, text, stream) : replaceOnce(value, regex, text, stream);
          if (replaced === null) continue;
          target.setValueAt(i, headerSafe(replaced));
          if (isHost) followHost(target, headerSafe(replaced));
        }
        return Verdict.next;
      };
    },
  };
}

function replaceParts(value: string, regex: RegExp, text: TextOf, stream: Stream): string | null {
  let changed = false;
  // The blanks around what is replaced go with it.
  const replaced = splitList(value).map((part) => {
    const result = replaceOnce(part.trim(), regex, text, stream);
    if (result === null) return part;
    changed = true;
    return result;
  });
  return changed ? replaced.join(',') : null;
}

/** Parts of a list: what stands between commas that are outside of quotes. */
function splitList(value: string): string[] {
  if (!value.includes('"')) return value.split(',');
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let i = 0; i < value.length; i++) {
    const c = value[i];
    if (quoted && c === '\\') i++;
    else if (c === '"') quoted = !quoted;
    else if (c === ',' && !quoted) {
      parts.push(value.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(value.slice(start));
  return parts;
}

/** The replacement (a log-format, then `\1` .. `\9` from the match) when the expression matches, else null. */
export function replaceOnce(value: string, regex: RegExp, text: TextOf, stream: Stream): string | null {
  const match = regex.exec(value);
  if (match === null) return null;
  return text(stream).replace(/\\([0-9])/g, (_, digit: string) => match[Number(digit)] ?? '');
}
