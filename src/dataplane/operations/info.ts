/** What the service is, whether the load balancer is well, and what the API looks like. */

import { arch, cpus, freemem, hostname, platform, totalmem, uptime } from 'node:os';
import { runProgram } from '../../ops/configuration/run-program.ts';
import { RELEASE_DATE, SLUICE_VERSION } from '../../util/version.ts';
import { SECTIONS } from '../kinds/sections.ts';
import type { Service } from '../service/service.ts';
import type { Call, Operation, Reply } from './operation.ts';

async function infoV2({ service }: Call): Promise<Reply> {
  return { status: 200, body: info(service, 'v2') };
}

function get(path: string, summary: string, run: Operation['run']): Operation {
  return { method: 'GET', path, group: 'info', summary, query: [], body: null, success: [200], answer: 'json', run };
}

async function specification(): Promise<Reply> {
  const { openApi } = await import('../schema/openapi.ts');
  return { status: 200, body: openApi() };
}

/** Version of the API; clients take the leading number. */
const API_VERSION = '3.4.0';

function info({ settings, balancer }: Service, version: 'v2' | 'v3') {
  const api = {
    version: `${version}${API_VERSION.slice(1)}-sluice${SLUICE_VERSION}`,
    build_date: RELEASE_DATE,
    product: balancer.product,
  };
  if (!settings.showSystemInfo) return { api };
  const time = Math.floor(Date.now() / 1000);
  const system = {
    hostname: hostname(),
    os_string: `${platform()} ${arch()}`,
    time,
    uptime: Math.floor(uptime()),
    cpu_info: { model: cpus()[0]?.model ?? '', num_cpus: cpus().length },
    mem_info: { free_memory: freemem(), total_memory: totalmem(), dataplaneapi_memory: process.memoryUsage().rss },
  };
  return { api, system };
}

/** By the command that was set, else by whether it answers. */
async function health({ settings, balancer }: Service): Promise<'up' | 'down'> {
  const { status } = settings.haproxy;
  const asked = status === null ? balancer.ask(['show', 'info']) : runProgram(status, AbortSignal.timeout(10_000));
  return asked.then(
    () => 'up' as const,
    () => 'down' as const,
  );
}

/** Lists of what is below a path. */
function discovery(): Operation[] {
  const children: Readonly<Record<string, readonly string[]>> = {
    '/': ['health', 'info', 'services', 'specification'],
    '/services': ['haproxy'],
    '/services/haproxy': ['configuration', 'reloads', 'runtime', 'sites', 'spoe', 'stats', 'storage', 'transactions'],
    '/services/haproxy/configuration': [...SECTIONS.map(({ path }) => path), 'raw', 'version'],
    '/services/haproxy/runtime': [
      'acls',
      'acme',
      'backends',
      'info',
      'maps',
      'ssl_ca_files',
      'ssl_certs',
      'ssl_crl_files',
      'ssl_crt_lists',
      'stick_tables',
    ],
    '/services/haproxy/stats': ['native'],
    '/services/haproxy/storage': ['general', 'maps', 'ssl_certificates', 'ssl_crt_lists'],
  };
  return Object.entries(children).map(([path, names]) =>
    get(path, 'lists what is below it', async () => ({
      status: 200,
      body: names.map((title) => ({ title, url: `/v3${path === '/' ? '' : path}/${title}` })),
    })),
  );
}

export const INFO_OPERATIONS: readonly Operation[] = [
  get('/info', 'tells what the service is', async ({ service }) => ({ status: 200, body: info(service, 'v3') })),
  get('/health', 'tells whether the load balancer is up', async ({ service }) => ({
    status: 200,
    body: { haproxy: await health(service) },
  })),
  get('/specification', 'gives the description of the API (OpenAPI 3.1)', specification),
  get('/specification_openapiv3', 'gives the description of the API (OpenAPI 3.1)', specification),
  ...discovery(),
  get('/v2/info', 'tells what the service is, to clients that ask which version they speak to', infoV2),
];
