import type { Endpoint } from './address.ts';
import type { Answer } from './answer.ts';
import { type Identity, identityOf } from './identity.ts';
import { oneShot } from './one-shot.ts';
import { Sender, type SendOptions } from './sender.ts';
import { mayShare } from './shareable.ts';
import type { TlsOptions } from './socket.ts';
import { verdict } from './verdicts.ts';

export interface ClientOptions {
  /** Longest time for one command, from the call to the end of its answer, ms; default 30,000. */
  readonly timeout?: number;
  /** Most bytes of an answer; default 256 MB. */
  readonly limit?: number;
  /** Most commands on their way at once on the shared connection; default 32, 1 for one after the other. */
  readonly pipelining?: number;
  /** How long the shared connection stays open without commands, ms; default 5000. */
  readonly idle?: number;
  /** How long connecting again is tried when the program has gone, ms; default 2000. */
  readonly reconnect?: number;
  readonly tls?: TlsOptions;
}

export interface CommandOptions extends SendOptions {
  /** Mode that the command needs: it runs with `experimental-mode on` or `expert-mode on`. */
  readonly mode?: 'experimental' | 'expert' | undefined;
}

/** What the typed commands are made of: sending, and judging answers. */
export interface Session {
  readonly endpoint: Endpoint;
  /** Who answers; renewed whenever the shared connection is opened again. */
  readonly identity: Identity;
  /** Sends one command; resolves with the answer, also when it is a refusal. Rejects with a RuntimeClientError when none comes. */
  command(words: readonly string[], options?: CommandOptions): Promise<Answer>;
  /** The same, and rejects with a RuntimeCommandError when the command is refused. Resolves with the text. */
  run(words: readonly string[], options?: CommandOptions): Promise<string>;
  close(): void;
}

/** Opens a session and asks who answers. */
export async function openSession(endpoint: Endpoint, options: ClientOptions): Promise<Session> {
  const { timeout = 30_000, limit = 256 * 1024 * 1024, tls } = options;
  let identity: Identity | null = null;
  const sender = new Sender(endpoint, {
    tls,
    timeout,
    limit,
    pipelining: options.pipelining ?? 32,
    idle: options.idle ?? 5000,
    reconnect: options.reconnect ?? 2000,
    onOpen: async (ask) => {
      identity = identityOf(await ask(['show', 'info']), endpoint);
    },
  });
  const alone = (words: readonly string[], more: CommandOptions = {}) =>
    oneShot(endpoint, words, {
      ...more,
      timeout: more.timeout ?? timeout,
      limit: more.limit ?? limit,
      tls,
      severity: !endpoint.master || identity?.version.atLeast(3, 1) === true,
    });
  if (endpoint.master) identity = identityOf(await alone(['show', 'info']), endpoint);
  else await sender.open();
  const command = (words: readonly string[], more: CommandOptions = {}) =>
    endpoint.master || more.mode !== undefined || !mayShare(words) ? alone(words, more) : sender.send(words, more);
  return {
    endpoint,
    get identity() {
      return identity!;
    },
    command,
    async run(words, more) {
      const answer = await command(words, more);
      const refusal = verdict(words, answer);
      if (refusal !== null) throw refusal;
      return answer.text;
    },
    close: () => sender.close(),
  };
}
