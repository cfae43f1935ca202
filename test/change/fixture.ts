import { applyChange } from '../../src/change/apply.ts';
import type { Change, Origin, Outcome } from '../../src/change/change.ts';
import type { ChangeContext } from '../../src/change/context.ts';
import type { Journal } from '../../src/change/journal/journal.ts';
import { keeper, secretsOnly } from '../../src/change/journal/keeper.ts';
import { memoryStore } from '../../src/change/journal/kept-store.ts';
import { memoryJournal } from '../../src/change/journal/memory.ts';
import { noneStanding } from '../../src/change/standing.ts';
import { finishServerTls, newServerTls } from '../../src/config/keywords/server-tls.ts';
import type { ProxyConfig } from '../../src/config/types.ts';
import { createServerStates } from '../../src/control/servers/server-states.ts';
import { type TrafficSwitch, trafficSwitch } from '../../src/control/switch.ts';
import type { TrafficCommand } from '../../src/model/messages.ts';
import type { Model } from '../../src/model/model.ts';
import { OperState } from '../../src/model/server.ts';
import { agentConfig, checkConfig, fakeTraffic, modelOf, proxyConfig, serverConfig } from '../control/fixture.ts';

export const origin: Origin = { surface: 'cli-socket', from: '/run/test.sock', level: 'admin' };

/** A context on a model like that of the Runtime API's recorded answers, with what it sent and printed. */
export interface Desk {
  readonly ctx: ChangeContext;
  readonly traffic: TrafficSwitch & { sent: TrafficCommand[] };
  readonly lines: string[];
  readonly calls: string[];
  apply(change: Change): Promise<Outcome>;
}

function proxies(): ProxyConfig[] {
  const check = checkConfig({ rise: 2, fall: 2 });
  const at = (port: number) => ({
    address: { family: 'inet' as const, host: '127.0.0.1', port, portEnd: port, portMap: '' as const },
  });
  const balance = proxyConfig('x', 0).balance;
  return [
    proxyConfig('fe_http', 101, { kind: 'frontend', maxconn: 100 }),
    proxyConfig('fe_off', 102, { kind: 'frontend', disabled: true }),
    proxyConfig('be_app', 201, {
      servers: [
        serverConfig('s1', { ...at(20101), id: 11, weight: 10, cookie: 'c1', maxconn: 50, check }),
        serverConfig('s2', { ...at(20102), weight: 20, check }),
        serverConfig('s3', { ...at(20103), backup: true, disabled: true, check }),
      ],
    }),
    proxyConfig('be_slow', 5, { servers: [serverConfig('slow1', at(20104))] }),
    proxyConfig('be_static', 6, {
      balance: { ...balance, algorithm: 'static-rr' },
      servers: [serverConfig('st1', { weight: 100 }), serverConfig('st2', { weight: 50 })],
    }),
    proxyConfig('be_agent', 7, {
      servers: [serverConfig('a1', { ...at(20101), agent: agentConfig({ port: 20105, addr: '127.0.0.1' }) })],
    }),
    proxyConfig('be_track', 8, { servers: [serverConfig('t1', { ...at(20101), track: 'be_app/s1' })] }),
    proxyConfig('be_dns', 9, {
      servers: [
        serverConfig('d1', {
          address: { family: 'name', host: 'name2.test', port: 80, portEnd: 80, portMap: '', prefer: 0 },
          resolvers: 'dns1',
        }),
        serverConfig('d2', { ...at(80), resolvers: 'dns1' }),
        serverConfig('tpl1', {
          address: { family: 'name', host: '_http._tcp.srv.test', port: 80, portEnd: 80, portMap: '', prefer: 0 },
          resolvers: 'dns1',
        }),
      ],
    }),
    proxyConfig('be_ssl', 10, {
      servers: [
        serverConfig('ss1', { tls: spoken }),
        serverConfig('ss2', { tls: { ...spoken, on: false, off: true, wasOn: true } }),
      ],
    }),
    proxyConfig('be_dyncookie', 11, { cookie: null }),
  ];
}

