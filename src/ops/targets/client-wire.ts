import type { Command, Wire, WireAnswer } from '../../change/remote/wire.ts';
import type { RuntimeClient } from '../../client/index.ts';

/** Commands of `pour` that are on their way at once. */
const AHEAD = 16;

/** A wire over clients of a Runtime API, one at a time. */
export interface ClientWire extends Wire {
  /** The one that is used now. */
  readonly client: RuntimeClient;
}

/** The wire to a HAProxy over `client`; `again` connects anew. */
export function clientWire(client: RuntimeClient, again: () => Promise<RuntimeClient>): ClientWire {
  let now = client;
  const ask = ({ words, payload, experimental, expert }: Command): Promise<WireAnswer> =>
    now.command(words, { payload, mode: experimental ? 'experimental' : expert ? 'expert' : undefined });
  return {
    get client() {
      return now;
    },
    ask,
    pour: (commands) => pour(commands, ask),
    async renew() {
      const next = await again();
      now.close();
      now = next;
    },
  };
}

async function pour(commands: Iterable<Command>, ask: Wire['ask']): ReturnType<Wire['pour']> {
  const waiting: Promise<WireAnswer>[] = [];
  let sent = 0;
  let objection: WireAnswer | null = null;
  const oldest = async () => {
    const answer = await waiting.shift()!;
    if (answer.text !== '') objection ??= answer;
  };
  try {
    for (const command of commands) {
      waiting.push(ask(command));
      sent++;
      if (waiting.length >= AHEAD) await oldest();
      if (objection) break;
    }
    while (waiting.length > 0) await oldest();
  } finally {
    // What fails after the first failure is not news.
    for (const rest of waiting) rest.catch(() => undefined);
  }
  return { sent, objection };
}
