/** The clients as users of the package have it: packed, installed into a folder of its own, compiled against, run. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { buildPackage } from '../../scripts/build.ts';
import { start } from '../support/program.ts';

const config = `
global
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s
listen app
    bind {addr:app}
    server app1 127.0.0.1:1 weight 10
`;

const program = `
import { connect, NotFoundError, type RuntimeClient, type StatRow } from 'sluice/runtime';

const client: RuntimeClient = await connect(process.argv[2]!, { timeout: 5000 });
await client.setServerState('app/app1', 'drain');
const rows: StatRow[] = await client.showStat({ proxy: 'app' });
const row = rows.find(({ svname }) => svname === 'app1')!;
const weight: number | null = row.weight;
const refused: boolean = await client.getServerWeight('app/nope').then(() => false, (error: unknown) => error instanceof NotFoundError);
for (const { srv_name, srv_admin_state } of await client.showServersState())
  console.log(srv_name, srv_admin_state, weight, refused, client.product);
client.close();
`;

const dataPlaneProgram = `
import { type Backend, DataPlane, NoAnswerError, type Server } from 'sluice/dataplane';

const api = new DataPlane('http://127.0.0.1:1', { timeout: 1000 });
const servers = (name: string): Promise<readonly Server[]> =>
  api.get('/services/haproxy/configuration/backends/{parent_name}/servers', { path: { parent_name: name } });
const blue: Backend = { name: 'blue', balance: { algorithm: 'leastconn' } };
const error: unknown = await servers(blue.name).catch((problem: unknown) => problem);
console.log(error instanceof NoAnswerError && error.code);
`;

test('sluice/runtime and sluice/dataplane have types and run in a program that installed the package', async (t) => {
  const root = join(import.meta.dirname, '../..');
  process.chdir(root);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-library-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  await buildPackage(join(folder, 'package'));
  const bin = dirname(process.execPath);
  const run = (command: string, args: string[], cwd: string) =>
    execFileSync(command, args, {
      cwd,
      encoding: 'utf8',
      env: { ...process.env, PATH: `${bin}:${process.env['PATH']}` },
    });
  const archive = run('npm', ['pack', '--silent', '--pack-destination', folder], join(folder, 'package')).trim();
  const user = join(folder, 'user');
  mkdirSync(user);
  writeFileSync(join(user, 'package.json'), '{ "name": "user", "private": true, "type": "module" }');
  run('npm', ['install', '--silent', '--offline', '--no-audit', '--no-fund', join(folder, archive)], user);
  for (const name of ['@types', 'undici-types'])
    symlinkSync(join(root, 'node_modules', name), join(user, 'node_modules', name));
  writeFileSync(join(user, 'program.ts'), program);
  writeFileSync(join(user, 'dataplane.ts'), dataPlaneProgram);
  const options = {
    strict: true,
    module: 'nodenext',
    target: 'es2024',
    types: ['node'],
    exactOptionalPropertyTypes: true,
    outDir: 'out',
  };
  writeFileSync(
    join(user, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: options, files: ['program.ts', 'dataplane.ts'] }),
  );
  run(join(root, 'node_modules/.bin/tsc'), ['-p', '.'], user);
  assert.equal(run(process.execPath, ['out/dataplane.js'], user), 'ECONNREFUSED\n');
  const { sock } = await start(t, config);
  assert.equal(run(process.execPath, ['out/program.js', sock('admin')], user), 'app1 8 10 true sluice\n');
});
