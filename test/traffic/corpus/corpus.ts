import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Connection, connect, crlf } from '../../support/connection.ts';
import { MalformedError, type Request, type Response, readResponse } from '../../support/http.ts';
import { type Origin, origin } from '../../support/origin.ts';
import { start } from '../../support/program.ts';
import { type Syslog, syslog } from '../../support/syslog.ts';
import { pause, type Scope, until } from '../../support/wait.ts';

/** Bytes as latin1 text; parts repeated many times are written as `{ repeat, times }`. */
export type Bytes = string | (string | { repeat: string; times: number })[];

/** One case of the corpus. `haproxy` is recorded (see record.ts); the rest is written by hand. */
export interface Case {
  name: string;
  /** Where the case comes from: RFC and section, or a public write-up. */
  source: string;
  /** What the client sends (requests) or the server answers (responses). */
  send: Bytes;
  /** Responses only: the request, if it is not a plain GET. */
  request?: string;
  /** Responses only: the server closes after its bytes. */
  close?: boolean;
  /** What HAProxy did, with its version. */
  haproxy: Outcome;
  /** What Sluice does, where that is stricter or where a later HAProxy differs; `why` says which. */
  sluice?: Outcome & { why: string };
}

/** What came out at either end. */
export interface Outcome {
  /** Status of each response the client got. */
  answers: number[];
  /** Termination state of each log line, unless all are `----`. */
  state?: string[];
  /** Requests: each request as the server saw it. Responses: each 2xx or 3xx response as the client saw it. */
  forwarded?: string[];
}

export interface Corpus {
  file: string;
  cases: Case[];
}

/** Reads all files of `requests` or `responses`. */
export function readCorpus(kind: 'requests' | 'responses'): Corpus[] {
  const folder = join(import.meta.dirname, kind);
  return readdirSync(folder)
    .sort()
    .map((name) => ({
      file: join(folder, name),
      cases: JSON.parse(readFileSync(join(folder, name), 'utf8')) as Case[],
    }));
}

/** The bytes of a case. */
export function bytesOf(bytes: Bytes): Buffer {
  const parts = typeof bytes === 'string' ? [bytes] : bytes;
  const text = parts.map((part) => (typeof part === 'string' ? part : part.repeat.repeat(part.times))).join('');
  return Buffer.from(text, 'latin1');
}

/** How many cases may be played at once, each with a frontend and an origin of its own. */
export const lanes = 8;

const config = `
global
    stats socket {sock:admin} level admin
    log {addr:log} local0
defaults
    mode http
    log global
    option httplog
    timeout connect 5s
    timeout client 1s
    timeout server 1s
${Array.from({ length: lanes }, (_, i) => `listen l${i}\n    bind {addr:fe${i}}\n    server app {addr:app${i}}\n`).join('')}`;

/** A started program with an origin behind it, ready to play cases. */
export interface Player {
  /**
   * Plays one case. With `expected`, no longer is waited than until that much has come out; without, until nothing has
   * happened for a while.
   */
  playRequest(entry: Case, expected?: Outcome): Promise<Outcome>;
  playResponse(entry: Case): Promise<Outcome>;
}

/** Starts `program` (default: the one under test) for the corpus. */
export async function player(scope: Scope, program?: string): Promise<Player> {
  const log = await syslog(scope);
  const origins = await Promise.all(
    Array.from({ length: lanes }, () => origin(scope, { body: 'ok' }, { lenient: true })),
  );
  const ports = Object.fromEntries(origins.map((app, i) => [`app${i}`, app]));
  const run = await start(scope, config, { ports: { log, ...ports }, ...(program ? { program } : {}) });
  const free: Bench[] = origins.map((app, i) => ({ scope, port: run.port(`fe${i}`), app, log: logOf(log, `l${i}`) }));
  const play = async (how: (bench: Bench) => Promise<Outcome>): Promise<Outcome> => {
    const bench = free.pop();
    if (!bench) throw new Error(`more than ${lanes} cases at once`);
    try {
      return await how(bench);
    } finally {
      free.push(bench);
    }
  };
  return {
    playRequest: (entry, expected) => play((bench) => playRequest(bench, entry, expected)),
    playResponse: (entry) => play((bench) => playResponse(bench, entry)),
  };
}

interface Bench {
  scope: Scope;
  port: number;
  app: Origin;
  log: Log;
}

/** The log lines of one frontend: clients of another may have the same port at the same time. */
interface Log {
  readonly lines: readonly string[];
}

const logOf = (log: Syslog, frontend: string): Log => ({
  get lines() {
    return log.lines.filter((line) => line.includes(`] ${frontend} `));
  },
});

