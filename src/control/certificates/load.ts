import { formatAddress } from '../../config/address.ts';
import type { BindSourcesConfig, CertificatesConfig } from '../../config/certificates.ts';
import { workingPeers } from '../../config/finish-peers.ts';
import type {
  BindConfig,
  Config,
  Diagnostic,
  Location,
  ProxyConfig,
  ServerConfig,
  TlsOptions,
} from '../../config/types.ts';
import { OWN_CHAINS } from '../../model/certificates/chain.ts';
import { CertificateError } from '../../model/certificates/content.ts';
import type { Known } from './certificate-reader.ts';
import { type CertificateCollection, collectCertificates } from './collection.ts';
import { readChainSettings } from './issuers.ts';

/** Files with open keys that are named, when there are many. */
const NAMED = 3;

/** What the last configuration read: files that are as they were are not read again by the next. */
let known: Known = new Map();

/** Reads the files that a configuration names for TLS. What is wrong is in `problems`, as HAProxy says it. */
export function loadCertificates(config: Config): {
  readonly certificates: CertificatesConfig;
  readonly problems: readonly Diagnostic[];
} {
  const problems: Diagnostic[] = [];
  const attempt = (at: Location | null, front: string, work: () => void, form: Diagnostic['form'] = 'parsing') => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      // What HAProxy says of authorities is a line of its own, and so is where they are named.
      const file = /^Couldn't open the ca-file '(.*)' \(/.exec(error.message)?.[1];
      if (file !== undefined) problems.push({ severity: 'alert', at: null, text: error.message });
      const sentence = `${error.message}${error.message.endsWith('!') ? '' : '.'}`;
      const text = file === undefined ? sentence : `unable to load ${file}`;
      problems.push({ severity: 'alert', at, text: `${front}${text}`, form });
    }
  };
  let chains = OWN_CHAINS;
  attempt(config.global.at['issuers-chain-path'] ?? null, '', () => {
    chains = readChainSettings(config.global);
  });
  const collection = collectCertificates(config, known, chains);
  for (const { loads } of config.crtStores) for (const load of loads) attempt(load.at, '', () => collection.load(load));
  for (const { name, sslUses } of config.proxies) if (sslUses.length > 0) collection.uses(`@${name}`, sslUses, attempt);
  const binds: BindSourcesConfig[] = [];
  for (const proxy of config.proxies)
    for (const bind of linesOf(proxy.binds)) {
      const front = `'bind ${formatAddress(bind.address)}' in section '${proxy.kind}' : `;
      binds.push(loadBind(proxy.name, bind, collection, (work, what = '') => attempt(bind.at, front + what, work)));
    }
  const sections = workingPeers(config);
  for (const { name, bind } of sections) {
    if (bind?.tls == null) continue;
    const front = `'bind ${formatAddress(bind.address)}' in section 'peers' : `;
    const sources = loadBind(name, bind, collection, (work, what = '') => attempt(bind.at, front + what, work));
    binds.push({ ...sources, ofPeers: true });
  }
  for (const proxy of config.proxies)
    for (const server of serversOf(proxy)) {
      const front = `'server ${proxy.name}/${server.name}' : `;
      loadServer(server, collection, (work, what = '') => attempt(server.at, front + what, work, 'server'));
    }
  for (const { name, peers } of sections)
    for (const peer of peers) {
      const front = `'server ${name}/${peer.name}' : `;
      if (peer.tls !== null)
        loadServer(peer, collection, (work, what = '') => attempt(peer.at, front + what, work, 'server'));
    }
  problems.push(
    ...collection.warnings.map((text): Diagnostic => ({ severity: 'warning', at: null, text })),
    ...collection.remarks.map((text): Diagnostic => ({ severity: 'notice', at: null, text, verbose: true })),
    ...exposure(collection),
  );
  ({ known } = collection);
  const { certificates, trusts, lists, ticketKeys } = collection.found;
  return {
    certificates: {
      certificates: [...certificates.values()],
      trusts: [...trusts.values()],
      lists: [...lists.values()],
      ticketKeys: [...ticketKeys.values()],
      ...{ binds, chains },
    },
    problems,
  };
}

