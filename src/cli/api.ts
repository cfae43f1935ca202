/** `sluice api`: the Data Plane API beside a running HAProxy or Sluice. */

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { remoteBalancer } from '../dataplane/balancer/remote.ts';
import { managedSocket } from '../dataplane/balancer/socket.ts';
import { readSettings, type Settings, SettingsError } from '../dataplane/service/settings.ts';
import { startApi } from '../dataplane/start.ts';
import { runnerStateDir } from '../ops/targets/open-haproxy.ts';
import { runnerGate } from '../ops/targets/runner-gate.ts';
import { shown } from '../util/shown.ts';
import { usageOf } from './sub-commands.ts';
import { UsageError } from './usage-error.ts';

const USUAL = ['/etc/sluice/sluice-api.yaml', '/etc/haproxy/dataplaneapi.yaml', '/etc/haproxy/dataplaneapi.yml'];

/** Serves until SIGTERM or SIGINT. Resolves to the exit status. */
export async function api(args: readonly string[]): Promise<number> {
  const { file, stateDir } = readOptions(args);
  try {
    const { settings, notes } = readSettings(file);
    for (const note of notes) say(note);
    const { files, socket, program, check, reload, filesBefore, filesAfter } = settings.haproxy;
    const address = socket === null ? await managedSocket(files) : socketAddress(settings, socket);
    const checked = [...filesBefore, ...files, ...filesAfter].flatMap((one) => ['-f', one]);
    const balancer = await remoteBalancer({
      address,
      files,
      check: check === null ? [program, '-c', ...checked] : [...check, ...(check.includes('-f') ? [] : files)],
      reload,
      stateDir,
      gate: await runnerGate(),
      note: say,
    });
    const running = await startApi(settings, balancer);
    for (const problem of running.problems) say(problem);
    say(`listening on ${running.address}, for ${balancer.product} at ${address}`);
    await new Promise((end) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
    });
    await running.close();
    return 0;
  } catch (error) {
    if (error instanceof SettingsError) process.stderr.write(`sluice: ${error.message}\n`);
    else process.stderr.write(`sluice: ${shown((error as Error).message)}\n`);
    return 1;
  }
}

/** A socket of a master is asked for its worker. */
function socketAddress({ haproxy }: Settings, socket: string): string {
  return haproxy.reload === null && /master/.test(socket) && !socket.startsWith('master:')
    ? `master:${socket}`
    : socket;
}

function say(text: string): void {
  process.stdout.write(`${shown(text)}\n`);
}

function readOptions(args: readonly string[]): { readonly file: string; readonly stateDir: string } {
  let file = USUAL.find((path) => existsSync(path));
  let stateDir = runnerStateDir();
  for (let i = 0; i < args.length; i += 2) {
    const value = args[i + 1];
    if (value === undefined) throw new UsageError(usageOf('api'));
    if (args[i] === '-f') file = resolve(value);
    else if (args[i] === '--state-dir') stateDir = resolve(value);
    else throw new UsageError(usageOf('api'));
  }
  if (file === undefined) throw new UsageError(usageOf('api'));
  return { file, stateDir };
}