/** Sends the bytes of a case, half-closes, and collects what comes out on both sides until the program closes. */
async function playRequest({ scope, port, app, log }: Bench, entry: Case, expected?: Outcome): Promise<Outcome> {
  app.script = (request) => (request.get('upgrade') ? { status: 200, body: 'no upgrade' } : { body: 'ok' });
  const before = app.requests.length;
  app.malformed.length = 0;
  const logged = log.lines.length; // the port of this client may have been another's before
  const client = await connectAnew(scope, port);
  const local = client.port;
  client.send(bytesOf(entry.send)).catch(() => {}); // refused requests may be reset while they are sent
  const answers: number[] = [];
  const reading = readAnswers(client, answers, () => app.requests[before + answers.length]?.method);
  await Promise.race([reading, settled(answers, expected)]);
  client.end();
  await reading;
  const state = await states(log, logged, local, Math.max(1, answers.filter((status) => status >= 200).length));
  const forwarded = app.requests.slice(before).map(canonical);
  return outcome(answers, state, [...forwarded, ...app.malformed.map((error) => `malformed: ${error.message}`)]);
}

async function readAnswers(client: Connection, answers: number[], method: () => string | undefined): Promise<void> {
  try {
    while (await client.input.readable()) {
      const of = method();
      answers.push((await readResponse(client.input, of === undefined ? {} : { method: of })).status);
    }
  } catch (error) {
    if (error instanceof MalformedError) throw error;
  }
}

/** Resolves when all answers that can come before the client's end are there. */
async function settled(answers: number[], expected?: Outcome): Promise<void> {
  if (!expected) {
    let seen = -1;
    while (seen !== answers.length) {
      seen = answers.length;
      await pause(60);
    }
  } else if (expected.answers.length === 0 || expected.state?.some((state) => state.startsWith('C'))) {
    await pause(20); // what is still missing comes only because the client ends
  } else {
    await until('the answers', () => answers.length >= expected.answers.length, { every: 1, ms: 2000 }).catch(() => {});
  }
}

/** Has the origin answer a request with the bytes of a case and collects what reaches the client. */
async function playResponse({ scope, port, app, log }: Bench, entry: Case): Promise<Outcome> {
  app.script = async (_request, connection) => {
    await connection.send(bytesOf(entry.send)).catch(() => {});
    if (entry.close) connection.end();
    return null;
  };
  const request = crlf(entry.request ?? 'GET / HTTP/1.1\nHost: x\nConnection: close\n\n');
  const logged = log.lines.length; // the port of this client may have been another's before
  const client = await connectAnew(scope, port);
  const local = client.port;
  await client.send(request);
  const answers: number[] = [];
  const forwarded: string[] = [];
  try {
    while (await client.input.readable()) {
      const response = await readResponse(client.input, { method: request.slice(0, request.indexOf(' ')) });
      answers.push(response.status);
      if (response.status < 400) forwarded.push(canonicalResponse(response));
    }
  } catch (error) {
    forwarded.push(error instanceof MalformedError ? `malformed: ${error.message}` : 'cut off');
  }
  return outcome(answers, await states(log, logged, local, 1), forwarded);
}

/** Ports that clients have had. */
const had = new Set<number>();

/** A connection from a port that none of the clients before has had: log lines are told apart by it, and may be late. */
async function connectAnew(scope: Scope, port: number): Promise<Connection> {
  for (;;) {
    const client = await connect(scope, port);
    if (!had.has(client.port)) {
      had.add(client.port);
      return client;
    }
    client.close();
  }
}

/** Termination states of the log lines after the first `from` of the client on port `local`, once `n` have arrived. */
async function states(log: Log, from: number, local: number, n: number): Promise<string[]> {
  const of = () => log.lines.slice(from).filter((line) => line.includes(` 127.0.0.1:${local} `));
  await until(`${n} log lines of port ${local}`, () => of().length >= n, { every: 1, ms: 3000 }).catch(() => {});
  return of().map((line) => / - - (\S{4}) /.exec(line)?.[1] ?? '?');
}

function outcome(answers: number[], state: string[], forwarded: string[]): Outcome {
  const result: Outcome = { answers };
  if (state.some((s) => s !== '----')) result.state = state;
  if (forwarded.length > 0) result.forwarded = forwarded;
  return result;
}

/** A request as text: its head with `\n` line ends, its decoded body (long runs shortened), its trailers. */
function canonical(request: Request): string {
  const trailers = request.trailers.map(([name, value]) => `\n${name}: ${value}`).join('');
  return shorten(request.head.replaceAll('\r\n', '\n') + request.body.toString('latin1') + trailers);
}

function canonicalResponse(response: Response): string {
  const trailers = response.trailers.map(([name, value]) => `\n${name}: ${value}`).join('');
  return shorten(response.head.replaceAll('\r\n', '\n') + response.body.toString('latin1') + trailers);
}

function shorten(text: string): string {
  return text.replace(/(.)\1{99,}/g, (run, char: string) => `<${run.length} x ${char}>`);
}
