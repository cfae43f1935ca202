import { isDeepStrictEqual } from 'node:util';
import type { BindSourcesConfig, CertificatesConfig, CrtListConfig, TrustConfig } from '../../config/certificates.ts';
import { workingPeers } from '../../config/finish-peers.ts';
import type { BindConfig, Config, TlsOptions } from '../../config/types.ts';
import { OWN_CHAINS, withChain } from '../../model/certificates/chain.ts';
import {
  bindView,
  certificateView,
  isTrustUsed,
  ticketKeysView,
  trustView,
} from '../../model/certificates/make-views.ts';
import { serverUses } from '../../model/certificates/server-uses.ts';
import type { CertificateStore, StoredBind, StoredList } from '../../model/certificates/store.ts';
import { bindTlsKey, PEERS_ID, type SniEntryView, type TlsUpdate } from '../../model/certificates/views.ts';

/** What a configuration makes of the certificates in memory; nothing of it is in force yet. */
export interface StagedCertificates {
  readonly store: CertificateStore;
  /** What is new: to be known to the threads before sockets that use it open. */
  readonly early: TlsUpdate;
  /** What takes the place of something, and what goes: together with the proxies that use it. */
  readonly late: TlsUpdate;
}

const NOTHING: CertificatesConfig = {
  ...{ certificates: [], trusts: [], lists: [], ticketKeys: [], binds: [] },
  chains: OWN_CHAINS,
};

/**
 * Takes the certificates of a configuration into a copy of the store: those whose files are as they were stay as they are, with what
 * was edited live. Where a file has changed it wins; edits that stand all the same are made again afterwards (`settleReload`).
 * `proxyId`: the id of the frontend of a name.
 */
export function stageCertificates(
  now: CertificateStore,
  config: Config,
  proxyId: (frontend: string) => number,
): StagedCertificates {
  const loaded = config.certificates ?? NOTHING;
  const store = now.copy();
  stageFiles(store, loaded);
  stageChains(now, store, loaded);
  stageTrusts(store, loaded.trusts);
  stageLists(store, loaded.lists);
  stageTicketKeys(store, loaded);
  stageBinds(store, config, loaded.binds, proxyId);
  // Servers that were added live may stay, or go a little later.
  const peers = workingPeers(config).flatMap((section) => section.peers);
  const servers = [...serverUses([...config.proxies.flatMap((proxy) => proxy.servers), ...peers]), ...now.servers()];
  store.followServers(() => servers);
  return { store, ...difference(now, store) };
}

function stageFiles(store: CertificateStore, { certificates }: CertificatesConfig): void {
  const paths = new Set(certificates.map(({ path }) => path));
  for (const [path, { digest }] of store.certificates)
    if (digest !== null && !paths.has(path)) store.certificates.delete(path);
  for (const config of certificates) {
    const old = store.certificates.get(config.path);
    const { order: _, content, ...said } = config;
    // What was allowed or not live stays so while the configuration says the same.
    const jwt = old !== undefined && old.words.jwt === said.words.jwt ? old.jwt : said.jwt;
    const same = old !== undefined && old.digest === said.digest;
    const made = same ? old : { id: old?.id ?? store.newId(), content, edited: false };
    store.certificates.set(said.path, { ...made, ...said, jwt });
  }
}

/** Chains are completed as is said now: of all certificates where that is something else, else of those that are new. */
function stageChains(now: CertificateStore, store: CertificateStore, { chains }: CertificatesConfig): void {
  store.chains = chains;
  const same = isDeepStrictEqual(now.chains, chains);
  for (const [path, stored] of store.certificates) {
    const { content } = stored;
    if (content === null || (same && now.certificates.get(path)?.content === content)) continue;
    store.certificates.set(path, { ...stored, content: withChain(content, chains) });
  }
}

function stageTrusts(store: CertificateStore, trusts: readonly TrustConfig[]): void {
  const paths = new Set(trusts.map(({ path }) => path));
  for (const [path, { digest }] of store.trusts) if (digest !== null && !paths.has(path)) store.trusts.delete(path);
  for (const config of trusts) {
    const old = store.trusts.get(config.path);
    if (old !== undefined && old.digest === config.digest && old.kind === config.kind) continue;
    store.trusts.set(config.path, { ...config, edited: false });
  }
}

function stageLists(store: CertificateStore, lists: readonly CrtListConfig[]): void {
  const paths = new Set(lists.map(({ path }) => path));
  for (const path of store.lists.keys()) if (!paths.has(path)) store.lists.delete(path);
  for (const config of lists) {
    const old = store.lists.get(config.path);
    if (old?.edited && old.digest === config.digest) {
      // Certificates that have gone with the configuration cannot be shown.
      const entries = old.entries.filter(({ certificate }) => store.certificates.has(certificate));
      store.lists.set(config.path, { ...old, entries });
      continue;
    }
    store.lists.set(config.path, { ...config, edited: false, entries: withIds(store, config, old) });
  }
}

/** Entries that are as they were keep their ids. */
function withIds(
  store: CertificateStore,
  { entries }: CrtListConfig,
  old: StoredList | undefined,
): StoredList['entries'] {
  const known = new Map((old?.entries ?? []).map((entry) => [`${entry.line} ${entry.certificate}`, entry]));
  return entries.map((entry) => {
    const before = known.get(`${entry.line} ${entry.certificate}`);
    if (before !== undefined && isDeepStrictEqual({ ...entry, id: before.id }, before)) return before;
    return { ...entry, id: store.newId() };
  });
}

