import { parseAddress } from './address.ts';
import type { Answer } from './answer.ts';

import { certificateCommands, trustCommands } from './commands/certificates.ts';
import { dumpCommands } from './commands/dumps.ts';
import { masterCommands } from './commands/master.ts';
import { aclCommands, mapCommands } from './commands/patterns.ts';
import { processCommands } from './commands/process.ts';
import { serverCommands } from './commands/servers.ts';
import { sessionCommands } from './commands/sessions.ts';
import { tableCommands } from './commands/tables.ts';
import type { Conversation } from './conversation.ts';
import type { Identity, Version } from './identity.ts';
import { type ClientOptions, type CommandOptions, openSession, type Session, type StreamOptions } from './session.ts';
import { type Feature, supports } from './versions.ts';

type Commands = ReturnType<typeof dumpCommands> &
  ReturnType<typeof serverCommands> &
  ReturnType<typeof mapCommands> &
  ReturnType<typeof aclCommands> &
  ReturnType<typeof tableCommands> &
  ReturnType<typeof sessionCommands> &
  ReturnType<typeof processCommands> &
  ReturnType<typeof certificateCommands> &
  ReturnType<typeof trustCommands> &
  ReturnType<typeof masterCommands>;

/**
 * A Runtime API and its commands. Each of the typed ones rejects with a RuntimeCommandError when it is refused, and with a
 * RuntimeClientError when no whole answer comes.
 */
export interface RuntimeClient extends Identity, Commands {
  readonly product: 'haproxy' | 'sluice';
  readonly version: Version;
  readonly pid: number;
  /** True when the version of the program has the feature. */
  supports(feature: Feature): boolean;
  /** Sends one command; resolves with the answer, also when it is a refusal. Rejects with a RuntimeClientError when none comes. */
  command(words: readonly string[], options?: CommandOptions): Promise<Answer>;
  /** The same, and rejects with a RuntimeCommandError when the command is refused. Resolves with the text. */
  run(words: readonly string[], options?: CommandOptions): Promise<string>;
  /** The lines of an answer as they come, over a connection of their own; nothing is read ahead of the loop over them. */
  stream(words: readonly string[], options?: StreamOptions): AsyncGenerator<string, void, undefined>;
  /** A connection of its own, on which modes, level and transactions last. Rejects with code `MASTER` on a master CLI. */
  converse(): Promise<Conversation>;
  /** Ends the connections; what has no answer yet fails. */
  close(): void;
}

/**
 * Connects to the Runtime API of HAProxy (2.4 and later) or Sluice at `address`: `/path`, `unix:/path`, `host:port`, `tcp:host:port`, and
 * `master:` before it for a master CLI. Rejects with a RuntimeClientError when nothing like that answers there.
 */
export async function connect(address: string, options: ClientOptions = {}): Promise<RuntimeClient> {
  return clientOf(await openSession(parseAddress(address), options));
}

/** The client of a session. */
export function clientOf(session: Session): RuntimeClient {
  return {
    get product() {
      return session.identity.product;
    },
    get version() {
      return session.identity.version;
    },
    get pid() {
      return session.identity.pid;
    },
    supports: (feature) => supports(session.identity, feature),
    command: session.command,
    run: session.run,
    async *stream(words, options) {
      for await (const lines of session.batches(words, options)) yield* lines;
    },
    converse: session.converse,
    close: session.close,
    ...dumpCommands(session),
    ...serverCommands(session),
    ...mapCommands(session),
    ...aclCommands(session),
    ...tableCommands(session),
    ...sessionCommands(session),
    ...processCommands(session),
    ...certificateCommands(session),
    ...trustCommands(session),
    ...masterCommands(session),
  };
}
