import { Admin, type Server } from '../../model/server.ts';
import { type AddressWishes, chooseAddress, compileNetworks } from './choose-address.ts';
import type { ResolverEffects } from './effects.ts';
import type { NameServer } from './name-server.ts';
import type { Requester, Resolution, ResolutionStatus } from './resolution.ts';

const NOTICE = 5;

/** Why a server is put into maintenance, as HAProxy says it in parentheses. */
const REASONS: Readonly<Record<Exclude<ResolutionStatus, 'none' | 'valid'>, string>> = {
  nx: 'DNS NX status',
  timeout: 'DNS timeout status',
  refused: 'DNS refused status',
  other: 'unspecified DNS error',
};

/** Follows the addresses of one server's host name. */
export class ServerFollower implements Requester {
  readonly server: Server;
  readonly #fx: ResolverEffects;
  readonly #wishes: AddressWishes;
  readonly #section: string;

  constructor(server: Server, section: string, fx: ResolverEffects) {
    const { resolvePrefer, resolveNet = [], resolveOpts } = server.config;
    this.server = server;
    this.#fx = fx;
    this.#section = section;
    this.#wishes = {
      family: resolvePrefer === 4 ? 4 : 6,
      networks: compileNetworks(resolveNet),
      allowDuplicate: resolveOpts.includes('allow-dup-ip'),
    };
  }

  resolved(resolution: Resolution, source: NameServer | null): void {
    const { server } = this;
    const address = chooseAddress(resolution.records, this.#wishes, server.host, (other) => this.#hasTwin(other));
    if (address === null) {
      this.#lose('No IP for server ');
      return;
    }
    if (address !== server.host) {
      if (source !== null) source.counters.update++;
      changeAddress(
        this.#fx,
        server,
        address,
        source === null ? 'DNS cache' : `${this.#section}/${source.settings.id}`,
      );
    }
    resumeResolved(this.#fx, server);
  }

  failed(resolution: Resolution): boolean {
    const { status } = resolution;
    if (status === 'none' || status === 'valid' || !resolution.heldLongEnough()) return true;
    this.#lose(REASONS[status]);
    return false;
  }

  #lose(reason: string): void {
    if (this.server.admin & Admin.resolveMaint) return;
    this.#fx.setResolved(this.server, false, reason);
    this.#fx.setAddress(this.server, null);
  }

  /** Another server of the backend that resolves the same name has this address. */
  #hasTwin(address: string): boolean {
    const { server } = this;
    const name = server.fqdn?.toLowerCase();
    return server.proxy.servers.some(
      (other) =>
        other !== server &&
        other.host === address &&
        other.fqdn?.toLowerCase() === name &&
        (other.admin & Admin.resolveMaint) === 0,
    );
  }
}

/** Gives a server another address, and says by whom. */
export function changeAddress(fx: ResolverEffects, server: Server, address: string, by: string): void {
  const text = `${server.path}: IP changed from '${server.host ?? '(none)'}' to '${address}' by '${by}'.`;
  fx.setAddress(server, address);
  tell(fx, server, text);
}

/** Ends the maintenance of a server that has an address again. */
export function resumeResolved(fx: ResolverEffects, server: Server): void {
  if (!(server.admin & Admin.resolveMaint)) return;
  fx.setResolved(server, true, '');
  tell(fx, server, `Server ${server.path} administratively READY thanks to valid DNS answer.`);
}

function tell(fx: ResolverEffects, server: Server, text: string): void {
  fx.console('WARNING', text);
  fx.log(server.proxy, NOTICE, text);
}
