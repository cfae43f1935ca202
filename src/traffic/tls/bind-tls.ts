import type { BindConfig, BindTlsConfig, GlobalTlsConfig } from '../../config/types.ts';
import type { ThreadCertificates } from '../../model/certificates/thread-certificates.ts';
import type { BindTlsView, SniEntryView } from '../../model/certificates/views.ts';
import type { ClientHello } from '../../net/client-hello.ts';
import type { Contexts, RecentContexts } from './recent-contexts.ts';
import {
  buildServerContext,
  type ContextBasis,
  isCurrent,
  remakeServerContext,
  type ServedCertificates,
  type ServerContext,
} from './server-context.ts';
import { clientAbilities, type EcdsaSuites, ecdsaSuitesOf, SniIndex } from './sni-index.ts';

const HTTP_PROTOCOLS: readonly string[] = ['h2', 'http/1.1'];
const ANY = { rsa: true, ecdsa: true };

/** Certificates as they are at the time, and the contexts that are made of them. */
export interface BindBasis {
  readonly certificates: ServedCertificates & Pick<ThreadCertificates, 'version' | 'bind'>;
  readonly tlsContexts: RecentContexts;
  readonly global: { readonly tls: GlobalTlsConfig };
}

/** TLS of a `bind` line in this thread: its certificates by name, with contexts that are built when they are first asked for. */
export class BindTls {
  readonly #env: BindBasis;
  readonly #config: BindTlsConfig;
  readonly #proxy: number;
  readonly #at: BindConfig['at'];
  readonly #defaultAlpn: readonly string[];
  readonly #suites: EcdsaSuites;
  readonly #contexts: Contexts = new Map();
  #view: BindTlsView | null = null;
  #index: SniIndex | null = null;
  /** Names of the certificates that the index was made of. */
  #names = new Map<number, readonly string[]>();
  #version = -1;

  /** `proxy`: the id of its frontend (`PEERS_ID`: none); `http`: protocols of HTTP are agreed on where the line says none. */
  constructor(env: BindBasis, proxy: number, http: boolean, config: BindConfig) {
    this.#env = env;
    this.#proxy = proxy;
    this.#at = config.at;
    this.#config = config.tls!;
    this.#suites = ecdsaSuitesOf(config.tls!.options);
    this.#defaultAlpn = http && config.proto === null ? HTTP_PROTOCOLS : [];
  }

  /** The context for a hello; null when there is none for the name, and no other one may be shown (`strict-sni`). */
  choose(hello: ClientHello): ServerContext | null {
    const index = this.#current();
    const entry = index.find(
      hello.serverName.toLowerCase(),
      clientAbilities(hello, this.#suites),
      this.#config.strictSni,
    );
    return entry === null ? null : this.#context(entry);
  }

  /** A context for what is no hello: the library finds out what is wrong with it. */
  any(): ServerContext | null {
    const entry = this.#current().find('', ANY, false) ?? this.#view?.entries[0] ?? null;
    return entry === null ? null : this.#context(entry);
  }

  /** The protocol to agree on: the first one of this side's that the client offers; null for none. */
  protocol(context: ServerContext, hello: ClientHello): string | null {
    if (hello.alpn === null) return null;
    for (const name of context.options.alpn ?? this.#defaultAlpn) if (hello.offersAlpn(name)) return name;
    return null;
  }

  /** Lets go of what is ready: another one has taken the place of this one. */
  release(): void {
    for (const context of this.#contexts.values()) this.#env.tlsContexts.forget(context);
  }

  #current(): SniIndex {
    const { certificates } = this.#env;
    if (this.#index !== null && this.#version === certificates.version) return this.#index;
    this.#version = certificates.version;
    const view = certificates.bind(this.#proxy, this.#at) ?? { key: '', entries: [], defaults: [] };
    if (this.#index !== null && view === this.#view && this.#sameNames()) return this.#index;
    const ids = new Set([...view.entries, ...view.defaults].map(({ id }) => id));
    for (const [id, context] of this.#contexts) if (!ids.has(id)) this.#env.tlsContexts.forget(context);
    this.#view = view;
    this.#names = new Map();
    this.#index = new SniIndex(view, (id) => {
      const certificate = certificates.certificates.get(id);
      if (certificate !== undefined) this.#names.set(id, certificate.names);
      return certificate;
    });
    return this.#index;
  }

  #sameNames(): boolean {
    const { certificates } = this.#env.certificates;
    for (const [id, names] of this.#names) {
      const now = certificates.get(id)?.names;
      if (now !== names && now?.join() !== names.join()) return false;
    }
    return true;
  }

  #context(entry: SniEntryView): ServerContext {
    const { tlsContexts, certificates, global } = this.#env;
    const many = this.#view!.entries.length > global.tls.contexts;
    const basis: ContextBasis = { certificates, config: this.#config, global: global.tls, many };
    let context = this.#contexts.get(entry.id);
    if (context === undefined || !isCurrent(context, entry, basis)) {
      if (context !== undefined) tlsContexts.forget(context);
      const spare = many ? tlsContexts.giveUp(this.#contexts) : null;
      context = (spare === null ? null : remakeServerContext(spare, basis, entry)) ?? buildServerContext(basis, entry);
      this.#contexts.set(entry.id, context);
    }
    tlsContexts.use(context, this.#contexts);
    return context;
  }
}
