/** Options of servers whose address is a name (manual, section 5.3). */

import { isIP } from 'node:net';
import type { ServerDraft } from '../draft-server.ts';
import type { Option, OptionResult } from './option.ts';
import { choice, type Input, text, value } from './server-option.ts';

const INIT_ADDR = ['libc', 'last', 'none'];

function parseInitAddr({ draft, value: word }: Input): OptionResult {
  const methods = word.split(',');
  for (const method of methods) {
    if (!INIT_ADDR.includes(method) && isIP(method) === 0) {
      return `'init-addr' : unknown init-addr method '${method}', supported methods are 'libc', 'last', 'none'.`;
    }
  }
  if (new Set(methods).size < methods.length)
    return `'init-addr' : too many init-addr methods when trying to add '${methods[methods.length - 1]}'`;
  draft.initAddr = methods;
  return undefined;
}

const RESOLVE_OPTS = ['allow-dup-ip', 'ignore-weight', 'prevent-dup-ip'];

function parseResolveOpts({ draft, value: word }: Input): OptionResult {
  const options = word.split(',');
  const unknown = options.find((option) => !RESOLVE_OPTS.includes(option));
  if (unknown !== undefined) {
    return `'resolve-opts' : unknown resolve-opts option '${unknown}', supported methods are 'allow-dup-ip', 'ignore-weight', and 'prevent-dup-ip'.`;
  }
  draft.resolveOpts = options;
  return undefined;
}

/** Networks that `resolve-net` may name. */
const MAX_NETWORKS = 5;

function parseResolveNet({ draft, value: word }: Input): OptionResult {
  if (word === '') return "'resolve-net' expects a list of networks.";
  const networks = word.split(',');
  const wrong = networks.find((network) => !isNetwork(network));
  if (wrong !== undefined) return `'resolve-net' invalid network '${wrong}'.`;
  if (networks.length > MAX_NETWORKS) return `'resolve-net' exceed ${MAX_NETWORKS} networks.`;
  draft.resolveNet = networks;
  return undefined;
}

function isNetwork(text: string): boolean {
  const [address = '', length, extra] = text.split('/');
  const family = isIP(address);
  if (family === 0 || extra !== undefined) return false;
  return length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= (family === 4 ? 32 : 128));
}

/** How its address is found. */
export const SERVER_NAME_OPTIONS: Option<ServerDraft>[] = [
  value('init-addr', '{last|libc|none|<ip>},[...]', 'a list of methods', parseInitAddr, { notDynamic: true }),
  text(
    'resolvers',
    '<section>',
    'a section name as argument',
    (draft, word) => {
      draft.resolvers = word;
    },
    { notDynamic: true },
  ),
  choice(
    'resolve-prefer',
    ['ipv4', 'ipv6'],
    () => "'resolve-prefer' expects either ipv4 or ipv6 as argument.",
    (draft, word) => {
      draft.resolvePrefer = word === 'ipv4' ? 4 : 6;
    },
    { notDynamic: true },
  ),
  {
    name: 'resolve-net',
    takes: 1,
    args: '<network>,[...]',
    status: 'works',
    notDynamic: true,
    parse: parseResolveNet,
  },
  value('resolve-opts', '<option>,[...]', 'a list of options', parseResolveOpts, { notDynamic: true }),
];
