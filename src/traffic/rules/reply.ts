import type { ExprError } from '../../expr/sample.ts';
import { errorStatuses, type LocalResponse, reasonOf } from '../error-pages.ts';
import { errorPage } from '../http/ending.ts';
import type { Stream } from '../stream.ts';
import { compileText, headerSafe, type TextOf } from './text.ts';
import type { RuleEnv, Words } from './types.ts';

/** A response that a rule makes. */
export type Answer = (stream: Stream) => LocalResponse;

/** What a rule that answers says about the answer (HAProxy manual, `http-request return`). */
interface ReplyArgs {
  status: number;
  contentType: string | null;
  readonly headers: { readonly name: string; readonly text: TextOf }[];
  /** Where the response comes from: a text, a page for the status, or nothing but the status. */
  body: TextOf | Uint8Array | null;
  page: ((stream: Stream, status: number) => LocalResponse | null) | null;
  /** The argument that said so, null when none has. */
  source: string | null;
  /** The name of the `http-errors` section that is asked for a page which it has not, else null. */
  lacking: (status: number) => string | null;
}

/** Arguments that say where the response comes from; there is one at most. */
const SOURCES = new Set(['string', 'lf-string', 'file', 'lf-file', 'errorfile', 'errorfiles', 'default-errorfiles']);

/**
 * Takes the arguments of a reply: `status`, `content-type`, `hdr`, and one of `string`, `lf-string`, `file`, `lf-file`, `errorfile`,
 * `errorfiles`, `default-errorfiles`. `bare` (`deny`): without arguments, or with `deny_status` alone, the proxy's page is meant; in all
 * other cases a reply that names no source is empty.
 */
export function compileReply(words: Words, env: RuleEnv, status: number, bare: boolean): Answer | ExprError {
  const args = replyArguments(words, env, status, bare);
  if ('error' in args) return args;
  const section = args.lacking(args.status);
  if (section !== null)
    env.warn(`status '${args.status}' referenced by an http reply not declared in http-errors section '${section}'.`);
  return answerOf(args, env);
}

/** What an `http-error` line asks for: an answer, the page that there is without any such line, or what there was before the line. */
export type ErrorAnswer = Answer | 'default' | 'unchanged';

/** Takes the arguments of `http-error` (HAProxy manual), which are those of a reply; the status is among them. */
export function compileErrorReply(words: Words, env: RuleEnv): ErrorAnswer | ExprError {
  const args = replyArguments(words, env, 200, false);
  if ('error' in args) return args;
  if (words.left.length > 0) return { error: `unknown argument '${words.left[0]}'` };
  if (args.source === 'default-errorfiles') return 'default';
  const section = args.lacking(args.status);
  if (section === null) return answerOf(args, env);
  env.warn(`proxy '${env.proxy}' : status '${args.status}' not declared in http-errors section '${section}'.`);
  return 'unchanged';
}

/** The arguments of a reply, and that they go together. */
function replyArguments(words: Words, env: RuleEnv, status: number, bare: boolean): ReplyArgs | ExprError {
  const args: ReplyArgs = {
    status,
    contentType: null,
    body: null,
    headers: [],
    page: null,
    source: null,
    lacking: () => null,
  };
  let only = bare;
  if (bare && words.skip('deny_status')) {
    const problem = statusArgument('deny_status', words, args);
    if (problem !== null) return problem;
  }
  for (let word = words.peek(); word !== undefined; word = words.peek()) {
    words.take();
    if (SOURCES.has(word)) {
      if (args.source !== null) return { error: `unexpected '${word}' argument, '${args.source}' already defined` };
      args.source = word;
    }
    const problem = replyArgument(word, words, env, args);
    if (problem !== null) return problem;
    only = false;
  }
  if (only) {
    args.page = errorPage;
    args.source = 'default-errorfiles';
  }
  // A file is the response whatever its status.
  if (args.page !== null && args.source !== 'errorfile' && !errorStatuses.includes(args.status))
    return { error: `status code '${args.status}' not handled by default with '${args.source}' argument` };
  return args;
}

function answerOf(args: ReplyArgs, env: RuleEnv): Answer | ExprError {
  if (args.page === null) return ownReply(args, env);
  if (args.contentType !== null) ignoresType(args, env, 'when used with an errorfile');
  if (args.headers.length > 0) env.warn('hdr parameters ignored by the http reply when used with an errorfile.');
  return pageAnswer(args, args.page);
}

