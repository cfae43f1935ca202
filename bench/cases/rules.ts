import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Load, wrk } from '../load.ts';
import { compare, median, type Row } from '../measure.ts';
import { folder, type Proxy, startBalancer } from '../programs.ts';
import type { Bench } from './index.ts';

/**
 * What ten rules cost: three edits of headers, two ACL files of 10,000 entries, a map of 100,000, an entry of a stick table tracked with two rates,
 * and a condition to deny. CPU per request with them less that without.
 */
export async function rules(bench: Bench): Promise<Row[]> {
  const lines = {
    rules: writeRules(),
    more: 'backend clients\n    stick-table type ip size 100k expire 1m store conn_rate(10s),http_req_rate(10s)',
  };
  const proxies: Proxy[] = [];
  for (const name of ['sluice', 'haproxy'] as const) {
    proxies.push({ ...(await startBalancer(name, bench.backend)), name });
    proxies.push({ ...(await startBalancer(name, bench.backend, lines)), name: `${name} with rules` });
  }
  try {
    const load = ({ http }: Proxy) => wrk(`http://127.0.0.1:${http}/`, { seconds: bench.seconds });
    const used = await compare(proxies, bench.rounds, load, (load: Load) => load.requests);
    const extra = (name: string) => {
      const without = used.get(name)!;
      return used.get(`${name} with rules`)!.map((cost, i) => (cost - without[i]!) * 1000);
    };
    const [own, theirs] = [extra('sluice'), extra('haproxy')];
    const figures = { sluice: median(own), haproxy: median(theirs) };
    const value = median(own) / median(theirs);
    return [{ case: 'ten rules, less none', unit: 'µs/request', figures, value, of: 'x haproxy', bound: 2 }];
  } finally {
    for (const proxy of proxies) await proxy.stop();
  }
}

/** Writes the files that the rules look into, and returns the rules. */
function writeRules(): string {
  const dir = join(folder, 'rules');
  mkdirSync(dir);
  const file = (name: string, count: number, line: (i: number) => string): string => {
    const path = join(dir, name);
    writeFileSync(path, Array.from({ length: count }, (_, i) => `${line(i)}\n`).join(''));
    return path;
  };
  const octets = (i: number) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
  const agents = file('agents.acl', 10_000, (i) => `bad-agent-${i}`);
  const networks = file('networks.acl', 10_000, (i) => `${octets(i * 16)}/28`);
  const hosts = file('hosts.map', 100_000, (i) => `host-${i}.example.com tenant-${i % 100}`);
  return `
    http-request set-header X-Forwarded-Proto http
    http-request add-header X-Via bench
    http-request del-header X-Internal
    acl bad_agent hdr(user-agent) -i -f ${agents}
    acl bad_network src -f ${networks}
    http-request set-header X-Tenant %[hdr(host),lower,map(${hosts},none)]
    http-request track-sc0 src table clients
    acl fast sc0_http_req_rate gt 1000000000
    http-request deny if bad_agent || bad_network || fast
`;
}