/** `ssl verify none`. */
const spoken = { ...finishServerTls({ ...newServerTls(), mentioned: true })!, on: true };

export function desk(answers: Parameters<typeof fakeTraffic>[0] = {}, journal: Journal = memoryJournal()): Desk {
  const model = modelOf(proxies());
  const defaults = [proxyConfig('dyn1', 0, { modeSet: true }), proxyConfig('dyn2', 0, { mode: 'tcp' })];
  const withSsl = serverConfig('', { tls: spoken });
  model.config = {
    ...model.config,
    defaults,
    defaultServers: { be_ssl: withSsl, be_app: serverConfig('', { weight: 3 }) },
  };
  return deskOn(model, answers, journal);
}

/** A context on any model. */
export function deskOn(
  model: Model,
  answers: Parameters<typeof fakeTraffic>[0] = {},
  journal: Journal = memoryJournal(),
): Desk {
  const link = fakeTraffic(answers);
  const traffic = Object.assign(trafficSwitch(link), { sent: link.sent });
  const lines: string[] = [];
  const calls: string[] = [];
  const logs = {
    send: (_proxy: unknown, level: number, text: string) => void lines.push(`${level} ${text}`),
    rings: new Map(),
    dropped: 0,
  };
  const states = createServerStates({
    model,
    traffic,
    logs,
    console: () => undefined,
    onError: (error) => lines.push(String(error)),
  });
  const ctx: ChangeContext = {
    model,
    traffic,
    states,
    logs,
    journal,
    keeper: keeper(memoryStore(), secretsOnly),
    goOn: false,
    standing: noneStanding(),
    gate: () => null,
    retired: () => null,
    health: {
      start: (server) => void calls.push(`start ${server.path}`),
      stop: (server) => void calls.push(`stop ${server.path}`),
      report: () => undefined,
    },
    resolvers: {
      statistics: () => [],
      sections: [],
      watch: (server) => void calls.push(`watch ${server.path} ${server.fqdn}`),
      unwatch: (server) => void calls.push(`unwatch ${server.path}`),
    },
    hooks: {
      reload: async () => ({ ok: true, text: 'Success=1' }),
      proxyView: (proxy) => ({
        config: proxy.config,
        frontendSlot: -1,
        backendSlot: proxy.backendSlot,
        listeners: [],
        servers: [],
        published: proxy.published,
        maxconn: 0,
        dynamicCookie: false,
        dynamicCookieKey: null,
      }),
    },
  };
  return { ctx, traffic, lines, calls, apply: (change) => applyChange(change, ctx, origin) };
}

/** What operators set, apart from what time and checks add to it: for comparisons before and after. */
export function settings({ ctx }: Desk): unknown {
  const { model } = ctx;
  return {
    limits: { ...model.limits },
    vars: [...model.procVars],
    proxies: model.proxies.map((proxy) => ({
      name: proxy.name,
      state: proxy.state,
      maxconn: proxy.maxconn,
      published: proxy.published,
      cookie: [proxy.dynamicCookie, proxy.dynamicCookieKey],
      usable: [proxy.usableActive, proxy.usableBackup],
      byName: [...proxy.serversByName.keys()].sort(),
      byId: [...proxy.serversById.keys()].sort(),
      servers: proxy.servers.map((server) => ({
        name: server.name,
        admin: server.admin & ~0x40,
        up: server.operState !== OperState.stopped,
        stopping: server.operState === OperState.stopping,
        weight: server.userWeight,
        addr: [server.host, server.family, server.port, server.portMap, server.fqdn],
        maxconn: server.maxconn,
        ssl: server.useSsl,
        check: [server.check?.state, server.checkConfig],
        agent: [
          server.agent?.state,
          server.agentConfig?.addr,
          server.agentConfig?.port,
          server.agentConfig?.send ?? '',
        ],
        tracks: server.tracked?.path,
      })),
    })),
  };
}
