import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { freePort } from '../support/ports.ts';
import { type Run, start } from '../support/program.ts';

const HAPROXY = '/usr/sbin/haproxy';
const examples = join(import.meta.dirname, '../../examples');
const lacks = ['socat', 'curl'].find((tool) => spawnSync(tool, ['-V']).error !== undefined);

/** What each script prints, without empty lines. */
const SHOWN = {
  'allow-list': `
not listed: 403
added: 200
type=ip, case=sensitive, match=yes, idx=tree, pattern="127.0.0.1"
deleted: 403`,
  geoip: `
192.0.2.200: NL
198.51.100.7: FR
198.51.100.7: SE
203.0.113.9: CH
192.0.2.200: NL
192.0.2.200: BE
203.0.113.9: JP`,
  'geoip-database': `
192.0.2.200: NL
2001:db8::1: unknown
path bytes nodes built type
721 61 1700000000 Example-Country
192.0.2.200: NL`,
  'blue-green': `
shop.example.net: blue
beta.example.net: green
shop.example.net: green
shop.example.net: blue`,
  canary: `
before: old 110, new 0
weight 10: old 100, new 10
weight 100: old 55, new 55
taken back: old 110, new 0`,
  'rate-limit': `
limit of 20: 20 of 30 pass
tagged: 127.0.0.1
entry removed: 5 of 5 pass
tagged by hand: 0 of 5 pass
tagged: 127.0.0.1
tag cleared: 5 of 5 pass
limit: 21:
limit: 6:
limit of 5: 5 of 10 pass
friend: 10 of 10 pass
no friend any more: 0 of 5 pass`,
  sticky: `
no cookie: red blue red blue
with SERVER=red: red red red red
its server is out: blue blue blue blue
its server is back: red red red red
session alice: red red red red
session bob: blue blue blue blue
table: alice is on red
table: bob is on blue
alice, red is out: blue blue blue blue
table: alice is on blue
table: bob is on blue
table: bob is on blue`,
} as const;

/** What nodes that share a table show, whichever two of them are asked. */
const SHARED = `
the other node, before: 200
a probe: 403
this node: 403
the other node, too: 403
forgiven there, let in here: 200`;

/** Where the placeholders of an example are, for a run. */
function filled(text: string, folder: string): string {
  return text
    .replace(/"\$\{SLUICE_RUN-[^"]*\.sock"( mode 600)/, '{sock:admin}$1')
    .replaceAll(/"\$\{SLUICE_RUN-\/tmp\}/g, '"{dir}')
    .replace(/127\.0\.0\.1:"\$\{PORT-8080\}"/, '{addr:web}')
    .replace('default-path config', `default-path origin ${folder}`);
}

describe('the example', { skip: lacks === undefined ? false : `needs ${lacks}` }, () => {
  for (const [name, shown] of Object.entries(SHOWN)) {
    test(`${name} shows what it says`, async (t) => {
      const folder = join(examples, name);
      const config = filled(readFileSync(join(folder, 'haproxy.cfg'), 'utf8'), folder);
      const run = await start(t, config);
      const script = [join(folder, 'show.sh'), run.sock('admin'), String(run.port('web'))];
      const { stdout } = await promisify(execFile)('sh', script);
      assert.equal(stdout.replace(/\n+/g, '\n').trim(), shown.trim());
    });
  }

  test('shared-abusers shows what it says, on two nodes and on a third one that is HAProxy', async (t) => {
    const folder = join(examples, 'shared-abusers');
    const text = readFileSync(join(folder, 'haproxy.cfg'), 'utf8').replace(/127\.0\.0\.1:1010(\d)/g, '{addr:peer$1}');
    const ports = { peer1: await freePort(), peer2: await freePort(), peer3: await freePort() };
    const node = (name: string, program?: string) =>
      start(t, filled(text, folder), { ports, env: { NODE: name }, ...(program === undefined ? {} : { program }) });
    const nodes = [await node('one'), await node('two')];
    if (existsSync(HAPROXY)) nodes.push(await node('three', HAPROXY));
    for (const [i, run] of nodes.entries()) {
      const other = nodes[(i + 1) % nodes.length]!;
      const admin = ({ sock, port }: Run) => [sock('admin'), String(port('web'))];
      const { stdout } = await promisify(execFile)('sh', [join(folder, 'show.sh'), ...admin(run), ...admin(other)]);
      assert.equal(stdout.replace(/\n+/g, '\n').trim(), SHARED.trim());
    }
  });
});
