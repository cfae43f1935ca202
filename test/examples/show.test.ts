import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { start } from '../support/program.ts';

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
203.0.113.9: unknown
192.0.2.200: NL
192.0.2.200: BE
203.0.113.9: JP`,
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
} as const;

describe('the example', { skip: lacks === undefined ? false : `needs ${lacks}` }, () => {
  for (const [name, shown] of Object.entries(SHOWN)) {
    test(`${name} shows what it says`, async (t) => {
      const folder = join(examples, name);
      const config = readFileSync(join(folder, 'haproxy.cfg'), 'utf8')
        .replace(/"\$\{SLUICE_RUN-[^"]*sluice\.sock"/, '{sock:admin}')
        .replaceAll(/"\$\{SLUICE_RUN-\/tmp\}/g, '"{dir}')
        .replace(/127\.0\.0\.1:"\$\{PORT-8080\}"/, '{addr:web}')
        .replace('default-path config', `default-path origin ${folder}`);
      const run = await start(t, config);
      const script = [join(folder, 'show.sh'), run.sock('admin'), String(run.port('web'))];
      const { stdout } = await promisify(execFile)('sh', script);
      assert.equal(stdout.replace(/\n+/g, '\n').trim(), shown.trim());
    });
  }
});
