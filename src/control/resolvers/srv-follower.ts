import type { Proxy } from '../../model/proxy.ts';
import { Admin, type Server } from '../../model/server.ts';
import type { ResolverEffects } from './effects.ts';
import type { AnswerRecord } from './message.ts';
import type { Requester, Resolution } from './resolution.ts';
import { changeAddress, resumeResolved } from './server-follower.ts';

const NOTICE = 5;

type SrvRecord = Extract<AnswerRecord, { readonly type: 'SRV' }>;

/** Starts and ends the following of a server's host name. */
export interface NameFollowing {
  follow(server: Server, name: string): void;
  unfollow(server: Server): void;
}

/**
 * The servers of a backend that follow one SRV record: each service that the record names gets one of them, with its port, weight
 * and host name. The address comes with the record, or from resolving the host name.
 */
export class SrvFollower implements Requester {
  readonly proxy: Proxy;
  readonly #fx: ResolverEffects;
  readonly #names: NameFollowing;
  /** Servers without a service, in the order in which they get one. */
  readonly #free: Server[] = [];
  /** Servers by service, `target:port`. */
  readonly #serving = new Map<string, Server>();

  constructor(proxy: Proxy, fx: ResolverEffects, names: NameFollowing) {
    this.proxy = proxy;
    this.#fx = fx;
    this.#names = names;
  }

  add(server: Server): void {
    this.#free.push(server);
  }

  /** Leaves a server as it is. Returns whether others are left. */
  remove(server: Server): boolean {
    this.#names.unfollow(server);
    const at = this.#free.indexOf(server);
    if (at >= 0) this.#free.splice(at, 1);
    for (const [key, other] of this.#serving) if (other === server) this.#serving.delete(key);
    return this.#free.length + this.#serving.size > 0;
  }

  resolved(resolution: Resolution): void {
    const known = new Set(resolution.records.map(({ key }) => key));
    for (const [key, server] of this.#serving) if (!known.has(key)) this.#release(key, server);
    for (const { key, record } of resolution.records) {
      if (record.type !== 'SRV') continue;
      const server = this.#serving.get(key) ?? this.#takeFree(record);
      if (server === undefined) continue;
      this.#serving.set(key, server);
      this.#update(server, record);
    }
  }

  failed(resolution: Resolution): boolean {
    if (!resolution.heldLongEnough()) return true;
    for (const [key, server] of this.#serving) this.#release(key, server);
    return false;
  }

  /** A server that already has the service (from a state file), else the first free one. */
  #takeFree({ target, port }: SrvRecord): Server | undefined {
    const at = this.#free.findIndex((server) => server.fqdn?.toLowerCase() === target && server.port === port);
    const [server] = this.#free.splice(Math.max(at, 0), 1);
    return server;
  }

  #update(server: Server, { target, port, weight, address }: SrvRecord): void {
    const fx = this.#fx;
    if (address !== null) {
      this.#names.unfollow(server);
      if (address !== server.host) changeAddress(fx, server, address, 'DNS additional record');
    }
    const before = server.fqdn;
    if (before?.toLowerCase() !== target) {
      fx.setFqdn(server, target);
      fx.log(
        server.proxy,
        NOTICE,
        `${server.path} changed its FQDN from ${before ?? '(null)'} to ${target} by 'SRV record'`,
      );
    }
    if (port !== server.port) fx.setAddress(server, server.host, port);
    if (!server.config.resolveOpts.includes('ignore-weight')) {
      // 0..65535 to 0..256; 0 stays 0.
      const scaled = Math.floor((weight + 255) / 256);
      if (scaled !== server.userWeight) fx.setWeight(server, scaled);
    }
    if (address === null) this.#names.follow(server, target);
    else resumeResolved(fx, server);
  }

  #release(key: string, server: Server): void {
    const fx = this.#fx;
    this.#serving.delete(key);
    this.#free.push(server);
    this.#names.unfollow(server);
    if (!(server.admin & Admin.resolveMaint)) fx.setResolved(server, false, 'entry removed from SRV record');
    fx.setFqdn(server, null);
    fx.setAddress(server, null, 0);
  }
}
