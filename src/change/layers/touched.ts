import { findProxy, findServer, type Model } from '../../model/model.ts';
import type { LivePatterns } from '../../model/patterns/references.ts';
import type { Change } from '../change.ts';
import { entryOf, findPatterns, isPatternChange, type PatternChange } from '../rows/patterns/subject.ts';
import type { Place } from './attribute.ts';
import { certificatePlaces, isCertificateChange } from './certificates.ts';
import { PRESENCE } from './layers.ts';
import { CONTENT } from './patterns.ts';

/** What a Change does to the layers. Taken before it is made, while names still say what they said. */
export interface Touched {
  /** What it sets, under the names that are valid afterwards. */
  readonly places: readonly Place[];
  /** Keys of a map or an ACL that it sets: there may be many. */
  readonly keys: TouchedKeys | null;
  /** Objects that are gone or begin anew: overrides of theirs end. */
  readonly reset: readonly string[];
  readonly renamed: { readonly from: string; readonly to: string } | null;
}

/** Keys of one map or ACL. */
export interface TouchedKeys extends Pick<Place, 'type' | 'object'> {
  readonly keys: readonly string[];
}

const NOTHING: Touched = { places: [], keys: null, reset: [], renamed: null };

/** Which attributes a Change sets; none for one-shot actions, and for what checks overrule (`server.health`, `server.agent`). */
export function touchedBy(change: Change, model: Model): Touched {
  switch (change.kind) {
    case 'global.maxconn':
      return sets({ type: 'global', object: 'global', attribute: 'maxconn' });
    case 'global.rate-limit':
      return sets({ type: 'global', object: 'global', attribute: `rate-limit ${change.what}` });
    case 'var.set':
      return sets({ type: 'var', object: `proc.${change.name}`, attribute: 'value' });
    case 'frontend.state':
      return change.to === 'shutdown' ? NOTHING : onProxy('frontend', change.frontend, 'state', model);
    case 'frontend.maxconn':
      return onProxy('frontend', change.frontend, 'maxconn', model);
    case 'backend.publish':
      return onProxy('backend', change.backend, 'published', model);
    case 'backend.dynamic-cookie':
    case 'backend.dynamic-cookie-key':
      return onProxy('backend', change.backend, change.kind.slice('backend.'.length), model);
    case 'backend.add':
      return { ...sets({ type: 'backend', object: change.backend, attribute: PRESENCE }), reset: [change.backend] };
    case 'backend.del': {
      const object = findProxy(model, change.backend, 'backend')?.name ?? change.backend;
      return { ...sets({ type: 'backend', object, attribute: PRESENCE }), reset: [object] };
    }
    default:
      if (isPatternChange(change)) return onPatterns(change, model);
      if (isCertificateChange(change)) return { ...NOTHING, places: certificatePlaces(change, model) };
      return 'server' in change ? onServer(change, model) : NOTHING;
  }
}

/** Maps and ACLs that have a name: what stands in the configuration is edited there. */
function onPatterns(change: PatternChange, model: Model): Touched {
  const live = findPatterns(change, model);
  if (live === null || live.config.name === '') return NOTHING;
  const { name: object, map } = live.config;
  const type = map ? 'map' : 'acl';
  switch (change.kind) {
    case 'map.prepare':
    case 'acl.prepare':
      return NOTHING;
    case 'map.clear':
    case 'acl.clear':
    case 'map.replace':
    case 'acl.replace':
    case 'map.commit':
    case 'acl.commit':
      return { ...sets({ type, object, attribute: CONTENT }), reset: [object] };
    default: {
      const isPrepared = 'version' in change && change.version !== undefined && change.version !== live.current;
      return isPrepared ? NOTHING : { ...NOTHING, keys: { type, object, keys: keysOf(change, live) } };
    }
  }
}

/** The keys that an edit is about. */
function keysOf(change: PatternChange, live: LivePatterns): readonly string[] {
  if ('keys' in change) return change.keys;
  if (change.kind === 'map.add-all') return change.entries.map(([key]) => key);
  const entry = 'entry' in change && change.entry !== undefined ? entryOf(live, change.entry) : 0;
  if (entry !== 0) return [live.store.key(entry)];
  return 'key' in change ? [change.key] : 'pattern' in change ? [change.pattern] : [];
}

function sets(place: Place): Touched {
  return { ...NOTHING, places: [place] };
}

function onProxy(type: 'frontend' | 'backend', name: string, attribute: string, model: Model): Touched {
  return sets({ type, object: findProxy(model, name, type)?.name ?? name, attribute });
}

type ServerChange = Extract<Change, { readonly server: string }>;

/** Attributes by kind of Change; those that are not here have none. */
const ATTRIBUTES: Partial<Record<ServerChange['kind'], string>> = {
  'server.state': 'state',
  'server.weight': 'weight',
  'server.maxconn': 'maxconn',
  'server.addr': 'addr',
  'server.fqdn': 'fqdn',
  'server.ssl': 'ssl',
  'server.check-addr': 'check-addr',
  'server.agent-addr': 'agent-addr',
  'server.agent-send': 'agent-send',
};

function onServer(change: ServerChange, model: Model): Touched {
  const proxy = findProxy(model, change.backend, 'backend');
  const backend = proxy?.name ?? change.backend;
  const server = proxy && findServer(proxy, change.server);
  const object = `${backend}/${server?.name ?? change.server}`;
  const at = (attribute: string, of = object): Place => ({ type: 'server', object: of, attribute });
  switch (change.kind) {
    case 'server.add':
      return {
        ...NOTHING,
        places: [at(PRESENCE), at('state'), ...(change.with ?? []).flatMap((one) => touchedBy(one, model).places)],
        reset: [object],
      };
    case 'server.del': {
      // A server of the file that had another name is gone under the name that the file gives it.
      const gone = server && !server.dynamic ? `${backend}/${server.config.name}` : object;
      return { ...sets(at(PRESENCE, gone)), reset: [object] };
    }
    case 'server.name': {
      const to = `${backend}/${change.name}`;
      const attribute = server?.dynamic ? PRESENCE : 'name';
      return { ...sets(at(attribute, to)), renamed: object === to ? null : { from: object, to } };
    }
    case 'server.checks':
      return sets(at(`${change.which}-checks`));
    default: {
      const attribute = ATTRIBUTES[change.kind];
      return attribute === undefined ? NOTHING : sets(at(attribute));
    }
  }
}
