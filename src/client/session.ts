import type { Endpoint } from './address.ts';
import { type Answer, parseAnswer } from './answer.ts';
import { type Conversation, converse } from './conversation.ts';
import { RuntimeClientError } from './failures.ts';
import { gate } from './gate.ts';
import { type Identity, identityOf } from './identity.ts';
import { lineBatches } from './lines.ts';
import { type Mode, oneShot } from './one-shot.ts';
import { Sender, type SendOptions } from './sender.ts';
import { mayShare } from './shareable.ts';
import type { TlsOptions } from './socket.ts';
import { verdict } from './verdicts.ts';
import { requireFeature, supports } from './versions.ts';
import { hasEmptyLine } from './words.ts';

export interface ClientOptions {
  /** Longest time for one command, from the call to the end of its answer, ms; default 30,000. */
  readonly timeout?: number;
  /** Most bytes of an answer that is collected; default 256 MB. */
  readonly limit?: number;
  /** Most commands on their way at once on the shared connection; default 32, 1 for one after the other. */
  readonly pipelining?: number;
  /** Most connections at once for commands that cannot share one; default 4. The program has places for `stats maxconn` clients. */
  readonly connections?: number;
  /** How long the shared connection stays open without commands, ms; default 50. */
  readonly idle?: number;
  /**
   * How long the shared connection takes commands before another one is opened, ms; default 500. HAProxy's old process of a reload goes on
   * answering on the connections that it has.
   */
  readonly lifetime?: number;
  /** How long connecting again is tried when the program has gone, ms; default 2000. */
  readonly reconnect?: number;
  readonly tls?: TlsOptions;
}

export interface CommandOptions extends SendOptions {
  /** Mode that the command needs: it runs with `experimental-mode on` or `expert-mode on`. */
  readonly mode?: Mode | undefined;
}

export interface StreamOptions extends Pick<CommandOptions, 'timeout' | 'signal' | 'mode'> {
  /** The answer goes on until the caller has enough (`show events -w`). */
  readonly endless?: boolean;
}

/** What the typed commands are made of: sending, and judging answers. */
export interface Session {
  readonly endpoint: Endpoint;
  readonly options: ClientOptions;
  /** Who answers; renewed whenever the shared connection is opened again. */
  readonly identity: Identity;
  /** Sends one command; resolves with the answer, also when it is a refusal. Rejects with a RuntimeClientError when none comes. */
  command(words: readonly string[], options?: CommandOptions): Promise<Answer>;
  /** The same, and rejects with a RuntimeCommandError when the command is refused. Resolves with the text. */
  run(words: readonly string[], options?: CommandOptions): Promise<string>;
  /** The lines of an answer as they come, in batches, over a connection of their own. */
  batches(words: readonly string[], options?: StreamOptions): AsyncGenerator<string[], void, undefined>;
  /** Asks anew who answers. */
  refresh(): Promise<void>;
  /** A connection of its own. */
  converse(): Promise<Conversation>;
  close(): void;
}

/** Commands for a connection that people type on. */
const ownWords = new Set(['prompt', 'quit', '_getsocks']);

const SHOW_INFO = ['show', 'info'];

/** Opens a session and asks who answers. A master CLI is known by its prompt, also without `master:` in the address. */
export async function openSession(endpoint: Endpoint, options: ClientOptions): Promise<Session> {
  if (endpoint.master) return masterSession(endpoint, options);
  try {
    return await sharedSession(endpoint, options);
  } catch (error) {
    if (!(error instanceof RuntimeClientError && error.code === 'MASTER')) throw error;
    return masterSession({ ...endpoint, master: true }, options);
  }
}

