/** A pipeline, a configuration tool and the end of the process, while clients write: real processes. */

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { promisify } from 'node:util';
import { origin } from '../support/origin.ts';
import { freePort } from '../support/ports.ts';
import { start } from '../support/program.ts';
import { until } from '../support/wait.ts';
import { type Api, besideHaproxy, CONFIG, inSluice, SLUICE, withoutHaproxy } from './support/processes.ts';

const CURL = '/usr/bin/curl';
const withCurl = { skip: existsSync(CURL) ? withoutHaproxy.skip : 'curl is not installed' };

/** Builds a pool and sends the traffic there, as a step of a pipeline does it; `$API` and `$PORT` are given. */
const SHIFT = `set -e
curl() { ${CURL} --silent --show-error --fail-with-body --user admin:secret --header 'Content-Type: application/json' "$@"; }
version=$(curl "$API/configuration/version")
id=$(curl --request POST "$API/transactions?version=$version" | sed 's/.*"id":"\\([^"]*\\)".*/\\1/')
curl "$API/configuration/backends?transaction_id=$id" --data '{"name":"green","mode":"http","balance":{"algorithm":"roundrobin"}}'
for n in 1 2 3; do
  curl "$API/configuration/backends/green/servers?transaction_id=$id" \\
    --data "{\\"name\\":\\"g$n\\",\\"address\\":\\"127.0.0.1\\",\\"port\\":$PORT,\\"weight\\":$((n * 10))}"
done
curl --request PUT "$API/configuration/frontends/web?transaction_id=$id" --data '{"name":"web","default_backend":"green"}'
curl "$API/transactions/$id/diff" | grep -q '^+.*default_backend green'
curl --request PUT "$API/transactions/$id?force_reload=true"
`;

