import { isIP } from 'node:net';
import type { Diagnostic } from '../../config/types.ts';
import { Admin, type Server } from '../../model/server.ts';
import { lookupHost } from '../../util/lookup.ts';

export interface InitialAddressOptions {
  /** The address that a state file has for a server (method `last`), or null. */
  readonly last?: (server: Server) => string | null;
  readonly lookup?: typeof lookupHost;
}

/**
 * Gives servers that are configured by host name the address they start with (`init-addr`), before any of them is used. A name with
 * a leading underscore becomes the server's SRV record. Servers without an address are in maintenance until they get one.
 * Returns what HAProxy says about it; with an alert the process cannot start.
 */
export async function resolveInitialAddresses(
  servers: Iterable<Server>,
  options: InitialAddressOptions = {},
): Promise<Diagnostic[]> {
  const { last = () => null, lookup = lookupHost } = options;
  const lookups = new Map<string, Promise<string | null>>();
  const once = (host: string, family: 0 | 4 | 6) => {
    const key = `${family} ${host.toLowerCase()}`;
    let found = lookups.get(key);
    if (found === undefined) {
      found = lookup(host, family);
      lookups.set(key, found);
    }
    return found;
  };
  const diagnostics = await Promise.all([...servers].map((server) => resolveOne(server, last, once)));
  const told = diagnostics.filter((diagnostic) => diagnostic !== null);
  if (told.some(({ severity }) => severity === 'alert')) {
    told.push({ severity: 'alert', at: null, text: 'Failed to initialize server(s) addr.' });
  }
  return told;
}

async function resolveOne(
  server: Server,
  last: (server: Server) => string | null,
  lookup: typeof lookupHost,
): Promise<Diagnostic | null> {
  const { address, resolvers, initAddr, at, name } = server.config;
  if (address.family !== 'name') return null;
  const service = address.host.startsWith('_');
  if (service) {
    server.srvRecord = address.host;
    // A service that it had before (from a state file) stays its own.
    if (server.fqdn === address.host) server.fqdn = null;
  }
  const say = (severity: 'alert' | 'warning', text: string): Diagnostic => ({
    severity,
    at,
    form: 'server',
    text: `'server ${server.proxy.name}/${name}' : ${text}`,
  });
  const methods = initAddr.length > 0 ? initAddr : ['last', 'libc', ...(resolvers === null ? [] : ['none'])];
  let failed = false;
  for (const method of methods) {
    if (method === 'none') {
      server.host = null;
      server.admin |= Admin.resolveMaint;
      return failed ? say('warning', `could not resolve address '${address.host}', disabling server.`) : null;
    }
    if (method === 'libc' && service) continue;
    const fixed = method !== 'last' && method !== 'libc';
    const found = fixed
      ? method
      : method === 'last'
        ? last(server)
        : await lookup(server.fqdn ?? address.host, address.prefer);
    if (found !== null && isIP(found) !== 0) {
      server.host = found;
      server.family = isIP(found) === 6 ? 'inet6' : 'inet';
      return fixed && failed
        ? say('warning', `could not resolve address '${address.host}', falling back to configured address.`)
        : null;
    }
    if (method === 'libc') failed = true;
  }
  return say(
    'alert',
    failed ? `could not resolve address '${address.host}'.` : `no method found to resolve address '${address.host}'.`,
  );
}
