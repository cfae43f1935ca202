import { C, COUNTER_FIELDS, G } from '../../model/counters.ts';
import type { Model } from '../../model/model.ts';
import type { Proxy } from '../../model/proxy.ts';
import { CheckStatus, type Server } from '../../model/server.ts';

const STATE_COLUMNS =
  '# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port\n';

/** Version of the server state format. */
const STATE_VERSION = 1;

/** What an unchecked server shows for its check. */
const UNCHECKED = { status: CheckStatus.INI, result: 0, state: 0 } as const;

/** What to list, and how names and addresses are told (`set anon on`). */
export interface Listing {
  readonly model: Model;
  readonly proxies: readonly Proxy[];
  readonly now: number;
  readonly hide: (text: string) => string;
}

/** `show servers state`: the server state format, version 1 (management manual, "show servers state"). */
export function* stateLines({ proxies, now, hide }: Listing): Generator<string> {
  yield `${STATE_VERSION}\n${STATE_COLUMNS}`;
  for (const proxy of proxies) {
    if (!proxy.isBackend) continue;
    for (const server of [...proxy.servers]) yield stateLine(proxy, server, now, hide);
  }
}

function stateLine(proxy: Proxy, server: Server, now: number, hide: Listing['hide']): string {
  const { check, agent, checkConfig, agentConfig } = server;
  return (
    [
      proxy.id,
      hide(proxy.name),
      proxy.state === 'disabled' ? 0 : server.id,
      hide(server.name),
      hide(address(server)),
      server.operState,
      server.admin,
      server.userWeight,
      server.initialWeight,
      Math.max(0, Math.floor((now - server.lastChange) / 1000)),
      check ? CheckStatus[check.status] : UNCHECKED.status,
      check ? check.result : UNCHECKED.result,
      checkHealth(server),
      (check?.state ?? UNCHECKED.state) & 0x0f,
      (agent?.state ?? 0) & 0x1f,
      proxy.config.idForced ? 1 : 0,
      server.idForced ? 1 : 0,
      hide(server.fqdn ?? '-'),
      server.portMap === '' ? server.port : 0,
      server.srvRecord ?? '-',
      server.useSsl ? 1 : noSsl(server) ? -1 : 0,
      checkConfig?.port ?? 0,
      hide(checkAddress(server)),
      hide(agentConfig?.addr ?? '-'),
      agentConfig?.port ?? 0,
    ].join(' ') + '\n'
  );
}

function checkHealth(server: Server): number {
  return server.check?.health ?? 0;
}

/** Where the check goes when that is not where the traffic goes. */
function checkAddress({ checkConfig, host }: Server): string {
  return checkConfig?.addr && checkConfig.addr !== host ? checkConfig.addr : '-';
}

/** TLS is explicitly off (`no-ssl`). */
function noSsl(server: Server): boolean {
  return server.config.ssl?.includes('no-ssl') ?? false;
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
