/** The service in Sluice, and beside the installed HAProxy: real processes. */

import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../support/ports.ts';
import { type Run, start } from '../../support/program.ts';
import { type Scope, until } from '../../support/wait.ts';

export const SLUICE = join(import.meta.dirname, '../../../bin/sluice');
export const HAPROXY = '/usr/sbin/haproxy';
export const withoutHaproxy = { skip: existsSync(HAPROXY) ? false : 'HAProxy is not installed' };

export const CONFIG = `# Ours.
global
    stats socket {sock:admin} mode 600 level admin

userlist controller
    user admin insecure-password secret

defaults
    mode http
    timeout connect 1s
    timeout client  10s   # clients
    timeout server  10s

frontend web
    bind 127.0.0.1:{port:web}
    default_backend app

backend app
    balance roundrobin
    # rack 1
    server a1 127.0.0.1:{port:a1}   weight 10 # first
    server a2 127.0.0.1:{port:a2} weight 10
`;

export interface Api {
  readonly port: number;
  readonly run: Run;
  /** Resolves to the status and the answer. */
  // biome-ignore lint/suspicious/noExplicitAny: answers are compared with what is expected, whatever their form.
  ask(method: string, path: string, body?: unknown): Promise<readonly [number, any, Headers]>;
  /** Sends a file as a form does. */
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  upload(method: string, path: string, name: string, content: string): Promise<readonly [number, any]>;
}

function client(port: number): Pick<Api, 'ask' | 'upload'> {
  const send = async (
    method: string,
    path: string,
    body: string | FormData | null,
    type: Record<string, string> = {},
  ) => {
    const answer = await fetch(`http://127.0.0.1:${port}/v3/services/haproxy/${path}`, {
      method,
      headers: { authorization: `Basic ${btoa('admin:secret')}`, ...type },
      body,
    });
    const text = await answer.text();
    return [answer.status, text === '' ? undefined : JSON.parse(text), answer.headers] as const;
  };
  return {
    ask: (method, path, body) =>
      body === undefined
        ? send(method, path, null)
        : send(method, path, JSON.stringify(body), { 'content-type': 'application/json' }),
    async upload(method, path, name, content) {
      const form = new FormData();
      form.append('file_upload', new Blob([content]), name);
      const [status, answer] = await send(method, path, form);
      return [status, answer];
    },
  };
}

export interface ApiOptions {
  /** Other files in the folder of the run. */
  readonly files?: Record<string, string>;
  /** Which of them are of the configuration as well, after the first one. */
  readonly more?: readonly string[];
  /** The text of a policy file. */
  readonly policy?: string;
}

/** Sluice with its API. */
export async function inSluice(scope: Scope, config = CONFIG, { files = {}, policy }: ApiOptions = {}): Promise<Api> {
  const port = await freePort();
  const policed = policy === undefined ? [] : ['--policy', '{dir}/policy.yaml'];
  const run = await start(scope, config, {
    program: SLUICE,
    args: ['--api', `127.0.0.1:${port}`, ...policed],
    files: { ...files, ...policyFile(policy) },
  });
  const { ask, upload } = client(port);
  await until('the API', async () => (await ask('GET', 'configuration/version').catch(() => [0]))[0] === 200);
  return { port, run, ask, upload };
}

/** `sluice api`, which can be killed (`kill -9`) and started again. */
export interface BesideApi extends Api {
  kill(): Promise<void>;
  restart(): Promise<void>;
}

/** The installed HAProxy with `sluice api` beside it. */
export async function besideHaproxy(
  scope: Scope,
  config = CONFIG,
  { files = {}, more = [], policy }: ApiOptions = {},
): Promise<BesideApi> {
  const run = await start(scope, config, {
    program: HAPROXY,
    argv: ['-W', '-db', '-f', '{config}', ...more.flatMap((name) => ['-f', `{dir}/${name}`])],
    files: { ...files, ...policyFile(policy) },
  });
  const port = await freePort();
  const settings = join(run.dir, 'sluice-api.yaml');
  const yaml = `
dataplaneapi:
  port: ${port}
  transaction: { transaction_dir: ${run.dir}/transactions }
  resources: { dataplane_storage_dir: ${run.dir}/own, spoe_transaction_dir: ${run.dir}/spoe-transactions }
haproxy:
  config_file: [${[run.file, ...more.map((name) => join(run.dir, name))].join(', ')}]
  haproxy_bin: ${HAPROXY}
  reload: { reload_delay: 1 }
`;
  writeFileSync(settings, yaml);
  const { ask, upload } = client(port);
  const launch = async () => {
    const service = spawn(SLUICE, ['api', '-f', settings, '--state-dir', join(run.dir, 'state')], {
      stdio: 'inherit',
      env: { ...process.env, ...(policy === undefined ? {} : { SLUICE_POLICY: join(run.dir, 'policy.yaml') }) },
    });
    await until('the API', async () => (await ask('GET', 'configuration/version').catch(() => [0]))[0] === 200);
    return service;
  };
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    const ended = new Promise((resolve) => service.once('exit', resolve));
    if (service.kill(signal)) await ended;
  };
  let service = await launch();
  scope.after(() => end('SIGTERM'));
  return {
    ...{ port, run, ask, upload },
    kill: () => end('SIGKILL'),
    async restart() {
      service = await launch();
    },
  };
}

function policyFile(policy: string | undefined): Record<string, string> {
  return policy === undefined ? {} : { 'policy.yaml': policy };
}
