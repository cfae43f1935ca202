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
}

/**
 * Takes the arguments of a reply: `status`, `content-type`, `hdr`, and one of `string`, `lf-string`, `file`, `lf-file`, `errorfile`,
 * `errorfiles`, `default-errorfiles`. `bare`: with no more than a status, the proxy's page for it is meant (`deny`), else an empty response.
 */
export function compileReply(words: Words, env: RuleEnv, status: number, bare: boolean): Answer | ExprError {
  const args: ReplyArgs = { status, contentType: null, body: null, headers: [], page: null };
  let only = bare;
  for (let word = words.peek(); word !== undefined; word = words.peek()) {
    words.take();
    const problem = replyArgument(word, words, env, args);
    if (problem !== null) return problem;
    only &&= word === 'status' || word === 'deny_status';
  }
  if (only) args.page = errorPage;
  if (args.body !== null && args.body.length > 0 && args.contentType === null)
    return { error: 'a content type must be defined when non-empty payload is configured' };
  if (args.body !== null && (args.status === 204 || args.status === 304))
    return { error: `No body expected for ${args.status} responses` };
  return args.page === null ? ownAnswer(args) : pageAnswer(args, args.page);
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
  const handled = errorStatuses.includes(status);
  return (stream) => (handled ? (page(stream, status) ?? empty) : empty);
}

function replyArgument(word: string, words: Words, env: RuleEnv, args: ReplyArgs): ExprError | null {
  switch (word) {
    case 'status':
    case 'deny_status': {
      const status = Number(words.take());
      if (!Number.isInteger(status) || status < 200 || status > 599)
        return { error: `'${word}' expects an integer argument between 200 and 599` };
      args.status = status;
      return null;
    }
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
      return setBody(args, word === 'string' ? Buffer.from(value, 'latin1') : compileText(value, env));
    case 'file':
    case 'lf-file': {
      const content = env.readFile(value);
      if (content === null) return { error: `error opening file '${value}'` };
      return setBody(args, word === 'file' ? content : compileText(content.latin1Slice(), env));
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
