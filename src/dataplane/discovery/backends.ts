/** Backends for services: their server lines follow what a source tells, everything else in them is left as it stands. */

import { randomInt } from 'node:crypto';
import { type FoundServer, type FoundService, USUAL_WEIGHT } from '../../discovery/found.ts';
import { filled, type Scaling, type Slot } from '../../discovery/slots.ts';
import { parseIp } from '../../util/ip.ts';
import { childrenIn, replacedAll } from '../edit/children.ts';
import { spliced } from '../edit/lines.ts';
import { isRefusal } from '../edit/problem.ts';
import type { Resource } from '../edit/resource.ts';
import { createSection, deleteSection } from '../edit/section.ts';
import { type Documents, type Found, sectionNamed, sectionsOf } from '../edit/sections.ts';
import { CHILDREN } from '../kinds/children.ts';
import { sectionKind } from '../kinds/sections.ts';
import { ApiError, orThrow } from '../service/error.ts';

const BACKEND = sectionKind('backend')!;
const SERVER = CHILDREN.find(({ model }) => model === 'server')!;
/** What the names of slots begin with: other servers of such a backend are somebody's own. */
const PREFIX = 'SRV_';
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const NAME_LENGTH = 5;

export interface Wanted {
  readonly services: readonly FoundService[];
  /** Backends that this source has made or taken over. */
  readonly owned: ReadonlySet<string>;
  /** Those of others, with the id of the source that has them. */
  readonly foreign: ReadonlyMap<string, string>;
  readonly scaling: Scaling;
  /** Backend -> how it was when nothing was to be changed in it: such a one is not looked at again. Kept up here. */
  readonly settled: Map<string, string>;
  /** The defaults section of new backends; '' for the one before them. */
  readonly defaults: string;
}

export interface Fitted {
  readonly documents: Documents;
  readonly owned: ReadonlySet<string>;
  /** Backend -> what is to be known of it. */
  readonly notes: ReadonlyMap<string, string>;
  /** There is more to be done: so much was changed that others get their turn first. */
  readonly more: boolean;
}

/** Most backends that are changed at once. */
const MOST_AT_ONCE = 8;

/** The documents with these services in them; the same ones when nothing is to be changed. Throws ApiError when a section cannot be edited. */
export function withServices(documents: Documents, wanted: Wanted): Fitted {
  const { services, owned, foreign, scaling, defaults, settled } = wanted;
  const sections = new Map(sectionsOf(documents, BACKEND).map((found) => [found.name, found]));
  const notes = new Map<string, string>();
  const now = new Set<string>();
  let current = documents;
  let changed = 0;
  /** One that cannot be edited does not hinder the others. */
  const take = (backend: string, edit: () => Documents) => {
    try {
      const next = edit();
      if (next !== current) changed++;
      current = next;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      notes.set(backend, `it cannot be edited: ${error.message}`);
      if (owned.has(backend)) now.add(backend);
    }
  };
  for (const { backend, servers } of services) {
    const other = foreign.get(backend);
    if (other !== undefined) notes.set(backend, `source ${other} has this backend`);
    else if (servers === null || changed >= MOST_AT_ONCE) {
      if (owned.has(backend)) now.add(backend);
    } else {
      const state = stateOf(documents, sections.get(backend), servers, scaling);
      now.add(backend);
      if (state !== null && settled.get(backend) === state) continue;
      const before = current;
      take(backend, () => withServers(current, backend, servers, scaling, defaults));
      if (current === before && state !== null && !notes.has(backend)) settled.set(backend, state);
    }
  }
  const there = new Set(services.map(({ backend }) => backend));
  for (const backend of owned) {
    if (there.has(backend) || isRefusal(sectionNamed(current, BACKEND, backend))) continue;
    const user = userOf(current, backend);
    if (changed >= MOST_AT_ONCE) now.add(backend);
    else if (user === null) take(backend, () => orThrow(deleteSection(BACKEND, current, backend)));
    else {
      take(backend, () => withServers(current, backend, [], scaling, defaults));
      now.add(backend);
      notes.set(backend, `the service is gone; the backend is kept without servers, because ${user} names it`);
    }
  }
  return { documents: current, owned: now, notes, more: changed >= MOST_AT_ONCE };
}