async function sharedSession(endpoint: Endpoint, options: ClientOptions): Promise<Session> {
  let identity: Identity | null = null;
  const sender = new Sender(endpoint, {
    ...limits(options),
    pipelining: options.pipelining ?? 32,
    idle: options.idle ?? 50,
    lifetime: options.lifetime ?? 500,
    onOpen: async (pipeline) => {
      const body = await pipeline.ask(Buffer.from('show info\n'), { payload: false, limit: 1024 * 1024 });
      identity = identityOf(parseAnswer(body.toString()), endpoint);
    },
  });
  await sender.open();
  const alone = loneCommands(endpoint, options, () => identity);
  return session(endpoint, options, {
    identity: () => identity!,
    send: (words, more) => (more.mode === undefined && mayShare(words) ? sender.send(words, more) : alone(words, more)),
    refresh: async () => {
      identity = identityOf(await sender.send(SHOW_INFO), endpoint);
    },
    close: () => sender.close(),
  });
}

async function masterSession(endpoint: Endpoint, options: ClientOptions): Promise<Session> {
  let identity: Identity | null = null;
  let closed = false;
  const alone = loneCommands(endpoint, options, () => identity);
  const refresh = async () => {
    identity = identityOf(await alone(SHOW_INFO, {}), endpoint);
  };
  await refresh();
  return session(endpoint, options, {
    identity: () => identity!,
    send: (words, more) => {
      if (closed) throw new RuntimeClientError('CLOSED', 'the client has been closed');
      return alone(words, more);
    },
    refresh,
    close: () => {
      closed = true;
    },
  });
}

function limits({ timeout = 30_000, limit = 256 * 1024 * 1024, reconnect = 2000, tls }: ClientOptions) {
  return { timeout, limit, reconnect, tls };
}

function hasSeverities(endpoint: Endpoint, identity: Identity | null): boolean {
  return !endpoint.master || (identity !== null && supports(identity, 'master severity'));
}

/** Commands with a connection each, not too many at once. */
function loneCommands(endpoint: Endpoint, options: ClientOptions, identity: () => Identity | null) {
  const places = gate(options.connections ?? 4);
  const { timeout, limit, reconnect, tls } = limits(options);
  return async (words: readonly string[], more: CommandOptions): Promise<Answer> => {
    more.signal?.throwIfAborted();
    const started = performance.now();
    const whole = more.timeout ?? timeout;
    const late = () => new RuntimeClientError('TIMEOUT', `no place for a connection within ${whole} ms`);
    return places({ signal: more.signal, timeout: whole, late }, () =>
      oneShot(endpoint, words, {
        ...more,
        timeout: Math.max(1, Math.round(whole - (performance.now() - started))),
        limit: more.limit ?? limit,
        tls,
        severity: hasSeverities(endpoint, identity()),
        // A wrong address is to be known at once.
        reconnect: identity() === null ? 0 : reconnect,
      }),
    );
  };
}

interface Ways {
  readonly identity: () => Identity;
  readonly send: (words: readonly string[], options: CommandOptions) => Promise<Answer>;
  readonly refresh: () => Promise<void>;
  readonly close: () => void;
}

function session(endpoint: Endpoint, options: ClientOptions, { identity, send, refresh, close }: Ways): Session {
  const command = async (words: readonly string[], more: CommandOptions = {}) => {
    if (ownWords.has(words[0]!))
      throw new RuntimeClientError('EINVAL', `'${words[0]}' is about the connection itself, which is the client's`);
    if (more.payload !== undefined && hasEmptyLine(more.payload))
      requireFeature(identity(), 'payload terminator', 'a payload with empty lines');
    return send(words, more);
  };
  return {
    endpoint,
    options,
    get identity() {
      return identity();
    },
    command,
    async run(words, more) {
      const answer = await command(words, more);
      const refusal = verdict(words, answer);
      if (refusal !== null) throw refusal;
      return answer.text;
    },
    batches: (words, more = {}) =>
      lineBatches(endpoint, words, {
        ...limits(options),
        ...more,
        timeout: more.timeout ?? limits(options).timeout,
        severity: hasSeverities(endpoint, identity()),
      }),
    refresh,
    converse() {
      const { timeout, tls } = limits(options);
      return converse(endpoint, { timeout, tls });
    },
    close,
  };
}
