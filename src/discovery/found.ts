/** What a source of services tells. */

/** A server of a service. */
export interface FoundServer {
  /** IP address or host name. */
  readonly address: string;
  readonly port: number;
  /** As HAProxy has it: 0 to 256. */
  readonly weight: number;
}

/** A service as it is now. */
export interface FoundService {
  readonly name: string;
  /** The backend that stands for it. */
  readonly backend: string;
  /** In a fixed order; null: not known yet, or its name can name no backend. */
  readonly servers: readonly FoundServer[] | null;
  /** What was left out, and why: texts for the operator. */
  readonly leftOut: readonly string[];
}

/** Weight of a server where the source tells no difference between its servers. */
export const USUAL_WEIGHT = 128;

/** Most services of one source, and most servers of one service. */
export const MOST_SERVICES = 2000;
export const MOST_SERVERS = 5000;

const HOST = /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,62})(\.[A-Za-z0-9]([A-Za-z0-9-]{0,62}))*\.?$/;

/** True when a server line can have it for an address: an IP address or a host name. */
export function isAddress(text: string): boolean {
  return HOST.test(text) || (text.includes(':') && /^[0-9A-Fa-f:.]{2,45}$/.test(text));
}

export function isPort(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) < 65_536;
}

/** True when a backend can be called that. */
export function isBackendName(text: string): boolean {
  return /^[A-Za-z0-9_.:-]{1,200}$/.test(text);
}

/** Servers in a fixed order, each address and port once: the first one counts. */
export function inOrder(servers: readonly FoundServer[]): FoundServer[] {
  const byPlace = new Map<string, FoundServer>();
  for (const server of servers) {
    const place = `${server.address} ${server.port}`;
    if (!byPlace.has(place)) byPlace.set(place, server);
  }
  return [...byPlace].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, server]) => server);
}
