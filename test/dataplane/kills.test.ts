/** The service beside a real HAProxy is killed in the middle of what it does, many times. */

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/wait.ts';
import { type BesideApi, besideHaproxy, CONFIG, withoutHaproxy } from './support/processes.ts';

const KILLS = 4;
const EXTRA = '\nbackend extra\n';

/** The file of a version: of every four edits two change a weight, one adds a backend, one removes it. */
function expected(original: string, version: number): string {
  const weight = version < 2 ? 10 : weightAt(version % 2 === 0 ? version : version - 1);
  const text = original.replace('weight 10 # first', `weight ${weight} # first`);
  // Version 3 has the backend, 5 has not.
  return `# _version=${version}\n${text}${version >= 3 && version % 4 !== 1 && version % 4 !== 2 ? EXTRA : ''}`;
}

const weightAt = (version: number) => 1 + (version % 200);

/** Makes the edit that leads from a version to the next. */
async function step({ ask, run }: BesideApi, version: number): Promise<void> {
  const next = version + 1;
  if (next % 2 === 0) {
    const body = { name: 'a1', address: '127.0.0.1', port: run.port('a1'), weight: weightAt(next) };
    await ask('PUT', `configuration/backends/app/servers/a1?version=${version}`, body);
  } else if (next % 4 === 3) await ask('POST', `configuration/backends?version=${version}`, { name: 'extra' });
  else await ask('DELETE', `configuration/backends/extra?version=${version}`);
}

/** What the process runs on: the weight of a server, and whether a backend is there. */
async function inProcess({ run }: BesideApi): Promise<readonly [string | undefined, boolean]> {
  const rows = await run.serversState();
  const weight = rows.find((row) => row['srv_name'] === 'a1')?.['srv_uweight'];
  const backends = (await run.cli('show backend')).split('\n');
  return [weight, backends.includes('extra')];
}

function inFile({ run }: BesideApi): readonly [string | undefined, boolean] {
  const text = readFileSync(run.file, 'utf8');
  return [/server a1 \S+\s+weight (\d+)/.exec(text)?.[1], text.includes(EXTRA)];
}

test(
  'a service that is killed leaves the old file or the new one, and makes good at its start what was not in force',
  withoutHaproxy,
  async (t) => {
    const api = await besideHaproxy(t);
    const original = readFileSync(api.run.file, 'utf8');
    for (let kill = 0; kill < KILLS; kill++) {
      const [, begin] = await api.ask('GET', 'configuration/version');
      const writing = (async () => {
        for (let version: number = begin; ; version++) await step(api, version);
      })().catch(() => {});
      // Commits take some ten ms, on a busy machine some hundred; those with a reload wait for it a second.
      await sleep(150 + ((kill * 397) % 1100));
      await api.kill();
      await writing;
      const left = readFileSync(api.run.file, 'utf8');
      const version = Number(/^# _version=(\d+)\n/.exec(left)?.[1] ?? 1);
      assert.equal(left.trimEnd(), (version === 1 ? original : expected(original, version)).trimEnd());
      await api.restart();
      assert.equal((await api.ask('GET', 'configuration/version'))[1], version);
      await until('file and process agree', async () => {
        const [weight, extra] = await inProcess(api).catch(() => ['', false]);
        const [wanted, there] = inFile(api);
        return weight === wanted && extra === there;
      });
    }
  },
);

test('a map that was written when the service was killed is loaded at its next start', withoutHaproxy, async (t) => {
  const config = CONFIG.replace(
    '    default_backend app\n',
    '    use_backend %[path,map({dir}/paths.map)]\n    default_backend app\n',
  );
  const api = await besideHaproxy(t, config, { files: { 'paths.map': '/a app\n' } });
  const [, version] = await api.ask('GET', 'configuration/version');
  await api.kill();
  // As it stands when the kill comes between the file and the process.
  const map = join(api.run.dir, 'paths.map');
  writeFileSync(map, '/a other\n');
  const folder = join(api.run.dir, 'transactions');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { Unloaded } = await import('../../src/dataplane/store/unloaded.ts');
  const requester = { user: 'admin', from: '127.0.0.1', title: 'PUT storage/maps' };
  void new Unloaded(folder, api.run.file).during(
    requester,
    null,
    () => new Promise<{ readonly reload: null }>(() => {}),
  );
  await api.restart();
  await until('the map is loaded', async () => / \/a other$/m.test(await api.run.cli(`show map ${map}`)));
  assert.equal((await api.ask('GET', 'configuration/version'))[1], version);
  await until('the reload is over', async () => (await api.ask('GET', 'reloads'))[1][0]?.status === 'succeeded');
  // It is done once.
  await api.kill();
  await api.restart();
  assert.deepEqual((await api.ask('GET', 'reloads'))[1], []);
});
