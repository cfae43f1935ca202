import { C, COUNTER_FIELDS, G } from '../../model/counters.ts';
import type { Model } from '../../model/model.ts';
import type { Proxy } from '../../model/proxy.ts';
import type { Server } from '../../model/server.ts';
import { STATE_VERSION, stateColumns } from '../../model/state-columns.ts';

/** What to list, and how names and addresses are told (`set anon on`). */
export interface Listing {
  readonly model: Model;
  readonly proxies: readonly Proxy[];
  readonly now: number;
  readonly hide: (text: string) => string;
}

/** `show servers state`: the server state format, version 1 (management manual, "show servers state"). */
export function* stateLines({ proxies, now, hide }: Listing): Generator<string> {
  yield `${STATE_VERSION}\n# ${stateColumns.map(({ name }) => name).join(' ')}\n`;
  for (const proxy of proxies) {
    if (!proxy.isBackend) continue;
    for (const server of [...proxy.servers]) yield stateLine(server, now, hide);
  }
}

function stateLine(server: Server, now: number, hide: Listing['hide']): string {
  const values = stateColumns.map(({ print, personal }) => {
    const value = print(server, now);
    return personal ? hide(String(value)) : value;
  });
  return `${values.join(' ')}\n`;
}

function address(server: Server): string {
  if (server.host === null) return '-';
  return server.family === 'unix' ? server.host : server.family === 'abns' ? `abns@${server.host}` : server.host;
}

/** `show servers conn`: the connections to servers and the idle ones kept for reuse. */
export function* connectionLines({ model, proxies, hide }: Listing): Generator<string> {
  yield `# bkname/svname bkid/svid addr port - purge_delay served used_cur used_max need_est idle_sess unsafe_nb safe_nb idle_lim idle_cur idle_per_thr[${model.threads}]\n`;
  for (const proxy of proxies) {
    if (!proxy.isBackend) continue;
    for (const server of [...proxy.servers]) yield connectionLine(model, proxy, server, hide);
  }
}

function connectionLine(model: Model, proxy: Proxy, server: Server, hide: Listing['hide']): string {
  const { counters } = model;
  const gauges = counters.gauges(server.slot);
  const rows = counters.rowsOf(server.slot);
  const sum = (field: number) => counters.sum(server.slot, field);
  const [idle, own] = [sum(C.idleUnsafe) + sum(C.idleSafe), sum(C.idlePrivate)];
  const off = proxy.state === 'disabled';
  // Servers that were never to be used have no figures for each thread.
  const perThread = Array.from({ length: off ? 0 : model.threads }, (_, thread) => {
    const at = thread * COUNTER_FIELDS;
    return rows[at + C.idleUnsafe]! + rows[at + C.idleSafe]!;
  });
  const figures = [
    server.config.poolPurgeDelay,
    gauges[G.current],
    Math.max(0, gauges[G.used]! - idle - own),
    sum(C.mostUsedConns),
    sum(C.neededConns),
    own,
    sum(C.idleUnsafe),
    sum(C.idleSafe),
    server.config.poolMaxConn,
    idle,
    ...perThread,
  ];
  return `${hide(proxy.name)}/${hide(server.name)} ${proxy.id}/${off ? 0 : server.id} ${hide(address(server))} ${server.port} - ${figures.join(' ')}\n`;
}
