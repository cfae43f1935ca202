import type { Endpoint } from './address.ts';
import { RuntimeClientError } from './failures.ts';
import { Pipeline } from './pipeline.ts';
import { type OpenOptions, openSocket } from './socket.ts';
import { commandBytes } from './words.ts';

/** A connection of one's own: what is set on it (modes, level, a transaction) holds for what is asked later. */
export interface Conversation {
  /** The answer with its line ends, as it was sent. Rejects with a RuntimeClientError when none comes within `timeout` ms. */
  ask(words: readonly string[], options: AskOptions): Promise<Spoken>;
  close(): void;
}

export interface AskOptions {
  readonly payload?: string | undefined;
  /** ms. */
  readonly timeout: number;
}

/** An answer as it was sent. */
export interface Spoken {
  /** As in `Answer`. */
  readonly severity: number | null;
  /** With the line ends that belong to it, without the empty line behind it. */
  readonly body: string;
}

/** Most bytes of an answer. */
const LIMIT = 256 * 1024 * 1024;

/** Opens a conversation. Rejects with a RuntimeClientError, with code `MASTER` when a master CLI answers. */
export async function converse(endpoint: Endpoint, options: OpenOptions): Promise<Conversation> {
  const pipeline = new Pipeline(await openSocket(endpoint, options), endpoint, () => undefined);
  const end = (why: string) => pipeline.close(new RuntimeClientError('CLOSED', why));
  const within = async <T>(timeout: number, work: Promise<T>): Promise<T> => {
    const timer = setTimeout(
      () => pipeline.close(new RuntimeClientError('TIMEOUT', `no whole answer within ${timeout} ms`)),
      timeout,
    );
    try {
      return await work;
    } finally {
      clearTimeout(timer);
    }
  };
  await within(options.timeout, pipeline.greet());
  return {
    async ask(words, { payload, timeout }) {
      const bytes = commandBytes(words, payload);
      const answer = pipeline.ask(bytes, { payload: payload !== undefined, limit: LIMIT });
      return spoken((await within(timeout, answer)).toString());
    },
    close: () => end('the conversation has been ended'),
  };
}

function spoken(body: string): Spoken {
  const match = /^\[([0-7])\]: /.exec(body);
  return match === null ? { severity: null, body } : { severity: Number(match[1]), body: body.slice(match[0].length) };
}
