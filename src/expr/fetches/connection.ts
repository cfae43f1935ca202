/** Layers 4 and 5: addresses and facts of connections (HAProxy manual, sections 7.3.3 and 7.3.4). */

import { networkInterfaces } from 'node:os';
import type { FetchRow, Source } from '../row.ts';
import type { ValueType } from '../sample.ts';
import type { ConnectionFacts, EndpointView, ExprContext, SampleValue } from '../types.ts';

type Read = (ctx: ExprContext) => SampleValue | undefined;

/** A fetch without arguments. */
const plain = (name: string, type: ValueType, source: Source, read: Read): FetchRow => ({
  name,
  args: '',
  type,
  source,
  compile: () => read,
});

/** A fetch of this side's address of the server connection. */
const local = (name: string, type: ValueType, read: Read): FetchRow => ({
  ...plain(name, type, 'serverConnection', read),
  logNeed: 'localAddress',
});

const hostOf = (endpoint: EndpointView): string | undefined => (endpoint.host === '' ? undefined : endpoint.host);
const portOf = (endpoint: EndpointView): number | undefined => (endpoint.host === '' ? undefined : endpoint.port);

const client = (ctx: ExprContext): Pick<ConnectionFacts, 'source' | 'destination'> => ctx.clientConnection ?? ctx;

/** Addresses of this machine: asked for again at most once a second. */
let localAddresses = new Set<string>();
let localAddressesUntil = 0;

function isLocal(host: string | undefined, now: number): boolean | undefined {
  if (host === undefined) return undefined;
  if (now >= localAddressesUntil || now < localAddressesUntil - 1000) {
    localAddressesUntil = now + 1000;
    localAddresses = new Set();
    for (const addresses of Object.values(networkInterfaces())) {
      for (const { address } of addresses ?? []) localAddresses.add(address);
    }
  }
  return localAddresses.has(host) || host.startsWith('127.');
}

export const connectionFetches: readonly FetchRow[] = [
  plain('src', 'addr', 'clientAddress', (ctx) => hostOf(ctx.source)),
  plain('src_port', 'sint', 'clientAddress', (ctx) => portOf(ctx.source)),
  plain('src_is_local', 'bool', 'clientAddress', (ctx) => isLocal(hostOf(ctx.source), ctx.now)),
  plain('dst', 'addr', 'clientAddress', (ctx) => hostOf(ctx.destination)),
  plain('dst_port', 'sint', 'clientAddress', (ctx) => portOf(ctx.destination)),
  plain('dst_is_local', 'bool', 'clientAddress', (ctx) => isLocal(hostOf(ctx.destination), ctx.now)),
  plain('dst_conn', 'sint', 'frontend', (ctx) => ctx.log.frontendConnections),
  plain('fc_src', 'addr', 'clientAddress', (ctx) => hostOf(client(ctx).source)),
  plain('fc_src_port', 'sint', 'clientAddress', (ctx) => portOf(client(ctx).source)),
  plain('fc_src_is_local', 'bool', 'clientAddress', (ctx) => isLocal(hostOf(client(ctx).source), ctx.now)),
  plain('fc_dst', 'addr', 'clientAddress', (ctx) => hostOf(client(ctx).destination)),
  plain('fc_dst_port', 'sint', 'clientAddress', (ctx) => portOf(client(ctx).destination)),
  plain('fc_dst_is_local', 'bool', 'clientAddress', (ctx) => isLocal(hostOf(client(ctx).destination), ctx.now)),
  plain('fc_http_major', 'sint', 'clientAddress', (ctx) => ctx.clientConnection?.httpMajor),
  plain('fc_rcvd_proxy', 'bool', 'clientAddress', (ctx) => ctx.clientConnection?.proxied === true),
  plain('fc.timer.handshake', 'sint', 'clientAddress', (ctx) => ctx.log.handshakeTime),
  plain('fc.timer.total', 'sint', 'frontend', (ctx) => ctx.now - ctx.log.acceptDate),
  plain('bc_dst', 'addr', 'serverConnection', (ctx) => ctx.log.serverHost || undefined),
  plain('bc_dst_port', 'sint', 'serverConnection', (ctx) =>
    ctx.log.serverHost === '' ? undefined : ctx.log.serverPort,
  ),
  local('bc_src', 'addr', (ctx) => ctx.log.localHost || undefined),
  local('bc_src_port', 'sint', (ctx) => (ctx.log.localHost === '' ? undefined : ctx.log.localPort)),
  plain('bc_http_major', 'sint', 'serverConnection', (ctx) => ctx.serverMajor || undefined),
  plain('bc_be_queue', 'sint', 'serverConnection', (ctx) => ctx.log.backendQueue),
  plain('bc_srv_queue', 'sint', 'serverConnection', (ctx) => ctx.log.serverQueue),
  plain('bc.timer.connect', 'sint', 'serverConnection', (ctx) => reached(ctx.log.connectTime)),
  plain('so_id', 'sint', 'listener', (ctx) => ctx.listenerId),
  plain('so_name', 'str', 'listener', (ctx) => ctx.listenerName || undefined),
];

/** A time that is -1 while its phase has not been reached. */
function reached(ms: number): number | undefined {
  return ms < 0 ? undefined : ms;
}