/** One bind of each line with TLS: its sockets have all of it in common. */
function linesOf(binds: readonly BindConfig[]): readonly BindConfig[] {
  const lines = new Map<string, BindConfig>();
  for (const bind of binds) {
    const line = `${bind.at.file}:${bind.at.line}`;
    if (bind.tls !== null && !lines.has(line)) lines.set(line, bind);
  }
  return [...lines.values()];
}

type Attempt = (work: () => void, what?: string) => void;

function loadBind(
  proxy: string,
  { tls, at }: BindConfig,
  collection: CertificateCollection,
  attempt: Attempt,
): BindSourcesConfig {
  const { crts, defaultCrts, crtLists, ticketKeys, ocspUpdate, options } = tls!;
  const use = { at, ocspUpdate };
  const sources: BindSourcesConfig['sources'][number][] = [];
  const defaults: string[] = [];
  for (const path of defaultCrts)
    attempt(() => {
      const named = collection.crt(path, use);
      if ('list' in named) throw new CertificateError(`'default-crt' : '${path}' is a folder`);
      defaults.push(...named.certificates);
      sources.push(named);
    });
  for (const path of crts) attempt(() => void sources.push(collection.crt(path, use)));
  for (const path of crtLists)
    attempt(() => {
      collection.list(path, use);
      sources.push({ list: path.replace(/(?<=.)\/+$/, '') });
    }, "'crt-list' : ");
  loadTrusts(options, at, collection, attempt);
  if (ticketKeys !== null) attempt(() => collection.ticketKeys(ticketKeys, at));
  return { proxy, ofPeers: false, at, defaults, sources };
}

/** `ca-file`, `ca-verify-file`, `crl-file` of a line. */
function loadTrusts(
  { caFile, caVerifyFile, crlFile }: Pick<TlsOptions, 'caFile' | 'caVerifyFile' | 'crlFile'>,
  at: Location,
  collection: CertificateCollection,
  attempt: Attempt,
): void {
  if (caFile !== null) attempt(() => collection.trust('ca', caFile, at), "'ca-file' : ");
  if (caVerifyFile !== null) attempt(() => collection.trust('ca', caVerifyFile, at), "'ca-verify-file' : ");
  if (crlFile !== null) attempt(() => collection.trust('crl', crlFile, at), "'crl-file' : ");
}

/** One server of each line: those of a template have all of it in common. */
function serversOf({ servers }: ProxyConfig): readonly ServerConfig[] {
  const lines = new Map<string, ServerConfig>();
  for (const server of servers) {
    const line = `${server.at.file}:${server.at.line}`;
    if (server.tls !== null && !lines.has(line)) lines.set(line, server);
  }
  return [...lines.values()];
}

function loadServer(
  { tls, at }: Pick<ServerConfig, 'tls' | 'at'>,
  collection: CertificateCollection,
  attempt: Attempt,
): void {
  const { crt, options } = tls!;
  if (crt !== null)
    attempt(() => {
      const named = collection.crt(crt, { at, ocspUpdate: null, server: true });
      if ('list' in named || named.certificates.length > 1)
        throw new CertificateError(`'crt' : '${crt}' is more than one certificate, and a server is shown one`);
    });
  loadTrusts(options, at, collection, attempt);
}

function exposure({ exposed }: CertificateCollection): Diagnostic[] {
  const files = [...exposed];
  const text = ([file, what]: readonly [string, string]) =>
    `everybody on this machine can read the ${what} in '${file}': take that right away (chmod o-r).`;
  const named = files.slice(0, NAMED).map(text);
  const more = files.length - NAMED;
  if (more > 0) named.push(`everybody on this machine can read the keys in ${more} more files.`);
  return named.map((one) => ({ severity: 'warning', at: null, text: one }));
}