/** A section with what it is to have, as a text; null when there is no such section. */
function stateOf(
  documents: Documents,
  found: Found | undefined,
  servers: readonly FoundServer[],
  scaling: Scaling,
): string | null {
  if (found === undefined) return null;
  const { document, section } = found.place;
  const lines = documents[document]!.lines.slice(section.start, section.end).map(({ raw }) => raw);
  return JSON.stringify([lines, servers, scaling]);
}

function withServers(
  documents: Documents,
  backend: string,
  servers: readonly FoundServer[],
  scaling: Scaling,
  defaults: string,
): Documents {
  const found = sectionNamed(documents, BACKEND, backend);
  if (isRefusal(found) && found.refused !== 'missing') return orThrow<Documents>(found);
  if (isRefusal(found)) {
    const slots = filled([], servers, scaling, nameMaker([]));
    const lines = slots.map((slot) => [slot.name, lineOf(slot, NEW)]);
    const section = {
      name: backend,
      ...(defaults === '' ? {} : { from: defaults }),
      servers: Object.fromEntries(lines),
    };
    return orThrow(createSection(BACKEND, documents, section, true));
  }
  const before = childrenIn(SERVER, documents, found).map(({ resource }) => resource);
  const after = withSlots(before, servers, scaling);
  return spliced(documents, orThrow(replacedAll(SERVER, documents, found, after)));
}

/** What a slot has besides what is found. */
const NEW: Resource = { check: 'enabled' };

/** The servers of a backend with slots filled. A new slot has the options of the first one: so they are set for all in one place. */
function withSlots(before: readonly Resource[], servers: readonly FoundServer[], scaling: Scaling): Resource[] {
  const own = before.filter(isSlot);
  const names = before.map(({ name }) => String(name));
  const slots = filled(own.map(slotOf), servers, scaling, nameMaker(names));
  const byName = new Map(slots.map((slot) => [slot.name, slot]));
  const kept = before.flatMap((resource): Resource[] => {
    if (!isSlot(resource)) return [resource];
    const slot = byName.get(resource['name'] as string);
    return slot === undefined ? [] : [lineOf(slot, resource)];
  });
  const known = new Set(names);
  const { metadata: _comment, ...first } = own[0] ?? NEW;
  return [...kept, ...slots.filter(({ name }) => !known.has(name)).map((slot) => lineOf(slot, first))];
}

function isSlot({ name, address, port, raw }: Resource): boolean {
  return (
    raw === undefined &&
    typeof name === 'string' &&
    name.startsWith(PREFIX) &&
    typeof address === 'string' &&
    Number.isInteger(port)
  );
}

function slotOf({ name, address, port, weight, maintenance }: Resource): Slot {
  return {
    name: name as string,
    address: address as string,
    port: port as number,
    weight: (weight as number | undefined) ?? USUAL_WEIGHT,
    spare: maintenance === 'enabled',
  };
}

/** A host name that cannot be resolved must not hinder the start. */
const UNRESOLVED = { 'init-addr': 'last,libc,none' };

function lineOf({ name, address, port, weight, spare }: Slot, options: Resource): Resource {
  const { maintenance: _before, ...others } = options;
  const named = parseIp(address) === null && others['init-addr'] === undefined ? UNRESOLVED : {};
  return { ...others, ...named, name, address, port, weight, ...(spare ? { maintenance: 'enabled' } : {}) };
}

/** Names that no server of the backend has. */
function nameMaker(taken: readonly string[]): () => string {
  const known = new Set(taken);
  return () => {
    for (;;) {
      const name = PREFIX + Array.from({ length: NAME_LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('');
      if (known.has(name)) continue;
      known.add(name);
      return name;
    }
  };
}

/** The first line elsewhere that has the name of the backend in it: `FILE:LINE`; null when there is none. */
function userOf(documents: Documents, backend: string): string | null {
  const { place } = sectionNamed(documents, BACKEND, backend) as Found;
  for (const [i, document] of documents.entries())
    for (const [index, line] of document.lines.entries()) {
      if (i === place.document && index >= place.section.start && index < place.section.end) continue;
      if (line.words.includes(backend)) return `${document.name}:${line.number}`;
    }
  return null;
}
