/** Servers that are only in one of two configurations. */

import { isIP } from 'node:net';
import type { Change } from '../../change/change.ts';
import { placeText } from '../edit/places.ts';
import { serverReference } from '../edit/references.ts';
import { splitAddress } from '../edit/server-places.ts';
import { SERVER_OPTIONS } from '../keywords/server.ts';
import { type Configuration, sideOf } from './configuration.ts';
import { type Difference, live, reload } from './difference.ts';
import { type BackendFacts, TEMPLATE } from './server-differences.ts';
import { hasFlag, type ServerView } from './server-view.ts';

/** A new server: added in maintenance, then its checks and itself are set going. `last`: it stands behind all that stay. */
export function addedServer(server: ServerView, last: boolean, facts: BackendFacts): Difference {
  const { section, backend, staticBalance, byOrder } = facts;
  const bare = { section, server: server.name, before: null, after: sideOf(server.line) };
  if (server.template) return reload(bare, TEMPLATE);
  if (staticBalance !== null)
    return reload(bare, `'balance ${staticBalance}' takes servers only when the configuration is loaded`);
  if (byOrder !== null && !last)
    return reload(bare, `'balance ${byOrder}' goes by the order of the servers, and one added live stands last`);
  const words = dynamicWords(server);
  if ('why' in words) return reload(bare, words.why);
  const why = notLiveAddress(server);
  if (why !== null) return reload(bare, why);
  const here = { backend, server: server.name };
  const changes: Change[] = [
    { kind: 'server.add', ...here, addr: server.address.text, from: null, words: words.words },
  ];
  if (hasFlag(server, 'check')) changes.push({ kind: 'server.checks', ...here, which: 'health', enabled: true });
  if (hasFlag(server, 'agent-check')) changes.push({ kind: 'server.checks', ...here, which: 'agent', enabled: true });
  if (!hasFlag(server, 'disabled')) changes.push({ kind: 'server.state', ...here, to: 'ready' });
  const place = last ? '' : '; it stands behind the others until the next start';
  return live(bare, changes, `HAProxy can from version 2.4 on${place}`);
}

function notLiveAddress({ address }: ServerView): string | null {
  if (address.variable !== '') return 'its address depends on an environment variable';
  const parts = splitAddress(address.text);
  return parts !== null && isIP(parts.host) !== 0 ? null : 'servers added live need an IP address';
}

/** What of a new server depends on the other servers: as they are while Changes are made, one after the other, is not told here. */
const BESPOKE: Readonly<Record<string, string>> = {
  id: 'the id may still be that of another server',
  guid: 'the guid may still be that of something else',
  track: 'the server that it tracks has to be there, and checked, first',
};

/** What follows the address in `add server`, or why a server cannot be added so. */
function dynamicWords(server: ServerView): { readonly words: string[] } | { readonly why: string } {
  const words: string[] = [];
  for (const setting of server.settings.values()) {
    const { keyword } = setting;
    if (setting.doubt !== null) return { why: `what it is made of is only known at start: ${setting.doubt}` };
    if (keyword === 'disabled') continue;
    if (Object.hasOwn(BESPOKE, keyword)) return { why: BESPOKE[keyword]! };
    if (SERVER_OPTIONS.find(keyword)?.notDynamic) return { why: `a server added live cannot have '${keyword}'` };
    words.push(...setting.words);
  }
  return { words };
}

/** A server that goes: put in maintenance, then deleted. */
export function removedServer(server: ServerView, before: Configuration, facts: BackendFacts): Difference {
  const { section, backend } = facts;
  const bare = { section, server: server.name, before: sideOf(server.line), after: null };
  const here = { backend, server: server.name };
  if (server.template) return reload(bare, TEMPLATE);
  const reference = serverReference(before.files, server.line.place, here);
  if (reference?.at) return reload(bare, `it is named at ${placeText(reference.at)}`);
  return live(
    bare,
    [
      { kind: 'server.state', ...here, to: 'maint' },
      { kind: 'server.del', ...here },
    ],
    'once its connections have ended; HAProxy can from version 2.5 on',
  );
}
