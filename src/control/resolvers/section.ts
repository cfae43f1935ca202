import type { ResolversConfig } from '../../config/types.ts';
import type { Proxy } from '../../model/proxy.ts';
import type { Server } from '../../model/server.ts';
import { chooseAddress } from './choose-address.ts';
import type { ResolverEffects } from './effects.ts';
import { isQueryName, type QueryType } from './message.ts';
import { NameServer } from './name-server.ts';
import { type Requester, Resolution } from './resolution.ts';
import { ServerFollower } from './server-follower.ts';
import { SrvFollower } from './srv-follower.ts';

const DNS_PORT = 53;
/** Names that may be asked for at one time on behalf of rules: clients can name what they like. */
const LOOK_UPS_MAX = 4096;
const ANY_ADDRESS = { networks: null, allowDuplicate: true };

/** A `resolvers` section at work: its name servers, the names that it follows and for whom. */
export class ResolversSection {
  readonly config: ResolversConfig;
  readonly nameServers: readonly NameServer[];
  readonly #fx: ResolverEffects;
  readonly #now: () => number;
  readonly #resolutions = new Map<string, Resolution>();
  readonly #servers = new Map<Server, { readonly follower: ServerFollower; readonly resolution: Resolution }>();
  readonly #services = new Map<string, { readonly follower: SrvFollower; readonly resolution: Resolution }>();
  readonly #serviceOf = new Map<Server, string>();
  /** Ends a look-up without an address. */
  readonly #lookUps = new Set<() => void>();

  constructor(config: ResolversConfig, systemNameServers: readonly string[], fx: ResolverEffects, now: () => number) {
    this.config = config;
    this.#fx = fx;
    this.#now = now;
    this.nameServers = nameServers(config, systemNameServers);
  }

  /** Follows the host name or the SRV record of a server. A name that cannot be asked for is left alone. */
  watch(server: Server): void {
    this.unwatch(server);
    if (server.srvRecord !== null) this.#watchService(server, server.srvRecord);
    else if (server.fqdn !== null) this.#follow(server, server.fqdn);
  }

  unwatch(server: Server): void {
    const key = this.#serviceOf.get(server);
    if (key !== undefined) {
      this.#serviceOf.delete(server);
      const { follower, resolution } = this.#services.get(key)!;
      if (!follower.remove(server)) {
        this.#services.delete(key);
        this.#leave(resolution, follower);
      }
    }
    this.#unfollow(server);
  }

  /** Asks for an address of a name, once (`do-resolve`). */
  lookUp(name: string, prefer: 4 | 6, then: (address: string | null) => void): void {
    const resolution = this.#lookUps.size >= LOOK_UPS_MAX ? null : this.#resolution(name, prefer === 4 ? 'A' : 'AAAA');
    if (resolution === null) {
      then(null);
      return;
    }
    const giveUp = () => end(null);
    const end = (address: string | null) => {
      this.#lookUps.delete(giveUp);
      this.#leave(resolution, requester);
      then(address);
    };
    const requester: Requester = {
      resolved: ({ records }) => end(chooseAddress(records, { ...ANY_ADDRESS, family: prefer }, null, () => false)),
      failed: () => {
        giveUp();
        return false;
      },
    };
    this.#lookUps.add(giveUp);
    resolution.join(requester);
  }

  close(): void {
    for (const end of [...this.#lookUps]) end();
    for (const resolution of this.#resolutions.values()) resolution.close();
    for (const nameServer of this.nameServers) nameServer.close();
  }

  #watchService(server: Server, name: string): void {
    const key = `${server.proxy.id} ${name.toLowerCase()}`;
    let service = this.#services.get(key);
    const known = service !== undefined;
    if (service === undefined) {
      const resolution = this.#resolution(name, 'SRV');
      if (resolution === null) return;
      service = { follower: this.#srvFollower(server.proxy), resolution };
      this.#services.set(key, service);
    }
    this.#serviceOf.set(server, key);
    service.follower.add(server);
    if (!known) service.resolution.join(service.follower);
  }

  #srvFollower(proxy: Proxy): SrvFollower {
    return new SrvFollower(proxy, this.#fx, {
      follow: (server, name) => this.#follow(server, name),
      unfollow: (server) => this.#unfollow(server),
    });
  }

  #follow(server: Server, name: string): void {
    const resolution = this.#resolution(name, server.config.resolvePrefer === 4 ? 'A' : 'AAAA');
    const before = this.#servers.get(server);
    if (resolution === null || before?.resolution === resolution) return;
    this.#unfollow(server);
    const follower = new ServerFollower(server, this.config.name, this.#fx);
    this.#servers.set(server, { follower, resolution });
    resolution.join(follower);
  }

  #unfollow(server: Server): void {
    const entry = this.#servers.get(server);
    if (entry === undefined) return;
    this.#servers.delete(server);
    this.#leave(entry.resolution, entry.follower);
  }

  #resolution(written: string, preferred: QueryType): Resolution | null {
    // A dot at the end says that nothing is to be put behind the name, which nobody does here.
    const name = written.endsWith('.') ? written.slice(0, -1) : written;
    if (!isQueryName(name)) return null;
    const key = `${preferred} ${name.toLowerCase()}`;
    let resolution = this.#resolutions.get(key);
    if (resolution === undefined) {
      resolution = new Resolution(name, preferred, this.config, this.nameServers, this.#now);
      this.#resolutions.set(key, resolution);
    }
    return resolution;
  }

  #leave(resolution: Resolution, requester: Requester): void {
    resolution.requesters.delete(requester);
    if (resolution.requesters.size > 0) return;
    resolution.close();
    this.#resolutions.delete(`${resolution.preferred} ${resolution.name.toLowerCase()}`);
  }
}

function nameServers(config: ResolversConfig, system: readonly string[]): NameServer[] {
  const payloadSize = config.acceptedPayloadSize;
  const servers: NameServer[] = [];
  for (const { name, address, tcp } of config.nameservers) {
    if (address.family !== 'inet' && address.family !== 'inet6') continue;
    servers.push(new NameServer({ id: name, host: address.host, port: address.port || DNS_PORT, tcp, payloadSize }));
  }
  for (const host of config.parseResolvConf ? system : []) {
    servers.push(new NameServer({ id: host, host, port: DNS_PORT, tcp: false, payloadSize }));
  }
  return servers;
}
