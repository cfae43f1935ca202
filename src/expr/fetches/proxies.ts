/** Facts about proxies and servers (HAProxy manual, section 7.3.2). */

import type { Arg } from '../args.ts';
import type { CompileEnv, FetchRow } from '../row.ts';
import type { Evaluate, ExprError } from '../sample.ts';
import type { ExprContext, ProxyFacts, SampleValue, ServerFacts } from '../types.ts';

/** Compiles a fetch about a backend, given by name or, when empty, the one that the expression stands in. */
function ofBackend(read: (backend: ProxyFacts) => SampleValue | undefined) {
  return ([arg]: readonly Arg[], env: CompileEnv): Evaluate | ExprError => {
    const name = (arg as string | undefined) || env.proxy || '';
    if (env.hasProxy !== undefined && !env.hasProxy(name, 'backend')) {
      if (env.hasProxy(name, 'frontend')) return { error: `proxy '${name}' has not backend capability` };
      return { error: `unable to find backend '${name}'` };
    }
    return (ctx) => {
      const backend = findBackend(ctx, name);
      return backend === null ? undefined : read(backend);
    };
  };
}

/** Compiles a fetch about a frontend; see `ofBackend`. */
function ofFrontend(read: (frontend: ProxyFacts) => SampleValue) {
  return ([arg]: readonly Arg[], env: CompileEnv): Evaluate | ExprError => {
    const name = (arg as string | undefined) || env.proxy || '';
    if (env.hasProxy !== undefined && !env.hasProxy(name, 'frontend')) {
      if (env.hasProxy(name, 'backend')) return { error: `proxy '${name}' has not frontend capability` };
      return { error: `unable to find frontend '${name}'` };
    }
    return (ctx) => {
      const frontend = ctx.frontend.name === name ? ctx.frontend : ctx.findFrontend(name);
      return frontend === null ? undefined : read(frontend);
    };
  };
}

/** Compiles a fetch about a server, given as `backend/server` or `server` of the proxy that the expression stands in. */
function ofServer(read: (server: ServerFacts, backend: ProxyFacts) => SampleValue | undefined) {
  return ([arg]: readonly Arg[], env: CompileEnv): Evaluate | ExprError => {
    const given = (arg as string | undefined) ?? '';
    if (given === '') return { error: 'missing server name' };
    const slash = given.indexOf('/');
    const backendName = slash === -1 ? (env.proxy ?? '') : given.slice(0, slash);
    const name = given.slice(slash + 1);
    if (env.hasProxy !== undefined && !env.hasProxy(backendName, 'backend')) {
      return { error: `unable to find proxy '${backendName}'` };
    }
    if (env.hasServer !== undefined && !env.hasServer(backendName, name)) {
      return { error: `unable to find server '${name}' in proxy '${backendName}'` };
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
  { name: 'fe_id', args: '', type: 'sint', source: 'frontend', compile: () => (ctx) => ctx.frontend.id },
  { name: 'fe_name', args: '', type: 'str', source: 'frontend', compile: () => (ctx) => ctx.frontend.name },
  { name: 'be_id', args: '', type: 'sint', source: 'backend', compile: () => (ctx) => ctx.backend?.id },
  { name: 'be_name', args: '', type: 'str', source: 'backend', compile: () => (ctx) => ctx.backend?.name },
  { name: 'srv_id', args: '', type: 'sint', source: 'serverAddress', compile: () => (ctx) => ctx.server?.id },
  { name: 'srv_name', args: '', type: 'str', source: 'serverAddress', compile: () => (ctx) => ctx.server?.name },
  { name: 'so_id', args: '', type: 'sint', source: 'listener', compile: () => (ctx) => ctx.listenerId },
  { name: 'so_name', args: '', type: 'str', source: 'listener', compile: () => (ctx) => ctx.listenerName },
];
