import type { CertificateContent, CertificatesConfig, CrtListEntry, TrustContent } from '../../config/certificates.ts';
import { OWN_CHAINS } from '../../model/certificates/chain.ts';
import { parseCrtListLine } from '../../model/certificates/crt-list-line.ts';
import type { Model } from '../../model/model.ts';
import type { Change } from '../change.ts';
import { partsOf } from '../rows/certificates/content.ts';
import { allKeys, certificatesOf, findTicketKeys } from '../rows/certificates/tls.ts';
import type { Layers, Place } from './attribute.ts';
import {
  certificateText,
  entryOptions,
  entryText,
  responseText,
  ticketKeysText,
  trustText,
} from './certificate-texts.ts';

/** The objects that hold certificates and what goes with them. */
export type CertificateKind = 'cert' | 'ca-file' | 'crl-file' | 'crt-list' | 'ticket-key';

type Read = Omit<Layers, keyof Place>;
type CertificateChange = Extract<
  Change,
  { readonly kind: `cert.${string}` | `trust.${string}` | `crt-list.${string}` | 'ocsp.set' | 'ticket-key.set' }
>;

const ABSENT = '(absent)';
const EMPTY = '(empty)';
/** Attributes: all of a certificate but its OCSP response; that; all keys of a file; lines of a crt-list. */
const CONTENT = 'content';
export const RESPONSE = 'OCSP response';
const KEYS = 'keys';
const ENTRY = 'line ';

export function isCertificateChange(change: Change): change is CertificateChange {
  return /^(cert|trust|crt-list)\.|^(ocsp|ticket-key)\.set$/.test(change.kind);
}

/** What a Change sets of certificates and what goes with them. */
export function certificatePlaces(change: CertificateChange, model: Model): readonly Place[] {
  switch (change.kind) {
    case 'cert.jwt':
      return [];
    case 'cert.new':
    case 'cert.set':
    case 'cert.del': {
      const object = model.certificates.certificate(change.path)?.path ?? change.path;
      return [CONTENT, RESPONSE].map((attribute) => ({ type: 'cert', object, attribute }));
    }
    case 'ocsp.set':
      return certificatesOf(change, model).map((object) => ({ type: 'cert', object, attribute: RESPONSE }));
    case 'trust.new':
    case 'trust.add':
    case 'trust.set':
    case 'trust.del':
      return [{ type: change.store, object: change.file, attribute: CONTENT }];
    case 'ticket-key.set': {
      const object = findTicketKeys(model, change.keys)?.path ?? change.keys;
      return [{ type: 'ticket-key', object, attribute: KEYS }];
    }
    default:
      return linePlaces(change, model);
  }
}

function linePlaces(
  change: Extract<CertificateChange, { readonly kind: `crt-list.${string}` }>,
  { certificates, config }: Model,
): readonly Place[] {
  const { list: object, certificate } = change;
  const place = (entry: Omit<CrtListEntry, 'line'>): Place => ({
    ...{ type: 'crt-list', object, attribute: ENTRY + entryText(entry) },
  });
  if (change.kind === 'crt-list.add') {
    const text = [certificate, change.options, ...change.filters].filter((word) => word !== '').join(' ');
    const entry = parseCrtListLine(text, '', config.global.caBase);
    return entry === null || 'error' in entry ? [] : [place(entry)];
  }
  const entries = certificates.lists.get(object)?.entries.filter((one) => one.certificate === certificate) ?? [];
  return entries.filter(({ line }) => change.line === null || line === change.line).map(place);
}

/** What the files say of certificates and what goes with them, and what is in force; null where neither knows the object. */
export function certificateLayers(place: Place & { readonly type: CertificateKind }, model: Model): Read | null {
  const { object, attribute } = place;
  const said = (model.config.certificates && filed(model.config.certificates)) ?? NOTHING;
  switch (place.type) {
    case 'cert': {
      const ofFile = said.certificates.get(object)?.content ?? null;
      const stored = model.certificates.certificates.get(object);
      const live = stored === undefined ? ABSENT : stored.content;
      if (attribute === CONTENT) return contentLayers(object, ofFile, live);
      const isFetched = stored?.ocspUpdate ?? model.config.global.tls.ocspUpdate.mode;
      return live === ABSENT || live === null || isFetched ? null : responseLayers(ofFile, live);
    }
    case 'crt-list':
      return lineLayers(object, attribute.slice(ENTRY.length), said.lists.get(object)?.entries ?? [], model);
    case 'ticket-key': {
      const [file, live] = [said.ticketKeys.get(object), model.certificates.ticketKeys.get(object)];
      return file === undefined || live === undefined ? null : keyLayers(object, file.keys, live.keys);
    }
    default: {
      const file = said.trusts.get(object);
      const live = model.certificates.trust(place.type === 'ca-file' ? 'ca' : 'crl', object);
      return trustLayers(place.type, object, file?.content ?? null, live === null ? ABSENT : live.content);
    }
  }
}

/** What the files said when they were read, by path. */
type Filed = {
  readonly [K in 'certificates' | 'trusts' | 'lists' | 'ticketKeys']: ReadonlyMap<
    string,
    CertificatesConfig[K][number]
  >;
};

function filed(config: CertificatesConfig): Filed {
  const found = known.get(config) ?? {
    certificates: byPath(config.certificates),
    trusts: byPath(config.trusts),
    lists: byPath(config.lists),
    ticketKeys: byPath(config.ticketKeys),
  };
  known.set(config, found);
  return found;
}

