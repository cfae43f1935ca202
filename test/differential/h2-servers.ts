import type { Family } from './family.ts';
import { h2Server } from './h2-origin.ts';
import { H2_SERVERS_ACCEPTED } from './h2-servers-accepted.ts';
import { http } from './http.ts';
import { Random } from './random.ts';
import { HEAD, scenario } from './scenario.ts';

/** HTTP/1 in the clear, behind it servers of HTTP/2: configurations and requests of the family `http`. */
export const h2Servers: Family = {
  name: 'h2-servers',
  sample: 20,
  accepted: H2_SERVERS_ACCEPTED,
  head: HEAD,
  make(random, id) {
    const made = scenario(new Random(random.below(2 ** 32)), id);
    return { family: h2Servers, ...made, lines: made.lines.map(overHttp2) };
  },
  async servers(scope, saw) {
    const ports: Record<string, number> = {};
    for (const name of ['s1', 's2', 's3']) ports[`h2${name}`] = await h2Server(scope, name, saw);
    return ports;
  },
  play: http.play,
};

const overHttp2 = (line: string): string =>
  line.replace(/^server (s\d) \{addr:(s\d)\}(.*)$/, 'server $1 {addr:h2$2} proto h2$3');
