import type { ServerConfig } from '../../config/types.ts';
import { formatAddress } from '../../control/address.ts';
import { findProxy, findServer, type Model } from '../../model/model.ts';
import type { Proxy } from '../../model/proxy.ts';
import type { Server } from '../../model/server.ts';
import type { Change, ChangeOf } from '../change.ts';
import type { Layers, ObjectType, Place, ReadLayers } from './attribute.ts';
import { certificateLayers } from './certificates.ts';
import { patternLayers } from './patterns.ts';
import { BACKEND_ATTRIBUTES, FRONTEND_ATTRIBUTES, GLOBAL_ATTRIBUTES, varLayers } from './proxy.ts';
import { SERVER_ATTRIBUTES } from './server.ts';

/** Attribute of an object that says whether it is there. */
export const PRESENCE = 'presence';

/** What the file says of an attribute and what is in force; null when neither knows the object. */
export function layersOf(place: Place, model: Model): Layers | null {
  const read = place.attribute === PRESENCE ? presenceOf(place, model) : valueOf(place, model);
  return read && { ...place, ...read };
}

function valueOf({ type, object, attribute }: Place, model: Model): Omit<Layers, keyof Place> | null {
  switch (type) {
    case 'server': {
      const server = serverAt(object, model);
      return server && read(SERVER_ATTRIBUTES, attribute, server, server.config);
    }
    case 'backend':
    case 'frontend': {
      const proxy = findProxy(model, object, type);
      const table = type === 'backend' ? BACKEND_ATTRIBUTES : FRONTEND_ATTRIBUTES;
      return proxy && read(table, attribute, proxy, proxy.config);
    }
    case 'global':
      return read(GLOBAL_ATTRIBUTES, attribute, model, model.config);
    case 'map':
    case 'acl':
      return patternLayers({ type, object, attribute }, model);
    case 'var':
      return varLayers(object.replace(/^proc\./, ''))(model, model.config);
    default:
      return certificateLayers({ type, object, attribute }, model);
  }
}

function read<O, F>(
  table: Readonly<Record<string, ReadLayers<O, F>>>,
  attribute: string,
  object: O,
  file: F,
): Omit<Layers, keyof Place> | null {
  return table[attribute]?.(object, file) ?? null;
}

function serverAt(path: string, model: Model): Server | null {
  const slash = path.indexOf('/');
  const proxy = findProxy(model, path.slice(0, slash), 'backend');
  return proxy && findServer(proxy, path.slice(slash + 1));
}

function presenceOf({ type, object }: Place, model: Model): Omit<Layers, keyof Place> | null {
  return type === 'server' ? serverPresence(object, model) : backendPresence(object, model);
}

/** What layers tell of the presence of what is not there. */
export const ABSENT = '(absent)';

function serverPresence(path: string, model: Model): Omit<Layers, keyof Place> | null {
  const server = serverAt(path, model);
  const [backend, name] = [path.slice(0, path.indexOf('/')), path.slice(path.indexOf('/') + 1)];
  const proxy = findProxy(model, backend, 'backend');
  if (!proxy) return null;
  const ofFile = proxy.config.servers.find((config) => config.name === name) ?? null;
  const del: Change = { kind: 'server.del', backend, server: name };
  const file = ofFile ? lineOf(ofFile) : ABSENT;
  if (server === null)
    return { file, live: ABSENT, same: ofFile === null, make: del, restore: ofFile ? putBack(backend, name) : del };
  const make = server.dynamic ? addition(server) : putBack(backend, name);
  return {
    file,
    live: server.added ? [server.added.addr, ...server.added.words].join(' ') : lineOf(server.config),
    // A server of the file that has another name now is there all the same.
    same: !server.dynamic,
    make,
    restore: server.dynamic ? del : make,
  };
}

function putBack(backend: string, server: string): Change {
  return { kind: 'server.add', backend, server, addr: '', from: 'file', words: [] };
}

/** What it takes to add a server again that was added live. */
function addition({ proxy, name, added }: Server): Change | null {
  return added && { kind: 'server.add', backend: proxy.name, server: name, ...added };
}

function lineOf(config: ServerConfig): string {
  return formatAddress(config.address);
}

function backendPresence(name: string, model: Model): Omit<Layers, keyof Place> | null {
  const proxy = findProxy(model, name, 'backend');
  const ofFile = model.config.proxies.some((config) => config.name === name && config.kind === 'backend');
  const del: Change = { kind: 'backend.del', backend: name };
  const file = ofFile ? 'present' : ABSENT;
  if (proxy === null) return { file, live: ABSENT, same: !ofFile, make: del, restore: ofFile ? null : del };
  return {
    file,
    live: proxy.dynamic ? `from defaults ${proxy.config.defaults}` : 'present',
    same: !proxy.dynamic,
    make: backendAddition(proxy),
    restore: proxy.dynamic ? del : null,
  };
}

/** What it takes to add a backend again that was added live. */
export function backendAddition({ dynamic, config }: Proxy): ChangeOf<'backend.add'> | null {
  const { name, defaults, mode, guid } = config;
  if (!dynamic || defaults === null || mode === 'log' || mode === 'health') return null;
  return { kind: 'backend.add', backend: name, from: defaults, mode, guid };
}

/** All places of an object, by the name that operators give it: `be_app/app1`, `be_app`, `fe_web`, `global`, `proc.name`. */
export function placesOf(object: string, model: Model): Place[] {
  if (object === 'global') return places('global', object, Object.keys(GLOBAL_ATTRIBUTES));
  if (object.startsWith('proc.')) return [{ type: 'var', object, attribute: 'value' }];
  if (object.includes('/')) {
    const server = serverAt(object, model);
    if (server) return places('server', server.path, [PRESENCE, ...Object.keys(SERVER_ATTRIBUTES)]);
    return serverPresence(object, model)?.file === ABSENT ? [] : places('server', object, [PRESENCE]);
  }
  const [front, back] = [findProxy(model, object, 'frontend'), findProxy(model, object, 'backend')];
  return [
    ...(front ? places('frontend', front.name, Object.keys(FRONTEND_ATTRIBUTES)) : []),
    ...(back ? places('backend', back.name, [PRESENCE, ...Object.keys(BACKEND_ATTRIBUTES)]) : []),
  ];
}

function places(type: ObjectType, object: string, attributes: readonly string[]): Place[] {
  return attributes.map((attribute) => ({ type, object, attribute }));
}
