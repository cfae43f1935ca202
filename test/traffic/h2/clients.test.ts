import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { origin } from '../../support/origin.ts';
import { start } from '../../support/program.ts';
import { within } from '../../support/wait.ts';

const run = promisify(execFile);

/** 10 MB in which no part is like another. */
const large = Buffer.alloc(10_000_000);
for (let i = 0; i + 4 <= large.length; i += 4) large.writeUInt32LE(Math.imul(i, 2_654_435_761) >>> 0, i);
const sum = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

const dir = mkdtempSync(join(tmpdir(), 'sluice-h2-'));
after(() => rmSync(dir, { recursive: true }));
const file = join(dir, 'large');
writeFileSync(file, large);

const app = await origin({ after }, async (request) => {
  if (request.target === '/large') return { body: large };
  if (request.target === '/chunks')
    return { chunks: Array.from({ length: 100 }, (_, i) => large.subarray(i * 100_000, (i + 1) * 100_000)) };
  if (request.target === '/sum') return { body: `${request.body.length} ${sum(request.body)}` };
  return { body: 'ok' };
});
const sluice = await start(
  { after },
  `
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
listen h2
    bind {addr:h2}
    server app {addr:app}
`,
  { ports: { app } },
);
const base = `http://127.0.0.1:${sluice.port('h2')}`;
const whole = `${large.length} ${sum(large)}`;

suite('HTTP/2 with clients that people use', { concurrency: false }, () => {
  test('curl gets and sends 10 MB', async () => {
    const out = join(dir, 'curl');
    for (const path of ['/large', '/chunks']) {
      await run('curl', ['-sS', '--http2-prior-knowledge', '-m', '30', '-o', out, base + path]);
      assert.ok(readFileSync(out).equals(large), path);
    }
    for (const args of [[], ['-H', 'content-length:']]) {
      const { stdout } = await run('curl', [
        '-sS',
        '--http2-prior-knowledge',
        '-m',
        '30',
        ...args,
        '--data-binary',
        `@${file}`,
        `${base}/sum`,
      ]);
      assert.equal(stdout, whole);
    }
  });

  test('nghttp gets and sends 10 MB', async () => {
    const { stdout } = await run('nghttp', [`${base}/large`], { maxBuffer: 1 << 25, encoding: 'buffer' });
    assert.ok((stdout as unknown as Buffer).equals(large));
    const sent = await run('nghttp', ['-d', file, `${base}/sum`]);
    assert.equal(sent.stdout, whole);
  });

  test('h2load has every request of many streams answered', async () => {
    const { stdout } = await run('h2load', ['-n', '2000', '-c', '4', '-m', '50', '-w', '14', `${base}/`]);
    assert.match(stdout, /2000 total, 2000 started, 2000 done, 2000 succeeded, 0 failed, 0 errored/);
  });

  test('node:http2 gets and sends 10 MB at once, over small windows', async () => {
    const client = connect(base, { settings: { initialWindowSize: 5_000 } });
    after(() => client.destroy());
    const answers = ['/large', '/chunks', '/sum', '/sum'].map(async (path) => {
      const stream = client.request(
        { ':path': path, ':method': path === '/sum' ? 'POST' : 'GET' },
        { endStream: path !== '/sum' },
      );
      if (path === '/sum') createReadStream(file).pipe(stream);
      const parts: Buffer[] = [];
      for await (const part of stream) parts.push(part as Buffer);
      return Buffer.concat(parts);
    });
    const [first, second, third, fourth] = await within(Promise.all(answers), 'four exchanges', 30_000);
    assert.ok(first!.equals(large) && second!.equals(large));
    assert.deepEqual([third!.toString(), fourth!.toString()], [whole, whole]);
    client.close();
  });
});
