/** What Consul's answers say. What is not as it should be is left out with the reason, or makes the answer a bad one. */

import { type FoundServer, inOrder, isAddress, isPort, MOST_SERVERS, MOST_SERVICES, USUAL_WEIGHT } from '../found.ts';
import { type ConsulSettings, isWanted } from './settings.ts';

/** Names of the wanted services in an answer of `/v1/catalog/services`, sorted. Throws when it is none, or there are too many. */
export function servicesIn(body: unknown, settings: ConsulSettings): string[] {
  if (!isObject(body)) throw new Error('the list of services is no object');
  const names = Object.keys(body).filter((name) => isWanted(settings, name));
  if (names.length > MOST_SERVICES)
    throw new Error(
      `there are ${names.length} services, more than ${MOST_SERVICES}: name those to take in service_allowlist`,
    );
  return names.sort();
}

interface Instance {
  readonly address: string;
  readonly port: number;
  /** Consul's own, where 1 is the usual one. */
  readonly weight: number;
}

/** Servers in an answer of `/v1/health/service/NAME`, and what was left out of it. Throws when it is none. */
export function serversIn(
  body: unknown,
  settings: ConsulSettings,
): { readonly servers: readonly FoundServer[]; readonly leftOut: readonly string[] } {
  if (!Array.isArray(body)) throw new Error('the instances of a service are no list');
  if (body.length > MOST_SERVERS) throw new Error(`a service has ${body.length} instances, more than ${MOST_SERVERS}`);
  const leftOut: string[] = [];
  const instances: Instance[] = [];
  for (const entry of body as readonly unknown[]) {
    const read = instanceOf(entry, settings);
    if (typeof read === 'string') leftOut.push(read);
    else if (read !== null) instances.push(read);
  }
  return { servers: inOrder(weighted(instances)), leftOut };
}

/** An instance; null when its checks keep it out; a text when it cannot be used. */
function instanceOf(entry: unknown, settings: ConsulSettings): Instance | string | null {
  const { Node: node, Service: service, Checks: checks } = (entry ?? {}) as Record<string, unknown>;
  if (!isObject(service)) return 'an instance without Service';
  const statuses = Array.isArray(checks) ? checks.map((check) => (isObject(check) ? check['Status'] : null)) : [];
  const name = textOf(service['ID']) || 'an instance';
  if (!isHealthy(statuses, settings)) return null;
  const address = textOf(service['Address']) || (isObject(node) ? textOf(node['Address']) : '');
  if (!isAddress(address)) return `${name}: its address is '${address}'`;
  const port = service['Port'];
  if (!isPort(port)) return `${name}: its port is ${typeof port === 'number' ? port : 'missing'}`;
  const weights = isObject(service['Weights']) ? service['Weights'] : {};
  const warned = statuses.includes('warning') && !statuses.includes('critical');
  const weight = weights[warned ? 'Warning' : 'Passing'];
  return { address, port, weight: Number.isInteger(weight) && (weight as number) >= 0 ? (weight as number) : 1 };
}

function isHealthy(statuses: readonly unknown[], { health, healthMin }: ConsulSettings): boolean {
  const passing = statuses.filter((status) => status === 'passing').length;
  if (health === 'any') return passing > 0;
  if (health === 'all') return statuses.length > 0 && passing === statuses.length;
  if (health === 'min') return statuses.length > 0 && passing >= healthMin;
  return true;
}

/** The highest weight of a service is the usual one, others are in proportion to it. */
function weighted(instances: readonly Instance[]): FoundServer[] {
  const highest = Math.max(1, ...instances.map(({ weight }) => weight));
  return instances.map(({ address, port, weight }) => ({
    address,
    port,
    weight: weight === 0 ? 0 : Math.max(1, Math.round((USUAL_WEIGHT * weight) / highest)),
  }));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