function stageTicketKeys(store: CertificateStore, { ticketKeys }: CertificatesConfig): void {
  const before = new Map(store.ticketKeys);
  store.ticketKeys.clear();
  // Those of files are numbered first.
  for (const config of ticketKeys) {
    const old = before.get(config.path);
    const same = old !== undefined && old.digest === config.digest;
    store.ticketKeys.set(config.path, same ? old : { ...config, edited: false });
  }
  store.ticketKeys.set('', before.get('')!);
}

function stageBinds(
  store: CertificateStore,
  config: Config,
  binds: readonly BindSourcesConfig[],
  proxyId: (frontend: string) => number,
): void {
  const before = new Map(store.binds);
  store.binds.clear();
  const lines = bindLines(config);
  for (const { proxy, ofPeers, at, defaults, sources } of binds) {
    const key = bindTlsKey(ofPeers ? PEERS_ID : proxyId(proxy), at);
    const { tls } = lines.get(`${at.file}:${at.line}`)!;
    const spare = spareEntries(before.get(key));
    store.binds.set(key, {
      ...{ key, proxy, at, defaults },
      sources: sources.map((source) =>
        'list' in source ? source : { entries: source.certificates.map((path) => entryFor(store, path, spare)) },
      ),
      trusts: trustsOf(tls!.options),
      ticketKeys: tls!.ticketKeys,
      strictSni: tls!.strictSni,
    });
  }
}

function bindLines({ proxies, peers }: Config): ReadonlyMap<string, BindConfig> {
  const binds = [...proxies.flatMap((proxy) => proxy.binds), ...peers.flatMap(({ bind }) => bind ?? [])];
  return new Map(binds.map((bind) => [`${bind.at.file}:${bind.at.line}`, bind]));
}

/** Entries that a line had, by certificate: those that stay keep their ids. */
function spareEntries(bind: StoredBind | undefined): Map<number, SniEntryView[]> {
  const spare = new Map<number, SniEntryView[]>();
  for (const source of bind?.sources ?? [])
    for (const entry of 'list' in source ? [] : source.entries)
      spare.set(entry.certificate, [...(spare.get(entry.certificate) ?? []), entry]);
  return spare;
}

function entryFor(store: CertificateStore, path: string, spare: Map<number, SniEntryView[]>): SniEntryView {
  const { id } = store.certificate(path)!;
  return spare.get(id)?.shift() ?? { id: store.newId(), certificate: id, filters: null, options: null };
}

function trustsOf({ verify, caFile, caVerifyFile, crlFile }: TlsOptions): StoredBind['trusts'] {
  const verifies = verify === 'optional' || verify === 'required';
  return [caFile, caVerifyFile, crlFile].flatMap((path) => (path === null ? [] : { path, verifies }));
}

/** What the threads must be told to get from one store to the other. */
function difference(
  now: CertificateStore,
  next: CertificateStore,
): { readonly early: TlsUpdate; readonly late: TlsUpdate } {
  const certificates = [...next.certificates.values()].filter(
    (one) => now.certificates.get(one.path)?.content !== one.content,
  );
  const trusts = [...next.trusts.values()].filter(
    ({ path, content }) =>
      isTrustUsed(next, path) && !(now.trusts.get(path)?.content === content && isTrustUsed(now, path)),
  );
  const ticketKeys = [...next.ticketKeys.values()].filter((one) => now.ticketKeys.get(one.path) !== one);
  const binds = [...next.binds.values()].map((bind) => ({ view: bindView(next, bind), old: now.binds.get(bind.key) }));
  const changed = binds.filter(({ view, old }) => old === undefined || !isDeepStrictEqual(bindView(now, old), view));
  const isNew =
    <T extends { readonly path: string }>(known: ReadonlyMap<string, unknown>) =>
    (one: T) =>
      !known.has(one.path);
  const views = (all: typeof certificates) => all.flatMap((one) => certificateView(one) ?? []);
  const kept = new Set([...next.certificates.values()].map(({ id }) => id));
  return {
    early: {
      put: {
        certificates: views(certificates.filter(isNew(now.certificates))),
        trusts: trusts.filter(({ path }) => !isTrustUsed(now, path)).map(trustView),
        ticketKeys: ticketKeys.filter(isNew(now.ticketKeys)).map(ticketKeysView),
        binds: changed.filter(({ old }) => old === undefined).map(({ view }) => view),
      },
    },
    late: {
      put: {
        certificates: views(certificates.filter((one) => !isNew(now.certificates)(one))),
        trusts: trusts.filter(({ path }) => isTrustUsed(now, path)).map(trustView),
        ticketKeys: ticketKeys.filter((one) => !isNew(now.ticketKeys)(one)).map(ticketKeysView),
        binds: changed.filter(({ old }) => old !== undefined).map(({ view }) => view),
      },
      drop: {
        certificates: [...now.certificates.values()].filter(({ id }) => !kept.has(id)).map(({ id }) => id),
        trusts: [...now.trusts.keys()].filter((path) => isTrustUsed(now, path) && !isTrustUsed(next, path)),
        ticketKeys: [...now.ticketKeys.keys()].filter((path) => !next.ticketKeys.has(path)),
        binds: [...now.binds.keys()].filter((key) => !next.binds.has(key)),
      },
    },
  };
}
