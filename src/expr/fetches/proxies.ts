/** Facts about proxies and servers (HAProxy manual, section 7.3.2). */

import type { Arg } from '../args.ts';
import type { CompileEnv, FetchRow, Source, Unresolved } from '../row.ts';
import type { Evaluate } from '../sample.ts';
import type { ExprContext, ProxyFacts, SampleValue, ServerFacts } from '../types.ts';

/** Compiles a fetch about a backend, given by name or, when empty, the one that the expression stands in. */
function ofBackend(read: (backend: ProxyFacts) => SampleValue | undefined) {
  return ([arg]: readonly Arg[], env: CompileEnv): Evaluate | Unresolved => {
    const name = (arg as string | undefined) || env.proxy || '';
    if (env.hasProxy !== undefined && !env.hasProxy(name, 'backend')) {
      if (env.hasProxy(name, 'frontend')) return noSide(name, 'backend');
      return { unresolved: [`unable to find backend '${name}' referenced in`, ''] };
    }
    return (ctx) => {
      const backend = findBackend(ctx, name);
      return backend === null ? undefined : read(backend);
    };
  };
}

function noSide(name: string, side: 'frontend' | 'backend'): Unresolved {
  return { unresolved: [`proxy '${name}', referenced in`, `, has not ${side} capability`] };
}

/** The backend of a stream: its frontend until one is chosen. */
const backendOf = (ctx: ExprContext): ProxyFacts | null => ctx.backend ?? (ctx.unread === true ? null : ctx.frontend);

/** Compiles a fetch about a frontend; see `ofBackend`. */
function ofFrontend(read: (frontend: ProxyFacts) => SampleValue) {
  return ([arg]: readonly Arg[], env: CompileEnv): Evaluate | Unresolved => {
    const name = (arg as string | undefined) || env.proxy || '';
    if (env.hasProxy !== undefined && !env.hasProxy(name, 'frontend')) {
      if (env.hasProxy(name, 'backend')) return noSide(name, 'frontend');
      return { unresolved: [`unable to find frontend '${name}' referenced in`, ''] };
    }
    return (ctx) => {
      const frontend = ctx.frontend.name === name ? ctx.frontend : ctx.findFrontend(name);
      return frontend === null ? undefined : read(frontend);
    };
  };
}

/** Compiles a fetch about a server, given as `backend/server` or `server` of the proxy that the expression stands in. */
function ofServer(read: (server: ServerFacts, backend: ProxyFacts) => SampleValue | undefined) {
  return ([arg]: readonly Arg[], env: CompileEnv): Evaluate | Unresolved => {
    const given = (arg as string | undefined) ?? '';
    if (given === '') return { unresolved: ['missing server name in', ''] };
    const slash = given.indexOf('/');
    const backendName = slash === -1 ? (env.proxy ?? '') : given.slice(0, slash);
    const name = given.slice(slash + 1);
    if (env.hasProxy !== undefined && !env.hasProxy(backendName, 'backend')) {
      return { unresolved: [`unable to find proxy '${backendName}' referenced in`, ''] };
    }
    if (env.hasServer !== undefined && !env.hasServer(backendName, name)) {
      return { unresolved: [`unable to find server '${name}' in proxy '${backendName}', referenced in`, ''] };
    }
    return (ctx) => {
      const backend = findBackend(ctx, backendName);
      const server = backend === null ? null : findServer(backend, name);
      return server === null ? undefined : read(server, backend!);
    };
  };
}

function findBackend(ctx: ExprContext, name: string): ProxyFacts | null {
  const own = ctx.backend;
  return own !== null && own.name === name ? own : ctx.findBackend(name);
}

/** Server of a backend by name, or null. */
export function findServer(backend: ProxyFacts, name: string): ServerFacts | null {
  const { servers } = backend;
  for (let i = 0; i < servers.length; i++) if (servers[i]!.name === name) return servers[i]!;
  return null;
}

/** A timeout in ms; 0 when it is infinite. */
const timeoutRow = (name: string, source: Source, read: (ctx: ExprContext) => number | undefined): FetchRow => ({
  name,
  args: '',
  type: 'sint',
  source,
  compile: () => read,
});

/** Connections that the servers in use may still get; -1 without a limit, none when the limits are not known. */
function freeConnections(backend: ProxyFacts): number | undefined {
  let free = 0;
  for (const server of backend.servers) {
    if (!server.usable) continue;
    const left = freeOf(server);
    if (left === undefined || left < 0) return left;
    free += left;
  }
  return free;
}

function freeOf(server: ServerFacts): number | undefined {
  if (server.maxconn === undefined) return undefined;
  return server.maxconn === 0 ? -1 : Math.max(0, server.maxconn - server.connections());
}

/** Connections and places in queues that the servers in use still have; -1 without a limit. */
function connectionSlots(backend: ProxyFacts): number | undefined {
  let slots = 0;
  for (const server of backend.servers) {
    if (!server.usable) continue;
    const { maxconn, maxqueue } = server;
    if (maxconn === undefined || maxqueue === undefined) return undefined;
    if (maxconn === 0 || maxqueue === 0) return -1;
    slots += maxconn - server.connections() + (maxqueue - server.queued());
  }
  return slots;
}

