import { isIP } from 'node:net';
import type { Address, ServerConfig } from '../../config/types.ts';
import { CheckState, type CheckView, type Server } from '../../model/server.ts';
import { forcedState } from '../rows/server-state.ts';
import { attribute, type ReadLayers } from './attribute.ts';

type ServerAttribute = ReadLayers<Server, ServerConfig>;

const asText = (value: string | number): string => String(value);
const orDash = (value: string): string => value || '-';
const onOff = (value: boolean): string => (value ? 'on' : 'off');
const enabled = (value: boolean): string => (value ? 'enabled' : 'disabled');

/** What can be set of a server and lasts. A server that was added live has what it was added with in place of the file. */
export const SERVER_ATTRIBUTES: Readonly<Record<string, ServerAttribute>> = {
  name: attribute({
    file: (config) => config.name,
    live: (server) => server.name,
    text: asText,
    // It is made from the name in the file, and undone from the one now.
    make: (name, server) => ({
      kind: 'server.name',
      backend: server.proxy.name,
      server: name === server.name ? server.config.name : server.name,
      name,
    }),
  }),
  state: attribute({
    file: (config, server) => (server.dynamic || config.disabled ? 'maint' : 'ready'),
    live: forcedState,
    text: asText,
    make: (to, server) => ({ kind: 'server.state', ...names(server), to }),
  }),
  weight: attribute({
    file: (config) => config.weight,
    live: (server) => server.userWeight,
    text: asText,
    make: (weight, server) => ({ kind: 'server.weight', ...names(server), weight, percent: false }),
  }),
  maxconn: attribute({
    file: (config) => config.maxconn,
    live: (server) => server.maxconn,
    text: asText,
    make: (maxconn, server) => ({ kind: 'server.maxconn', ...names(server), maxconn }),
  }),
  addr: attribute({
    file: (config) => place(config.address),
    // The address of one that is found by its name is the resolvers' to say.
    live: ({ config, host, portMap, port }) => ({
      addr: config.address.family === 'name' ? config.address.host : host,
      port: portMap + port,
    }),
    text: ({ addr, port }) => `${addr ?? '-'}:${port}`,
    make: ({ addr, port }, server) => ({
      kind: 'server.addr',
      ...names(server),
      addr: addr === null || isIP(addr) === 0 ? null : addr,
      port,
    }),
  }),
  fqdn: attribute({
    file: ({ address }) => (address.family === 'name' ? address.host : ''),
    live: (server) => server.fqdn ?? '',
    text: orDash,
    make: (fqdn, server) => (fqdn === '' ? null : { kind: 'server.fqdn', ...names(server), fqdn }),
  }),
  ssl: attribute({
    file: (config) => config.tls?.on ?? false,
    live: (server) => server.useSsl,
    text: onOff,
    make: (on, server) => ({ kind: 'server.ssl', ...names(server), enabled: on }),
  }),
  'health-checks': attribute({
    file: (config, server) => config.check !== null && !server.dynamic,
    live: (server) => isOn(server.check),
    text: enabled,
    make: (on, server) => ({ kind: 'server.checks', ...names(server), which: 'health', enabled: on }),
  }),
  'agent-checks': attribute({
    file: (config, server) => config.agent !== null && !server.dynamic,
    live: (server) => isOn(server.agent),
    text: enabled,
    make: (on, server) => ({ kind: 'server.checks', ...names(server), which: 'agent', enabled: on }),
  }),
  'check-addr': attribute({
    file: ({ check }) => target(check),
    live: (server) => target(server.checkConfig),
    text: targetText,
    make: ({ addr, port }, server) => ({ kind: 'server.check-addr', ...names(server), addr: addr ?? '', port }),
  }),
  'agent-addr': attribute({
    file: ({ agent }) => target(agent),
    live: (server) => target(server.agentConfig),
    text: targetText,
    make: ({ addr, port }, server) => ({ kind: 'server.agent-addr', ...names(server), addr: addr ?? '', port }),
  }),
  'agent-send': attribute({
    file: ({ agent }) => agent?.send ?? '',
    live: (server) => server.agentConfig?.send ?? '',
    text: orDash,
    make: (send, server) => ({ kind: 'server.agent-send', ...names(server), send }),
  }),
};

function names(server: Server): { readonly backend: string; readonly server: string } {
  return { backend: server.proxy.name, server: server.name };
}

function place(address: Address): { readonly addr: string | null; readonly port: string } {
  if (address.family === 'inet' || address.family === 'inet6' || address.family === 'name')
    return { addr: address.host, port: address.portMap + address.port };
  return { addr: 'path' in address ? address.path : null, port: '0' };
}

function isOn(check: CheckView | null): boolean {
  return check !== null && (check.state & CheckState.enabled) !== 0;
}

type Target = { readonly addr: string | null; readonly port: number };

function target(check: Target | null): Target {
  return { addr: check?.addr ?? null, port: check?.port ?? 0 };
}

function targetText({ addr, port }: Target): string {
  return `${addr ?? '-'}:${port}`;
}