function byPath<T extends { readonly path: string }>(all: readonly T[]): ReadonlyMap<string, T> {
  return new Map(all.map((one) => [one.path, one]));
}

const known = new WeakMap<CertificatesConfig, Filed>();
const NOTHING = filed({
  ...{ certificates: [], trusts: [], lists: [], ticketKeys: [], binds: [] },
  chains: OWN_CHAINS,
});

/** A content, `null` for what was made and not filled yet. */
type Live<T> = T | null | typeof ABSENT;

function contentLayers(path: string, said: CertificateContent | null, live: Live<CertificateContent>): Read {
  const tell = (one: Live<CertificateContent>) =>
    one === ABSENT ? ABSENT : one === null ? EMPTY : certificateText(one);
  const make = (from: Live<CertificateContent>, to: Live<CertificateContent>): Change | null => {
    if (to === ABSENT) return { kind: 'cert.del', path };
    if (to === null) return from === ABSENT ? { kind: 'cert.new', path, pem: null } : null;
    if (to.key === null) return null;
    return { kind: from === ABSENT ? 'cert.new' : 'cert.set', path, ...partsOf(to) };
  };
  return layers(said ?? ABSENT, live, tell, make);
}

function layers<T>(
  said: Live<T>,
  live: Live<T>,
  tell: (one: Live<T>) => string,
  make: (from: Live<T>, to: Live<T>) => Change | null,
): Read {
  const [file, now] = [tell(said), tell(live)];
  return { file, live: now, same: file === now, make: make(said, live), restore: make(live, said) };
}

/** A response that is fetched by itself is nobody's override. */
function responseLayers(said: CertificateContent | null, live: CertificateContent): Read {
  const make = ({ ocsp }: CertificateContent): Change | null =>
    ocsp === null ? null : { kind: 'ocsp.set', response: Buffer.from(ocsp).toString('base64') };
  const [file, now] = [said === null ? ABSENT : responseText(said), responseText(live)];
  return { file, live: now, same: file === now, make: make(live), restore: said && make(said) };
}

function trustLayers(
  store: 'ca-file' | 'crl-file',
  file: string,
  said: TrustContent | null,
  live: Live<TrustContent>,
): Read {
  const tell = (one: Live<TrustContent>) => (one === ABSENT ? ABSENT : one === null ? EMPTY : trustText(one));
  const make = (from: Live<TrustContent>, to: Live<TrustContent>): Change | null => {
    if (to === ABSENT) return { kind: 'trust.del', store, file };
    const pem = to === null ? null : [...to.certificates, ...to.crls].join('');
    if (from === ABSENT) return { kind: 'trust.new', store, file, pem };
    return { kind: 'trust.set', store, file, pem: pem ?? '' };
  };
  return layers(said ?? ABSENT, live, tell, make);
}

function keyLayers(path: string, said: readonly Uint8Array[], live: readonly Uint8Array[]): Read {
  return layers(
    said,
    live,
    (keys) => (keys === null ? EMPTY : ticketKeysText(keys as readonly Uint8Array[])),
    (_, to) => allKeys(path, to as readonly Uint8Array[]),
  );
}

/** One line of a crt-list, which may be there several times: what counts is how often. */
function lineLayers(list: string, text: string, said: readonly CrtListEntry[], { certificates }: Model): Read | null {
  const found = certificates.lists.get(list);
  if (found === undefined) return null;
  const alike = (entries: readonly CrtListEntry[]) => entries.filter((entry) => entryText(entry) === text);
  const [file, live] = [alike(said), alike(found.entries)];
  const tell = ({ length }: readonly CrtListEntry[]) =>
    length === 0 ? ABSENT : length === 1 ? 'listed' : `${length} times`;
  return {
    file: tell(file),
    live: tell(live),
    same: file.length === live.length,
    make: lineChange(list, file, live),
    restore: lineChange(list, live, file),
  };
}

/** Brings one list of equal lines to another: by the first that is missing, or the last that is too many. */
function lineChange(list: string, from: readonly CrtListEntry[], to: readonly CrtListEntry[]): Change | null {
  const has = (entries: readonly CrtListEntry[], line: number) => entries.some((one) => one.line === line);
  const more = to.find(({ line }) => !has(from, line));
  const less = from.findLast(({ line }) => !has(to, line));
  if (to.length > from.length && more !== undefined) {
    const { certificate, filters, line: at } = more;
    return { kind: 'crt-list.add', list, certificate, options: entryOptions(more), filters, at };
  }
  if (to.length < from.length && less !== undefined)
    return { kind: 'crt-list.del', list, certificate: less.certificate, line: less.line };
  return null;
}

/** A Change that an override keeps, as it is to be made now: lines of a crt-list may have other numbers by now. */
export function renumbered(change: Change, place: Pick<Place, 'attribute'>, model: Model): Change {
  if (change.kind === 'crt-list.add') {
    const { at: _, ...appended } = change;
    return appended;
  }
  if (change.kind !== 'crt-list.del') return change;
  const entries = model.certificates.lists.get(change.list)?.entries ?? [];
  const text = place.attribute.slice(ENTRY.length);
  return { ...change, line: entries.findLast((entry) => entryText(entry) === text)?.line ?? change.line };
}
