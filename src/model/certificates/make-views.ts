import { readOcspResponse } from './ocsp.ts';
import { CLOCK_SKEW } from './ocsp-check.ts';
import type {
  CertificateStore,
  StoredBind,
  StoredCertificate,
  StoredEntry,
  StoredTicketKeys,
  StoredTrust,
} from './store.ts';
import type { BindTlsView, CertificateView, SniEntryView, TicketKeysView, TlsState, TrustView } from './views.ts';

/** All that a traffic thread starts with. */
export function tlsState(store: CertificateStore): TlsState {
  return {
    certificates: [...store.certificates.values()].flatMap((one) => certificateView(one) ?? []),
    trusts: [...store.trusts.values()].filter(({ path }) => isTrustUsed(store, path)).map(trustView),
    ticketKeys: [...store.ticketKeys.values()].map(ticketKeysView),
    binds: [...store.binds.values()].map((bind) => bindView(store, bind)),
  };
}

/** null while it has no content, or no key. */
export function certificateView({ id, path, content }: StoredCertificate): CertificateView | null {
  if (content === null || content.key === null) return null;
  const { key, keyType, dh, names, ocsp } = content;
  const chain = content.sent ?? content.chain;
  return { id, path, chain, key, keyType, dh, names, ocsp, ocspEnds: ocsp === null ? 0 : shownUntil(ocsp) };
}

/** A little before it ends, as HAProxy does: clocks of clients are not all right. */
function shownUntil(ocsp: Uint8Array): number {
  const { nextUpdate } = readOcspResponse(Buffer.from(ocsp));
  return nextUpdate === null ? Number.POSITIVE_INFINITY : nextUpdate - CLOCK_SKEW;
}

export function trustView({ path, content }: StoredTrust): TrustView {
  return { path, certificates: content?.certificates ?? [], crls: content?.crls ?? [] };
}

/** The key before the last one encrypts: the last one is known to other nodes before it is used (manual, `tls-ticket-keys`). */
export function ticketKeysView({ path, keys }: StoredTicketKeys): TicketKeysView {
  return { path, keys, current: Math.max(0, keys.length - 2) };
}

/** The entries of a `bind` line, those of its crt-lists as they are now. */
export function bindView(store: CertificateStore, bind: StoredBind): BindTlsView {
  const entries = bind.sources.flatMap((source) => ('list' in source ? entriesOf(store, source.list) : source.entries));
  return { key: bind.key, entries, defaults: defaultsOf(store, bind, entries) };
}

function entriesOf(store: CertificateStore, list: string): SniEntryView[] {
  return (store.lists.get(list)?.entries ?? []).map((entry) => entryView(store, entry));
}

/** What the traffic threads get of a line of a crt-list. */
export function entryView(store: CertificateStore, { id, certificate, filters, options }: StoredEntry): SniEntryView {
  return {
    id,
    certificate: store.certificate(certificate)!.id,
    filters: filters.length === 0 ? null : filters.map((filter) => filter.toLowerCase()),
    options,
  };
}

/** What is shown where no name fits: `default-crt`, else the first entry, with those of its bundle. */
function defaultsOf(
  store: CertificateStore,
  { defaults }: StoredBind,
  entries: readonly SniEntryView[],
): SniEntryView[] {
  if (defaults.length > 0) {
    const ids = new Set(defaults.map((path) => store.certificate(path)!.id));
    return entries.filter(({ certificate }, i) => i < defaults.length && ids.has(certificate));
  }
  const pathOf = (entry: SniEntryView) =>
    [...store.certificates.values()].find(({ id }) => id === entry.certificate)!.path;
  const [first] = entries;
  if (first === undefined) return [];
  const bundle = /^(.*)\.(dsa|ecdsa|rsa)$/.exec(pathOf(first))?.[1];
  const others =
    bundle === undefined
      ? []
      : entries
          .slice(1, 3)
          .filter((entry) => /\.(dsa|ecdsa|rsa)$/.test(pathOf(entry)) && pathOf(entry).startsWith(`${bundle}.`));
  return [first, ...others];
}

/** How many instances of a certificate there are: entries of bind lines, and servers. */
export function certificateUses(store: CertificateStore, path: string): number {
  const id = store.certificate(path)?.id;
  let uses = store.servers().filter(({ certificate }) => certificate === path).length;
  for (const { sources } of store.binds.values()) {
    for (const source of sources) {
      if ('list' in source)
        for (const entry of store.lists.get(source.list)?.entries ?? []) uses += Number(entry.certificate === path);
      else for (const entry of source.entries) uses += Number(entry.certificate === id);
    }
  }
  return uses;
}

/** How often something verifies with a CA or CRL file: instances of certificates, and servers. */
export function trustUses(store: CertificateStore, path: string): number {
  const verifying = ({ path: one, verifies }: { readonly path: string; readonly verifies: boolean }) =>
    one === path && verifies;
  let uses = store.servers().filter(({ trusts }) => trusts.some(verifying)).length;
  for (const bind of store.binds.values()) {
    if (bind.trusts.some(verifying)) uses += bindView(store, bind).entries.length;
    else uses += bindView(store, bind).entries.filter(({ options }) => namesTrust(options, path)).length;
  }
  return uses;
}

/** Whether any line names a CA or CRL file. */
export function isTrustUsed(store: CertificateStore, path: string): boolean {
  const named = ({ path: one }: { readonly path: string }) => one === path;
  if (store.servers().some(({ trusts }) => trusts.some(named))) return true;
  for (const { trusts } of store.binds.values()) if (trusts.some(named)) return true;
  for (const { entries } of store.lists.values())
    if (entries.some(({ options }) => namesTrust(options, path))) return true;
  return false;
}

function namesTrust(options: SniEntryView['options'], path: string): boolean {
  return options !== null && (options.caFile === path || options.caVerifyFile === path || options.crlFile === path);
}
