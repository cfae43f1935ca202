import type { ByteQueue } from './bytes.ts';
import { show } from './bytes.ts';

/** Header fields as they were on the wire: order and case kept, one entry a line. */
export type Fields = [name: string, value: string][];

/** What requests and responses share. Bodies are whole: use `Connection.bytes` for what must not be collected. */
export interface Message {
  version: string;
  fields: Fields;
  /** Value of the first field of that name (any case), or undefined. */
  get(name: string): string | undefined;
  /** Values of all fields of that name (any case). */
  all(name: string): string[];
  body: Buffer;
  /** Sizes of the chunks, null when the body was not chunked. */
  chunks: number[] | null;
  trailers: Fields;
  /** Head as received, up to and including the empty line. */
  head: string;
  /** The body as text (UTF-8). */
  readonly text: string;
}

export interface Response extends Message {
  status: number;
  reason: string;
}

export interface Request extends Message {
  method: string;
  target: string;
}

/** What was received is not valid HTTP/1: the sender's mistake, never a matter of timing. */
export class MalformedError extends Error {}

/** How the end of a response body is found beyond what its head says (RFC 9112, 6.3). */
export interface ResponseContext {
  /** Method of the request; HEAD and CONNECT responses have no body. */
  method?: string;
}

const tchar = "[!#$%&'*+.^_`|~0-9A-Za-z-]";
const statusLine = /^(HTTP\/\d\.\d) (\d{3}) ([\t\x20-\x7e\x80-\xff]*)$/;
const requestLine = new RegExp(`^(${tchar}+) (\\S+) (HTTP/\\d\\.\\d)$`);
const fieldLine = new RegExp(`^(${tchar}+):[ \\t]*((?:[\\t\\x20-\\x7e\\x80-\\xff]*[\\x21-\\x7e\\x80-\\xff])?)[ \\t]*$`);
const chunkLine = /^([0-9A-Fa-f]{1,13})((?:[ \t]*;[^\r\n]*)?)$/;

/** Reads one response strictly: anything that RFC 9112 does not allow is an error, not guessed at. */
export async function readResponse(input: ByteQueue, context: ResponseContext = {}): Promise<Response> {
  const { head, lines } = await readHead(input);
  const match = statusLine.exec(lines[0] ?? '');
  if (!match) throw new MalformedError(`bad status line: ${show(head)}`);
  const status = Number(match[2]);
  const message = { ...newMessage(head, match[1] as string, lines), status, reason: match[3] as string };
  const bodiless = context.method === 'HEAD' || (context.method === 'CONNECT' && status >= 200 && status < 300);
  if (!bodiless && status >= 200 && status !== 204 && status !== 304) await readBody(input, message, true);
  return finish(message);
}

/** Reads one request strictly, as `readResponse`. */
export async function readRequest(input: ByteQueue): Promise<Request> {
  const { head, lines } = await readHead(input);
  const message = newRequest(head, lines);
  await readBody(input, message, false);
  return finish(message);
}

/** Reads the head of a request only; its body stays unread. */
export async function readRequestHead(input: ByteQueue): Promise<Request> {
  const { head, lines } = await readHead(input);
  return finish(newRequest(head, lines));
}

/** Reads the body that the head of `message` announces into it. */
export async function readRequestBody(input: ByteQueue, message: Request): Promise<Request> {
  await readBody(input, message, false);
  return message;
}

function newRequest(head: string, lines: string[]) {
  const match = requestLine.exec(lines[0] ?? '');
  if (!match) throw new MalformedError(`bad request line: ${show(head)}`);
  return {
    ...newMessage(head, match[3] as string, lines),
    method: match[1] as string,
    target: match[2] as string,
  };
}

async function readHead(input: ByteQueue): Promise<{ head: string; lines: string[] }> {
  const head = (await input.takeThrough('\r\n\r\n')).toString('latin1');
  const lines = head.slice(0, -4).split('\r\n');
  if (lines.some((line) => /[\r\n]/.test(line))) throw new MalformedError(`bare CR or LF in a head: ${show(head)}`);
  return { head, lines };
}

type Partial = Omit<Message, 'get' | 'all' | 'text'>;

function newMessage(head: string, version: string, lines: string[]): Partial {
  return {
    version,
    fields: parseFields(lines.slice(1), head),
    body: Buffer.alloc(0),
    chunks: null,
    trailers: [],
    head,
  };
}

function finish<T extends Partial>(message: T): T & Message {
  const { fields } = message;
  const all = (name: string) => fields.filter(([n]) => n.toLowerCase() === name.toLowerCase()).map(([, v]) => v);
  const whole = Object.assign(message, { all, get: (name: string) => all(name)[0] });
  return Object.defineProperty(whole, 'text', { get: () => message.body.toString() }) as T & Message;
}

function parseFields(lines: string[], whole: string): Fields {
  return lines.map((line) => {
    const match = fieldLine.exec(line);
    if (!match) throw new MalformedError(`bad header line ${show(line)} in ${show(whole)}`);
    return [match[1] as string, match[2] as string];
  });
}

async function readBody(input: ByteQueue, message: Partial, isResponse: boolean): Promise<void> {
  const values = (name: string) => message.fields.filter(([n]) => n.toLowerCase() === name).map(([, v]) => v);
  const codings = values('transfer-encoding');
  const lengths = values('content-length');
  if (codings.length > 0) {
    if (lengths.length > 0)
      throw new MalformedError(`both Content-Length and Transfer-Encoding: ${show(message.head)}`);
    if (codings.join().toLowerCase() !== 'chunked')
      throw new MalformedError(`transfer coding not known: ${codings.join()}`);
    await readChunks(input, message);
  } else if (lengths.length > 0) {
    if (new Set(lengths).size > 1 || !/^\d+$/.test(lengths[0] as string))
      throw new MalformedError(`bad Content-Length: ${lengths}`);
    message.body = await input.take(Number(lengths[0]));
  } else if (isResponse) {
    message.body = await input.takeRest();
  }
}

async function readChunks(input: ByteQueue, message: Partial): Promise<void> {
  const parts: Buffer[] = [];
  message.chunks = [];
  for (;;) {
    const line = (await input.takeThrough('\r\n')).toString('latin1').slice(0, -2);
    const match = chunkLine.exec(line);
    if (!match) throw new MalformedError(`bad chunk size line: ${show(line)}`);
    const size = Number.parseInt(match[1] as string, 16);
    if (size === 0) break;
    parts.push(await input.take(size));
    message.chunks.push(size);
    const end = (await input.take(2)).toString('latin1');
    if (end !== '\r\n') throw new MalformedError(`chunk of ${size} bytes not followed by CRLF but by ${show(end)}`);
  }
  message.body = Buffer.concat(parts);
  const lines: string[] = [];
  for (;;) {
    const line = (await input.takeThrough('\r\n')).toString('latin1').slice(0, -2);
    if (line === '') break;
    lines.push(line);
  }
  message.trailers = parseFields(lines, 'trailers');
}