suite('in the hands of other programs', () => {
  for (const [name, begin] of [
    ['Sluice', inSluice],
    ['HAProxy', besideHaproxy],
  ] as const)
    test(
      `a pipeline builds a pool with curl in one transaction and shifts the traffic to it: ${name}`,
      withCurl,
      async (t) => {
        const [blue, green] = await Promise.all([
          origin(t, () => ({ body: 'blue' })),
          origin(t, () => ({ body: 'green' })),
        ]);
        const text = CONFIG.replace(/\n {4}server a1.*\n.*\n/, `\n    server a1 127.0.0.1:${blue.port}\n`);
        const { run, port }: Api = await begin(t, text);
        const get = async () =>
          (await fetch(`http://127.0.0.1:${run.port('web')}/`, { headers: { connection: 'close' } })).text();
        assert.equal(await get(), 'blue');
        const env = { ...process.env, API: `http://127.0.0.1:${port}/v3/services/haproxy`, PORT: String(green.port) };
        await promisify(execFile)('/bin/sh', ['-c', SHIFT], { env });
        await until('the new pool answers', async () => (await get()) === 'green');
        assert.match(
          readFileSync(run.file, 'utf8'),
          /default_backend green\n[\s\S]*server g3 127\.0\.0\.1:\d+ weight 30\n/,
        );
      },
    );

  for (const [name, begin, options] of [
    ['Sluice', inSluice, {}],
    ['HAProxy', besideHaproxy, withoutHaproxy],
  ] as const)
    test(`a tool and two clients that write at once lose nothing that was taken: ${name}`, options, async (t) => {
      const { run, ask }: Api = await begin(t);
      const outside: string[] = [];
      let over = false;
      const puppet = (async () => {
        for (let i = 0; i < 20; i++) {
          const text = readFileSync(run.file, 'utf8');
          outside.push(`# outside ${i}`);
          writeFileSync(`${run.file}.tool`, text.replace('\nbackend app\n', `\n${outside.at(-1)}\nbackend app\n`));
          renameSync(`${run.file}.tool`, run.file);
          await new Promise((resolve) => setTimeout(resolve, 60));
        }
        over = true;
      })();
      const seen = new Set<number>();
      /** Writes until the tool is done, and once more: the last that it was told to be written. */
      const client = async (server: string) => {
        const path = `configuration/backends/app/servers/${server}`;
        let last = 0;
        for (let weight = 1, isLast = false; !isLast || last !== weight - 1; weight++) {
          isLast ||= over;
          const [, version] = await ask('GET', 'configuration/version');
          const body = { name: server, address: '127.0.0.1', port: run.port(server), weight: (weight % 200) + 1 };
          const [status, answer] = await ask('PUT', `${path}?version=${version}`, body);
          seen.add(status);
          if (status === 200 || status === 202) last = weight;
          else assert.match(answer.message, /changed meanwhile|version mismatch/);
        }
        return (last % 200) + 1;
      };
      const [a1, a2] = await Promise.all([client('a1'), client('a2')]);
      await puppet;
      const text = readFileSync(run.file, 'utf8');
      assert.deepEqual(
        outside.filter((line) => !text.includes(`${line}\n`)),
        [],
      );
      assert.ok(seen.has(200), [...seen].join());
      for (const [server, weight] of [
        ['a1', a1],
        ['a2', a2],
      ] as const) {
        assert.equal((await ask('GET', `configuration/backends/app/servers/${server}`))[1].weight, weight);
        assert.match(text, new RegExp(`server ${server} \\S+ +weight ${weight}( #.*)?\\n`));
        // It is in force, too.
        await until(`the weight of ${server}`, async () => {
          const row = (await run.serversState()).find(({ srv_name }) => srv_name === server);
          return row?.['srv_uweight'] === String(weight);
        });
      }
    });

  test('a kill in the middle of transactions over a map and the configuration leaves both as they were, or both new', async (t) => {
    const port = await freePort();
    const run = await start(t, CONFIG, { program: SLUICE, args: ['--api', `127.0.0.1:${port}`] });
    const map = join(run.dir, 'maps/m.map');
    mkdirSync(join(run.dir, 'maps'));
    writeFileSync(map, 'k 10\n');
    const api = `http://127.0.0.1:${port}/v3/services/haproxy`;
    const ask = async (method: string, path: string, body?: string, type = 'application/json') => {
      const headers = {
        authorization: `Basic ${btoa('admin:secret')}`,
        ...(body === undefined ? {} : { 'content-type': type }),
      };
      const answer = await fetch(`${api}/${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
      return { status: answer.status, text: await answer.text() };
    };
    await until('the API', async () => (await ask('GET', 'configuration/version').catch(() => null))?.status === 200);
    const writing = (async () => {
      for (let n = 11; ; n++) {
        const { id } = JSON.parse((await ask('POST', `transactions?version=${n - 10}`)).text) as { id: string };
        const server = { name: 'a1', address: '127.0.0.1', port: run.port('a1'), weight: n };
        await ask('PUT', `configuration/backends/app/servers/a1?transaction_id=${id}`, JSON.stringify(server));
        await ask('PUT', `storage/maps/m.map?transaction_id=${id}`, `k ${n}\n`, 'text/plain');
        assert.equal((await ask('PUT', `transactions/${id}`)).status, 200);
      }
    })().catch(() => {});
    await until('some commits', async () => /_version=[4-9]/.test(readFileSync(run.file, 'utf8')));
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
    process.kill(run.pid, 'SIGKILL');
    await run.stop();
    await writing;
    const again = spawn(SLUICE, ['-f', run.file, '-db', '--api', `127.0.0.1:${port}`], { stdio: 'inherit' });
    t.after(async () => {
      const ended = once(again, 'exit');
      again.kill();
      await ended;
    });
    await until(
      'the API again',
      async () => (await ask('GET', 'configuration/version').catch(() => null))?.status === 200,
    );
    const left = readFileSync(run.file, 'utf8');
    assert.match(left, /^# _version=\d+\n# Ours\.[\s\S]*server a2 \S+ weight 10\n$/);
    const weight = /server a1 \S+ +weight (\d+)/.exec(left)![1];
    assert.equal(readFileSync(map, 'utf8'), `k ${weight}\n`);
  });
});
