import { shown } from '../../util/shown.ts';
import { findBackend, findServer } from '../find.ts';
import { textKind } from '../kinds.ts';
import { reading, type View } from '../operation.ts';
import type { BackendState, FrontendState, ProcessState, ServerState, TargetState } from '../state.ts';
import { count, durationText, table } from '../text.ts';

export const status = reading({
  name: 'status',
  group: 'looking',
  summary: 'what is up, how much it carries, and what it can still take',
  parameters: {
    object: {
      kind: textKind('BACKEND[/SERVER]|FRONTEND', 'a name', 'servers'),
      about: 'only this one; default: all',
      optional: true,
    },
  },
  options: {},
  about: [
    'Servers that take no traffic are marked with `!`, backups with `b`.',
    'With `--json` a line for the process, each frontend, each backend and each server; `type` says which it is.',
  ],
  examples: [
    { command: 'status', about: 'everything' },
    { command: 'status be_app --json', about: 'a backend and its servers, for programs' },
  ],
  page: 'operations.md',
  show({ object }, { state, target }) {
    if (object === null) return whole(state, target.name);
    if (object.includes('/')) {
      const [backend, server] = object.split('/') as [string, string];
      const found = findServer(state, { backend, server });
      const own = findBackend(state, backend);
      return view([], [own], found);
    }
    const frontends = state.frontends.filter(({ name }) => name === object);
    const backends = state.backends.filter(({ name }) => name === object);
    return view(frontends, frontends.length + backends.length > 0 ? backends : [findBackend(state, object)]);
  },
});

function whole(state: TargetState, name: string): View {
  const { records, lines } = view(state.frontends, state.backends);
  return {
    records: [{ type: 'process', name, ...state.info }, ...records],
    lines: [processLine(state.info, name), '', ...lines],
  };
}

function processLine(info: ProcessState, name: string): string {
  const stopping = info.stopping ? ', stopping' : '';
  return shown(
    `${name}: ${info.product} ${info.version} on ${info.node}, pid ${info.pid}, up ${durationText(info.uptime * 1000)}${stopping}; ${info.currConns} of ${info.maxconn} connections, ${info.connRate}/s, ${info.idlePct}% idle`,
  );
}

/** `only`: the server that is told, of those of its backend. */
function view(
  frontends: readonly FrontendState[],
  backends: readonly BackendState[],
  only: ServerState | null = null,
): View {
  const records: Record<string, unknown>[] = [];
  const lines: string[] = [];
  for (const frontend of frontends) records.push({ type: 'frontend', ...frontend });
  lines.push(...table(frontends.map(frontendRow)));
  for (const backend of backends) {
    const { servers: all, ...own } = backend;
    const servers = only === null ? all : [only];
    records.push({ type: 'backend', ...own });
    for (const { line, ...server } of servers) records.push({ type: 'server', ...server });
    if (lines.length > 0) lines.push('');
    lines.push(backendLine(backend), ...table(servers.map(serverRow), 2));
  }
  return { records, lines };
}

function frontendRow({ name, status, mode, sessions, maxconn, rate }: FrontendState): string[] {
  return [`frontend ${shown(name)}`, shown(status), mode, `${sessions} of ${maxconn} connections`, `${rate}/s`];
}

function backendLine(backend: BackendState): string {
  const usable = backend.servers.filter((server) => server.usable).length;
  const balance = backend.algo === '' || backend.algo === 'unknown' ? backend.mode : `${backend.mode} ${backend.algo}`;
  return shown(
    `backend ${backend.name}  ${backend.status}  ${balance}  ${usable} of ${count(backend.servers.length, 'server')} usable  ${count(backend.sessions, 'session')}, ${backend.queue} queued, ${backend.rate}/s`,
  );
}

function serverRow(server: ServerState): string[] {
  const weight =
    server.weight === server.fileWeight ? `${server.weight}` : `${server.weight} (file ${server.fileWeight})`;
  const limit = server.maxconn > 0 ? ` of ${server.maxconn}` : '';
  return [
    `${server.usable ? ' ' : '!'}${server.backup ? 'b' : ' '} ${server.name}`,
    server.admin,
    server.status,
    `weight ${weight}`,
    `${server.sessions}${limit} sessions`,
    `${server.queue} queued`,
    `${server.rate}/s`,
    server.check === null ? 'no checks' : `${server.check.status} ${server.check.lastText}`.trim(),
    address(server),
    server.since >= 0 ? `for ${durationText(server.since * 1000)}` : '',
  ].map(shown);
}

function address({ address, port, fqdn }: ServerState): string {
  const host = address.includes(':') ? `[${address}]` : address;
  return `${host === '' ? 'unresolved' : host}:${port}${fqdn === '' ? '' : ` (${fqdn})`}`;
}
