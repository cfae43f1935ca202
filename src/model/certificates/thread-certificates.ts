import type { Location } from '../../config/types.ts';
import {
  type BindTlsView,
  bindTlsKey,
  type CertificateView,
  type TicketKeysView,
  type TlsState,
  type TlsUpdate,
  type TrustView,
} from './views.ts';

/** The certificates, trust stores and ticket keys of one thread, by what names them. */
export class ThreadCertificates {
  readonly certificates = new Map<number, CertificateView>();
  readonly certificatesByPath = new Map<string, CertificateView>();
  readonly trusts = new Map<string, TrustView>();
  readonly ticketKeys = new Map<string, TicketKeysView>();
  readonly #binds = new Map<string, BindTlsView>();
  readonly #listeners: ((update: TlsUpdate) => void)[] = [];
  /** Counts the updates. */
  version = 0;

  constructor(state: TlsState = { certificates: [], trusts: [], ticketKeys: [], binds: [] }) {
    this.#put(state);
  }

  /** Has `listener` called after each update, with what has changed: contexts that were built from it are out of date. */
  onUpdate(listener: (update: TlsUpdate) => void): void {
    this.#listeners.push(listener);
  }

  /** The certificates of a `bind` line of a proxy; null when it has none. */
  bind(proxy: number, at: Location): BindTlsView | null {
    return this.#binds.get(bindTlsKey(proxy, at)) ?? null;
  }

  /** Puts an update in force. */
  update(update: TlsUpdate): void {
    const { drop = {} } = update;
    this.version++;
    for (const key of drop.binds ?? []) this.#binds.delete(key);
    for (const path of drop.trusts ?? []) this.trusts.delete(path);
    for (const path of drop.ticketKeys ?? []) this.ticketKeys.delete(path);
    for (const id of drop.certificates ?? []) this.#forget(id);
    this.#put(update.put);
    for (const { key, add, remove } of update.entries ?? []) {
      const bind = this.#binds.get(key);
      if (bind === undefined) continue;
      const stays = ({ id }: { readonly id: number }) => !remove.includes(id);
      this.#binds.set(key, {
        ...bind,
        entries: [...bind.entries.filter(stays), ...add],
        defaults: bind.defaults.filter(stays),
      });
    }
    for (const listener of this.#listeners) listener(update);
  }

  #put({ certificates = [], trusts = [], ticketKeys = [], binds = [] }: Partial<TlsState>): void {
    for (const view of certificates) {
      this.#forget(view.id);
      this.certificates.set(view.id, view);
      this.certificatesByPath.set(view.path, view);
    }
    for (const view of trusts) this.trusts.set(view.path, view);
    for (const view of ticketKeys) this.ticketKeys.set(view.path, view);
    for (const view of binds) this.#binds.set(view.key, view);
  }

  #forget(id: number): void {
    const view = this.certificates.get(id);
    if (view === undefined) return;
    this.certificates.delete(id);
    if (this.certificatesByPath.get(view.path) === view) this.certificatesByPath.delete(view.path);
  }
}