function ownReply(args: ReplyArgs, env: RuleEnv): Answer | ExprError {
  const { body, contentType, status } = args;
  if (contentType === null) {
    if (typeof body === 'function') return { error: 'a content type must be defined with a log-format payload' };
    if (body !== null && body.length > 0)
      return { error: 'a content type must be defined when non-empty payload is configured' };
  }
  if (body !== null && (status === 204 || status === 304)) return { error: `No body expected for ${status} responses` };
  if (contentType !== null && body === null) ignoresType(args, env, 'because neither errorfile nor payload defined');
  else if (contentType !== null && body!.length === 0) ignoresType(args, env, 'when used with an empty payload');
  return ownAnswer(args);
}

function ignoresType({ contentType }: ReplyArgs, env: RuleEnv, why: string): void {
  env.warn(`content-type '${contentType}' ignored by the http reply ${why}.`);
}

function ownAnswer({ status, headers, body, contentType }: ReplyArgs): Answer {
  return (stream) => {
    // `%ST` in the texts is the status of the answer.
    stream.statusSent = status;
    const fields: [string, string][] = [];
    for (const { name, text } of headers) {
      const value = headerSafe(text(stream));
      if (value !== '') fields.push([name, value]);
    }
    const content = body === null ? '' : typeof body === 'function' ? body(stream) : body;
    fields.push(['content-length', String(content.length)]);
    if (content.length > 0) fields.push(['content-type', contentType!]);
    return { status, reason: reasonOf(status), headers: fields, body: content };
  };
}

function pageAnswer({ status }: ReplyArgs, page: NonNullable<ReplyArgs['page']>): Answer {
  const empty: LocalResponse = { status, reason: reasonOf(status), headers: [['content-length', '0']], body: '' };
  return (stream) => page(stream, status) ?? empty;
}

function replyArgument(word: string, words: Words, env: RuleEnv, args: ReplyArgs): ExprError | null {
  switch (word) {
    case 'status':
      return statusArgument(word, words, args);
    case 'content-type':
      args.contentType = words.take() ?? '';
      return args.contentType === '' ? { error: `'${word}' expects <ctype> as argument` } : null;
    case 'hdr':
      return headerArgument(words, env, args);
    case 'default-errorfiles':
      args.page = errorPage;
      return null;
    default:
      return sourceArgument(word, words, env, args);
  }
}

function statusArgument(word: string, words: Words, args: ReplyArgs): ExprError | null {
  const status = Number(words.take());
  if (!Number.isInteger(status) || status < 200 || status > 599)
    return { error: `'${word}' expects an integer argument between 200 and 599` };
  args.status = status;
  return null;
}

function headerArgument(words: Words, env: RuleEnv, args: ReplyArgs): ExprError | null {
  const name = words.take();
  const text = compileText(words.take(), env);
  if (name === undefined || 'error' in text) return { error: "'hdr' expects <name> and <value> as arguments" };
  if (OWN_FIELDS.has(name.toLowerCase())) env.warn(`header '${name}' always ignored by the http reply.`);
  else args.headers.push({ name: name.toLowerCase(), text });
  return null;
}

/** What the answer says of its body by itself. */
const OWN_FIELDS = new Set(['content-length', 'content-type', 'transfer-encoding']);

/** Arguments that say where the response comes from. */
function sourceArgument(word: string, words: Words, env: RuleEnv, args: ReplyArgs): ExprError | null {
  const value = words.take() ?? '';
  switch (word) {
    case 'string':
    case 'lf-string':
      if (value === '') return { error: `'${word}' expects ${word === 'string' ? '<str>' : '<fmt>'} as argument` };
      return setBody(args, word === 'string' ? Buffer.from(value, 'latin1') : compileText(value, env, true));
    case 'file':
    case 'lf-file': {
      const content = env.readFile(value);
      if (content === null) return { error: `error opening file '${value}'` };
      return setBody(args, word === 'file' ? content : compileText(content.latin1Slice(), env, true));
    }
    case 'errorfile': {
      const page = env.readPage(value);
      if ('error' in page) return page;
      args.page = (_stream, status) => ({ ...page, logged: status });
      return null;
    }
    case 'errorfiles': {
      const pages = env.errorPages(value);
      if (pages === null) return { error: `unknown http-errors section '${value}' referenced by an http reply` };
      args.page = (_stream, status) => pages.get(status) ?? null;
      args.lacking = (status) => (pages.has(status) ? null : value);
      return null;
    }
    default:
      return {
        error: `'${word}' is not supported here; expects 'status', 'content-type', 'hdr', 'string', 'lf-string', 'file', 'lf-file', 'errorfile', 'errorfiles' or 'default-errorfiles'`,
      };
  }
}

function setBody(args: ReplyArgs, body: TextOf | Uint8Array | ExprError): ExprError | null {
  if ('error' in body) return body;
  args.body = body;
  return null;
}
