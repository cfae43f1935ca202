import { ACCEPTED } from './accepted.ts';
import { HTTP_COLUMNS } from './counters.ts';
import type { Family } from './family.ts';
import type { Exchange } from './requests.ts';
import { HEAD, scenario } from './scenario.ts';
import { talk } from './talk.ts';

/** HTTP/1 in the clear. */
export const http: Family = {
  name: 'http',
  sample: 50,
  head: HEAD,
  columns: HTTP_COLUMNS,
  accepted: ACCEPTED,
  make: (random, id) => ({ family: http, ...scenario(random, id) }),
  async play(run, { id, connections }, on, patience) {
    const observed = new Map<string, string>();
    for (const [index, exchanges] of connections.entries()) {
      const heard = await talk({ host: on.host, port: run.port(`fe_${id}`) }, exchanges as Exchange[], patience);
      if (heard.refused) return null;
      for (const [at, text] of heard.exchanges.entries()) observed.set(`${index}.${at}`, text);
      observed.set(`${index} closed`, String(heard.closed));
    }
    return observed;
  },
};
