import { parseAddress } from './address.ts';
import type { Answer } from './answer.ts';
import { dumpCommands } from './commands/dumps.ts';
import { serverCommands } from './commands/servers.ts';
import type { Identity, Version } from './identity.ts';
import { type ClientOptions, type CommandOptions, openSession, type Session } from './session.ts';

type Dumps = ReturnType<typeof dumpCommands>;
type Servers = ReturnType<typeof serverCommands>;

/** A Runtime API and its commands. */
export interface RuntimeClient extends Identity, Dumps, Servers {
  readonly product: 'haproxy' | 'sluice';
  readonly version: Version;
  readonly pid: number;
  /** Sends one command; resolves with the answer, also when it is a refusal. Rejects with a RuntimeClientError when none comes. */
  command(words: readonly string[], options?: CommandOptions): Promise<Answer>;
  /** The same, and rejects with a RuntimeCommandError when the command is refused. Resolves with the text. */
  run(words: readonly string[], options?: CommandOptions): Promise<string>;
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

function clientOf(session: Session): RuntimeClient {
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
    command: session.command,
    run: session.run,
    close: session.close,
    ...dumpCommands(session),
    ...serverCommands(session),
  };
}
