import type { Family, Scenario } from './family.ts';
import { H2_ACCEPTED } from './h2-accepted.ts';
import { connectTo, type H2Exchange, talkH2, type Windows } from './h2-client.ts';
import { atOnce, h2Exchanges } from './h2-requests.ts';
import { Random } from './random.ts';
import { HEAD, scenario } from './scenario.ts';

/** Windows of the client: some that never matter, some that are used up. */
const WINDOWS: readonly Windows[] = [
  { stream: 1 << 20, connection: 1 << 20 },
  { stream: 65_535, connection: 1 },
  { stream: 100, connection: 1 << 20 },
];

interface H2Scenario extends Scenario {
  readonly connections: readonly (readonly H2Exchange[])[];
  readonly windows: Windows;
}

/** HTTP/2 in the clear, behind it servers of HTTP/1: configurations of the family `http`. */
export const h2: Family = {
  name: 'h2',
  sample: 20,
  head: HEAD,
  accepted: H2_ACCEPTED,
  make(random, id): H2Scenario {
    const { lines } = scenario(new Random(random.below(2 ** 32)), id);
    const together = random.chance(0.1);
    return {
      family: h2,
      id,
      lines: lines.map((line) => {
        if (line.startsWith('bind ')) return `bind {addr:fe_${id}} proto h2`;
        // In which order they come to a balancer is not sure.
        return together && line.startsWith('balance ') ? 'balance uri' : line;
      }),
      connections: [together ? atOnce(random) : h2Exchanges(random)],
      windows: random.chance(0.7) ? WINDOWS[0]! : random.pick(WINDOWS),
      unordered: together,
    };
  },
  async play(run, played, on, patience) {
    const { id, connections, windows } = played as H2Scenario;
    const observed = new Map<string, string>();
    for (const [index, exchanges] of connections.entries()) {
      const socket = connectTo({ host: on.host, port: run.port(`fe_${id}`) });
      const heard = await talkH2(socket, exchanges, windows, patience);
      if (heard.refused) return null;
      for (const [at, text] of heard.exchanges.entries()) observed.set(`${index}.${at}`, text);
      observed.set(`${index} closed`, String(heard.closed));
    }
    return observed;
  },
};
