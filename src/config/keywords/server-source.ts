/** Where connections to a server come from: its own `source`, and that of proxies. */

import { parseAddress } from '../address.ts';
import type { ServerDraft } from '../draft-server.ts';
import type { SourceConfig } from '../types.ts';
import type { Option, OptionResult } from './option.ts';
import type { Input } from './server-option.ts';
import { parseShownSource } from './usesrc.ts';

/** Does `source <addr>[:port[-port]] [interface <name>]`; the same form is a proxy keyword. Words read, or the error. */
export function parseSource(
  words: readonly string[],
  index: number,
): { source: SourceConfig; used: number } | { error: string } {
  const word = words[index + 1] ?? '';
  if (word === '') {
    return {
      error:
        "'source' expects <addr>[:<port>[-<port>]], and optionally 'usesrc' <addr>, and 'interface' <name> as argument.",
    };
  }
  const parsed = parseAddress(word, { names: false, range: true });
  if ('error' in parsed) return { error: `'source ${word}' : ${parsed.error}` };
  const { address } = parsed;
  if (address.family !== 'inet' && address.family !== 'inet6')
    return { error: `'source ${word}' : address family not supported` };
  let used = 1;
  let iface: string | null = null;
  let shown: SourceConfig['shown'] = null;
  if (words[index + 2] === 'usesrc') {
    const parsed = parseShownSource(words[index + 3] ?? '');
    if ('error' in parsed) return parsed;
    shown = parsed;
    used = 3;
  }
  if (words[index + used + 1] === 'interface') {
    iface = words[index + used + 2] ?? '';
    if (iface === '') return { error: "'interface' : missing interface name." };
    used += 2;
  }
  const { host, port, portEnd } = address;
  return { source: { shown, host, port, portEnd, interface: iface }, used };
}

function parseSocks4({ draft, value: word }: Input): OptionResult {
  if (word === '') return "'socks4' expects <addr>:<port> as argument.";
  const parsed = parseAddress(word, { names: false, port: 'required' });
  if ('error' in parsed) return `'socks4' : ${parsed.error}`;
  const { address } = parsed;
  if (address.family !== 'inet' && address.family !== 'inet6') return `'socks4' : address family not supported`;
  draft.socks4 = { family: address.family, host: address.host, port: address.port };
  return undefined;
}

function parseServerSource({ draft, words, index }: Input): OptionResult {
  const result = parseSource(words, index);
  if ('error' in result) return result.error;
  draft.source = result.source;
  return result.used;
}

/** How it is reached. */
export const SERVER_SOURCE_OPTIONS: Option<ServerDraft>[] = [
  {
    name: 'source',
    takes: 0,
    args: '<addr>[:<port>[-<port>]] [usesrc {<addr2>[:<port2>]|client|clientip|hdr_ip(<header>[,<occurrence>])}] [interface <name>]',
    status: 'works',
    parse: parseServerSource,
  },
  { name: 'socks4', takes: 1, args: '<addr>:<port>', status: 'works', parse: parseSocks4, notDynamic: true },
  {
    name: 'usesrc',
    takes: 1,
    args: '<addr>',
    status: 'works',
    parse: () => "'usesrc' only allowed after a 'source' statement",
  },
];