export const proxyFetches: readonly FetchRow[] = [
  {
    name: 'nbsrv',
    args: 'backend',
    type: 'sint',
    source: 'internal',
    compile: ofBackend((backend) => backend.usableServers()),
  },
  {
    name: 'be_conn',
    args: 'backend',
    type: 'sint',
    source: 'internal',
    compile: ofBackend((backend) => backend.connections('backend')),
  },
  {
    name: 'be_sess_rate',
    args: 'backend',
    type: 'sint',
    source: 'internal',
    compile: ofBackend((backend) => backend.sessionRate('backend')),
  },
  {
    name: 'queue',
    args: 'backend',
    type: 'sint',
    source: 'internal',
    compile: ofBackend((backend) => backend.queued()),
  },
  {
    name: 'avg_queue',
    args: 'backend',
    type: 'sint',
    source: 'internal',
    compile: ofBackend((backend) => {
      const servers = backend.usableServers();
      return servers > 0 ? Math.ceil(backend.queued() / servers) : backend.queued() * 2;
    }),
  },
  {
    name: 'fe_conn',
    args: 'frontend',
    type: 'sint',
    source: 'internal',
    compile: ofFrontend((frontend) => frontend.connections('frontend')),
  },
  {
    name: 'fe_req_rate',
    args: 'frontend',
    type: 'sint',
    source: 'internal',
    compile: ofFrontend((frontend) => frontend.requestRate()),
  },
  {
    name: 'fe_sess_rate',
    args: 'frontend',
    type: 'sint',
    source: 'internal',
    compile: ofFrontend((frontend) => frontend.sessionRate('frontend')),
  },
  {
    name: 'srv_is_up',
    args: 'server',
    type: 'bool',
    source: 'internal',
    compile: ofServer((server) => server.usable),
  },
  {
    name: 'srv_conn',
    args: 'server',
    type: 'sint',
    source: 'internal',
    compile: ofServer((server) => server.connections()),
  },
  {
    name: 'srv_queue',
    args: 'server',
    type: 'sint',
    source: 'internal',
    compile: ofServer((server) => server.queued()),
  },
  {
    name: 'srv_sess_rate',
    args: 'server',
    type: 'sint',
    source: 'internal',
    compile: ofServer((server) => server.sessionRate()),
  },
  {
    name: 'be_conn_free',
    args: 'backend',
    type: 'sint',
    source: 'internal',
    compile: ofBackend(freeConnections),
  },
  { name: 'connslots', args: 'backend', type: 'sint', source: 'internal', compile: ofBackend(connectionSlots) },
  { name: 'srv_conn_free', args: 'server', type: 'sint', source: 'internal', compile: ofServer(freeOf) },
  {
    name: 'srv_weight',
    args: 'server',
    type: 'sint',
    source: 'internal',
    compile: ofServer((server) => Math.ceil(server.weight / 16)),
  },
  {
    name: 'srv_iweight',
    args: 'server',
    type: 'sint',
    source: 'internal',
    compile: ofServer((server) => server.initialWeight),
  },
  {
    name: 'srv_uweight',
    args: 'server',
    type: 'sint',
    source: 'internal',
    compile: ofServer((server) => server.userWeight),
  },
  { name: 'fe_id', args: '', type: 'sint', source: 'frontend', compile: () => (ctx) => ctx.frontend.id },
  { name: 'fe_name', args: '', type: 'str', source: 'frontend', compile: () => (ctx) => ctx.frontend.name },
  { name: 'be_id', args: '', type: 'sint', source: 'backend', compile: () => (ctx) => backendOf(ctx)?.id },
  { name: 'be_name', args: '', type: 'str', source: 'backend', compile: () => (ctx) => backendOf(ctx)?.name },
  { name: 'srv_id', args: '', type: 'sint', source: 'server', compile: () => (ctx) => ctx.server?.id },
  { name: 'srv_name', args: '', type: 'str', source: 'server', compile: () => (ctx) => ctx.server?.name },
  {
    name: 'fe_defbe',
    args: '',
    type: 'str',
    source: 'frontend',
    compile: () => (ctx) => ctx.frontend.defaultBackend ?? undefined,
  },
  timeoutRow('fe_client_timeout', 'frontend', (ctx) => ctx.frontend.timeouts?.client),
  timeoutRow('fe_tarpit_timeout', 'frontend', (ctx) => ctx.frontend.timeouts?.tarpit),
  timeoutRow('be_connect_timeout', 'backend', (ctx) => backendOf(ctx)?.timeouts?.connect),
  timeoutRow('be_queue_timeout', 'backend', (ctx) => backendOf(ctx)?.timeouts?.queue),
  timeoutRow('be_server_timeout', 'backend', (ctx) => backendOf(ctx)?.timeouts?.server),
  timeoutRow('be_tarpit_timeout', 'backend', (ctx) => backendOf(ctx)?.timeouts?.tarpit),
  timeoutRow('be_tunnel_timeout', 'backend', (ctx) => backendOf(ctx)?.timeouts?.tunnel),
  timeoutRow('cur_client_timeout', 'frontend', (ctx) => ctx.timeouts?.client ?? ctx.frontend.timeouts?.client),
  timeoutRow('cur_connect_timeout', 'backend', (ctx) => ctx.timeouts?.connect ?? ctx.backend?.timeouts?.connect),
  timeoutRow('cur_queue_timeout', 'backend', (ctx) => ctx.timeouts?.queue ?? ctx.backend?.timeouts?.queue),
  timeoutRow('cur_server_timeout', 'backend', (ctx) => ctx.timeouts?.server ?? ctx.backend?.timeouts?.server),
  timeoutRow('cur_tarpit_timeout', 'anywhere', (ctx) => ctx.timeouts?.tarpit ?? ctx.frontend.timeouts?.tarpit),
  timeoutRow('cur_tunnel_timeout', 'backend', (ctx) => ctx.timeouts?.tunnel ?? ctx.backend?.timeouts?.tunnel),
];
