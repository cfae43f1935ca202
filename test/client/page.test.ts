/** The examples of docs/client-library.md, run as they stand; only places are put in. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { start } from '../support/program.ts';
import { programs } from './programs.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/client-library.md'), 'utf8');
const library = join(import.meta.dirname, '../../src/client/index.ts');

/** Examples with what they print; those marked `haproxy` need what Sluice may not have. */
const examples = [...page.matchAll(/^```ts( haproxy)?\n([\s\S]*?)^```\n(?:\n```text\n([\s\S]*?)^```\n)?/gm)].map(
  ([, mark, code, output]) => ({ onHaproxy: mark !== undefined, code: code!, output: output ?? null }),
);

const base = `
global
    stats socket {sock:admin} level admin
ring events
    format raw
    size 32764
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
    log ring@events local0
backend app
    balance roundrobin
    server app1 127.0.0.1:8001 weight 10
    server app2 127.0.0.1:8002 weight 20
`;
const more = `
    stick-table type string size 1k store gpc0
frontend web
    bind {addr:web}
    http-request set-header x %[path,map({dir}/hosts.map)]
`;

for (const { name, path, skip } of programs) {
  describe(`the examples of the page on ${name}`, { skip }, () => {
    test('run and print what the page says', async (t) => {
      const haproxy = name === 'HAProxy';
      const run = await start(
        t,
        haproxy ? base + more : `${base}\nfrontend web\n    bind {addr:web}\n    default_backend app\n`,
        { program: path, files: { 'hosts.map': '' } },
      );
      const chosen = examples.filter(({ onHaproxy }) => haproxy || !onHaproxy);
      assert.ok(chosen.length >= 6);
      for (const { code, output } of chosen) {
        const file = join(run.dir, 'example.ts');
        writeFileSync(
          file,
          code
            .replaceAll("'sluice/runtime'", `'${library}'`)
            .replaceAll('/run/haproxy/admin.sock', run.sock('admin'))
            .replaceAll('/run/haproxy/', `${run.dir}/`),
        );
        const printed = await printedBy(file);
        if (output !== null) assert.equal(printed, output, code);
      }
    });
  });
}

function printedBy(file: string): Promise<string> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 20_000,
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => {
      text += bytes.toString();
    });
  return new Promise((resolve) => child.on('close', () => resolve(text)));
}
