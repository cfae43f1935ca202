/** The service on a file of its own, with a load balancer that takes all that it is given. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Change } from '../../../src/change/change.ts';
import { planChanges } from '../../../src/config/diff/plan-changes.ts';
import type { Balancer, ConfigurationProblem, Made, PutInForce } from '../../../src/dataplane/balancer/balancer.ts';
import type { DiscoveryOptions } from '../../../src/dataplane/discovery/discovery.ts';
import { makeApp } from '../../../src/dataplane/service/app.ts';
import { makeService, type Service } from '../../../src/dataplane/service/service.ts';
import { parseSettings } from '../../../src/dataplane/service/settings.ts';
import type { Target } from '../../../src/ops/target.ts';
import type { Scope } from '../../support/wait.ts';

export interface FakeBalancer extends Balancer {
  /** What it has been asked to do. */
  readonly changes: Change[];
  reloads: number;
  /** How it behaves next. */
  put: PutInForce;
  reloaded: Made;
  /** What the policy says against all that is asked. */
  denied: string | null;
  /** What becomes of Changes. */
  made: Made;
  problems: ConfigurationProblem[];
  answers: Record<string, string>;
}

export function fakeBalancer(): FakeBalancer {
  const fake: FakeBalancer = {
    product: 'haproxy',
    outlives: true,
    changes: [],
    reloads: 0,
    put: { outcome: 'live' },
    reloaded: { ok: true, text: '' },
    made: { ok: true, text: '' },
    problems: [],
    answers: {},
    denied: null,
    check: async () => fake.problems,
    permits: async () => fake.denied,
    permitsEdit: async () => fake.denied,
    putInForce: async () => fake.put,
    async reload() {
      fake.reloads++;
      return fake.reloaded;
    },
    async change(changes) {
      fake.changes.push(...changes);
      return fake.made;
    },
    ask: async (words) => fake.answers[words.join(' ')] ?? '',
    async *stream(words) {
      yield fake.answers[words.join(' ')] ?? '';
    },
    plan: (before, after) => planChanges(before, after, { on: 'haproxy' }),
    // Nothing is asked of it but what a policy says, and there is none.
    target: async () => ({ permit: async () => ({ ok: true, text: '', outcomes: [] }) }) as unknown as Target,
    leased: () => {},
    close: async () => {},
  };
  return fake;
}

export interface TestService {
  readonly app: FastifyInstance;
  readonly service: Service;
  readonly balancer: FakeBalancer;
  readonly folder: string;
  text(): string;
  write(text: string): void;
  /** A request by a user who may; `as: null` without a login. */
  ask(method: string, path: string, options?: AskOptions): Promise<Asked>;
}

export interface AskOptions {
  readonly body?: unknown;
  readonly type?: string;
  readonly headers?: Record<string, string>;
  readonly as?: readonly [string, string] | null;
}

export interface Asked {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers are compared with what is expected, whatever their form.
  readonly json: any;
  readonly text: string;
  readonly headers: Record<string, string>;
}

export async function startService(
  scope: Scope,
  config: string,
  settings = '',
  pace?: DiscoveryOptions['pace'],
): Promise<TestService> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-dataplane-'));
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, config);
  const yaml = `
dataplaneapi:
  user: [{ name: admin, password: secret, insecure: true }]
  transaction: { transaction_dir: ${join(folder, 'transactions')}, max_open_transactions: 3, backups_number: 2 }
  resources:
    spoe_transaction_dir: ${join(folder, 'spoe-transactions')}
    maps_dir: ${join(folder, 'maps')}
    ssl_certs_dir: ${join(folder, 'ssl')}
    general_storage_dir: ${join(folder, 'general')}
haproxy:
  config_file: ${file}
  reload: { reload_delay: 1 }
${settings}`;
  const balancer = fakeBalancer();
  const service = await makeService(parseSettings(yaml, 'test.yaml').settings, balancer, pace);
  const app = makeApp(service);
  await app.ready();
  scope.after(async () => {
    await app.close();
    await service.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    app,
    service,
    balancer,
    folder,
    text: () => readFileSync(file, 'utf8'),
    write: (text) => writeFileSync(file, text),
    async ask(method, path, { body, type = 'application/json', headers = {}, as = ['admin', 'secret'] } = {}) {
      const login = as === null ? {} : { authorization: `Basic ${Buffer.from(as.join(':')).toString('base64')}` };
      const payload = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
      const answer = await app.inject({
        method: method as 'GET',
        url: path.startsWith('/v') ? path : `/v3/services/haproxy/${path}`,
        headers: { ...login, ...(payload === undefined ? {} : { 'content-type': type }), ...headers },
        ...(payload === undefined ? {} : { payload }),
      });
      const text = answer.payload;
      const json = /json/.test(String(answer.headers['content-type'])) && text !== '' ? JSON.parse(text) : undefined;
      return { status: answer.statusCode, json, text, headers: answer.headers as Record<string, string> };
    },
  };
}
