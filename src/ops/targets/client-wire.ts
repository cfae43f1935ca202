import type { Command, Wire, WireAnswer } from '../../change/remote/wire.ts';
import type { RuntimeClient } from '../../client/index.ts';

/** Commands of `pour` that are on their way at once. */
const AHEAD = 16;

/** The wire to a HAProxy over a client of its Runtime API. */
export function clientWire(client: RuntimeClient): Wire {
  const ask = ({ words, payload, experimental }: Command): Promise<WireAnswer> =>
    client.command(words, { payload, mode: experimental ? 'experimental' : undefined });
  return {
    ask,
    async pour(commands) {
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
    },
  };
}
