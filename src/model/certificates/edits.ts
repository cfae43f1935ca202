/** Edits of the store in memory: each gives what the traffic threads must be told. */
import type { CertificateContent, TrustContent } from '../../config/certificates.ts';
import { withChain } from './chain.ts';
import { bindView, certificateView, entryView, isTrustUsed, ticketKeysView, trustView } from './make-views.ts';
import { certIdOfContent } from './ocsp.ts';
import type { CertificateStore, StoredCertificate, StoredEntry, StoredList, StoredTicketKeys } from './store.ts';
import type { TlsUpdate } from './views.ts';

const NO_FILES = { crt: null, key: null, ocsp: null, issuer: null, sctl: null };

/** Adds an empty certificate, or one with a content. */
export function addCertificate(store: CertificateStore, path: string, said: CertificateContent | null): TlsUpdate {
  const content = said && withChain(said, store.chains);
  const made: StoredCertificate = {
    ...{ id: store.newId(), path, also: null, content, files: NO_FILES, shown: NO_FILES },
    ...{ digest: null, edited: false, ocspUpdate: null, jwt: false, words: {}, inStore: false },
  };
  store.certificates.set(path, made);
  return { put: views(made) };
}

/** Gives a certificate another content. */
export function setContent(
  store: CertificateStore,
  old: StoredCertificate,
  said: CertificateContent | null,
): TlsUpdate {
  const content = said && withChain(said, store.chains);
  const made = { ...old, content, edited: true };
  store.certificates.set(old.path, made);
  for (const [key, path] of store.formerOcsp) if (path === old.path) store.formerOcsp.delete(key);
  if (old.content?.ocsp != null && content !== null) {
    const key = certIdOfContent(old.content)?.toString('hex');
    if (key !== undefined && key !== certIdOfContent(content)?.toString('hex')) store.formerOcsp.set(key, old.path);
  }
  return { put: views(made), ...(content === null ? { drop: { certificates: [old.id] } } : {}) };
}

/** Gives a certificate a response that was fetched for it: it is no edit of anybody's. */
export function setResponse(store: CertificateStore, old: StoredCertificate, ocsp: Uint8Array): TlsUpdate {
  const made = { ...old, content: { ...old.content!, ocsp } };
  store.certificates.set(old.path, made);
  return { put: views(made) };
}

function views(stored: StoredCertificate): TlsUpdate['put'] {
  const view = certificateView(stored);
  return view === null ? {} : { certificates: [view] };
}

export function dropCertificate(store: CertificateStore, { id, path }: StoredCertificate): TlsUpdate {
  store.certificates.delete(path);
  for (const [key, one] of store.formerOcsp) if (one === path) store.formerOcsp.delete(key);
  return { put: {}, drop: { certificates: [id] } };
}

/** Adds a CA or CRL file, or gives it another content. */
export function setTrust(
  store: CertificateStore,
  kind: 'ca' | 'crl',
  path: string,
  content: TrustContent | null,
): TlsUpdate {
  const old = store.trusts.get(path);
  const made = { path, kind, content, digest: old?.digest ?? null, edited: old !== undefined };
  store.trusts.set(path, made);
  return isTrustUsed(store, path) ? { put: { trusts: [trustView(made)] } } : { put: {} };
}

export function dropTrust(store: CertificateStore, path: string): TlsUpdate {
  store.trusts.delete(path);
  return { put: {} };
}

/** Adds a line to a crt-list: behind all others, or where it was. */
export function addEntry(
  store: CertificateStore,
  list: StoredList,
  line: Omit<StoredEntry, 'id' | 'line'>,
  at: number | null,
): TlsUpdate {
  const entry = { ...line, id: store.newId(), line: at ?? list.lines + 1 };
  const position = at === null ? -1 : list.entries.findIndex((one) => one.line > at);
  const entries = position < 0 ? [...list.entries, entry] : list.entries.toSpliced(position, 0, entry);
  const fresh = trustsOf(entry).filter((path) => !isTrustUsed(store, path));
  store.lists.set(list.path, { ...list, entries, edited: true, lines: Math.max(list.lines, entry.line) });
  const trusts = fresh.flatMap((path) => store.trusts.get(path) ?? []).map(trustView);
  const binds = bindsOf(store, list.path);
  // Behind others it is all that is new; in between the order counts.
  const alone =
    position < 0 &&
    binds.every(({ sources }) => sources.at(-1)! === sources.find((one) => 'list' in one && one.list === list.path));
  if (!alone || binds.some((bind) => bindView(store, bind).entries.length === 1))
    return { put: { trusts, binds: binds.map((bind) => bindView(store, bind)) } };
  return { put: { trusts }, entries: binds.map(({ key }) => ({ key, add: [entryView(store, entry)], remove: [] })) };
}

function trustsOf({ options }: Pick<StoredEntry, 'options'>): string[] {
  return [options?.caFile, options?.caVerifyFile, options?.crlFile].filter((path) => path != null);
}

export function dropEntry(store: CertificateStore, list: StoredList, { id }: StoredEntry): TlsUpdate {
  store.lists.set(list.path, { ...list, entries: list.entries.filter((one) => one.id !== id), edited: true });
  return { put: {}, entries: bindsOf(store, list.path).map(({ key }) => ({ key, add: [], remove: [id] })) };
}

function bindsOf(store: CertificateStore, list: string) {
  return [...store.binds.values()].filter(({ sources }) =>
    sources.some((source) => 'list' in source && source.list === list),
  );
}

/** Other ticket keys in a file's place. */
export function setTicketKeys(store: CertificateStore, old: StoredTicketKeys, keys: readonly Uint8Array[]): TlsUpdate {
  const made = { ...old, keys, edited: true };
  store.ticketKeys.set(old.path, made);
  return { put: { ticketKeys: [ticketKeysView(made)] } };
}
