/** `balance`, `hash-type` and what belongs to them. */

import type { Draft, ProxyDraft } from '../draft.ts';
import type { Line } from '../line.ts';
import type { BalanceConfig } from '../types.ts';
import { parseInteger } from '../units.ts';
import { integerArgument } from './arguments.ts';
import { inSections } from './sections.ts';
import { type Keyword, works } from './table.ts';

const ONLY =
  "balance only supports 'roundrobin', 'static-rr', 'leastconn', 'source', 'uri', 'url_param', 'hdr(name)', 'hash(expr)', 'random', 'first' and 'rdp-cookie(name)' options.";

type Balance = Draft<BalanceConfig>;
type Arguments = { algorithm: Balance['algorithm']; args: string[] } | { error: string };

/** The algorithm and its arguments, in a form that the balancer reads: `['len', '8', 'depth', '3']`, `['name']`, ... */
function readBalance(words: readonly string[]): Arguments {
  const [name = 'roundrobin', ...rest] = words;
  switch (name) {
    case 'roundrobin':
    case 'static-rr':
    case 'leastconn':
    case 'first':
    case 'source':
    case 'sticky':
      return rest.length > 0
        ? { error: `balance ${name} : unexpected argument '${rest[0]}'.` }
        : { algorithm: name, args: [] };
    case 'uri':
      return readUri(rest);
    case 'url_param':
      return readUrlParam(rest);
    case 'hash':
      return rest[0] === undefined
        ? { error: 'balance hash requires a sample expression.' }
        : { algorithm: 'hash', args: [rest.join(' ')] };
    default:
      return readCall(name, rest);
  }
}

function readUri(words: readonly string[]): Arguments {
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === 'whole' || word === 'path-only') continue;
    if (word !== 'len' && word !== 'depth')
      return { error: `balance uri only accepts parameters 'len', 'depth', 'path-only', and 'whole' (got '${word}').` };
    const number = parseInteger(words[++i] ?? '');
    if (number === null || number <= 0)
      return { error: `balance uri : '${word}' expects a positive integer (got '${words[i] ?? ''}').` };
  }
  return { algorithm: 'uri', args: [...words] };
}

function readUrlParam(words: readonly string[]): Arguments {
  const [name, option, size, extra] = words;
  if (name === undefined) return { error: 'balance url_param requires an URL parameter name.' };
  if (option !== undefined && option !== 'check_post')
    return { error: `balance url_param only accepts check_post modifier (got '${option}').` };
  if (extra !== undefined || (size !== undefined && parseInteger(size) === null))
    return { error: `balance url_param : unexpected argument '${extra ?? size}'.` };
  return { algorithm: 'url_param', args: [...words] };
}

/** `hdr(name)`, `random[(draws)]`, `rdp-cookie[(name)]`. */
function readCall(word: string, rest: readonly string[]): Arguments {
  const match = /^(hdr|random|rdp-cookie)(?:\((.*)\))?$/.exec(word);
  if (match === null) return { error: ONLY };
  const [, name, argument] = match;
  if (name === 'hdr') {
    if (argument === undefined || argument === '') return { error: 'hdr requires a http header field name.' };
    if (rest.length > 1 || (rest.length === 1 && rest[0] !== 'use_domain_only'))
      return { error: `hdr(name) only accepts 'use_domain_only' modifier (got '${rest[0]}').` };
    return { algorithm: 'hdr', args: [argument, ...rest] };
  }
  if (rest.length > 0) return { error: `balance ${name} : unexpected argument '${rest[0]}'.` };
  if (name === 'random') {
    const draws = argument === undefined ? 2 : parseInteger(argument);
    if (draws === null || draws < 1) return { error: `random : unsupported number of draws '${argument}'.` };
    return { algorithm: 'random', args: [String(draws)] };
  }
  return { algorithm: 'rdp-cookie', args: [argument ?? 'mstshash'] };
}

function parseBalance(line: Line, proxy: ProxyDraft): void {
  const result = readBalance(line.words.slice(1));
  if ('error' in result) return line.alert(result.error);
  Object.assign(proxy.config.balance, { algorithm: result.algorithm, args: result.args, at: line.at });
  proxy.explicitBalance = true;
}

const FUNCTIONS = ['sdbm', 'djb2', 'wt6', 'crc32', 'none'] as const;

function parseHashType(line: Line, proxy: ProxyDraft): void {
  const [, type, hash, modifier] = line.words;
  if (type !== 'consistent' && type !== 'map-based')
    return line.alert("'hash-type' only supports 'consistent' and 'map-based'.");
  const name = hash === 'avalanche' ? undefined : hash;
  const fn = FUNCTIONS.find((known) => known === (name ?? 'sdbm'));
  if (fn === undefined)
    return line.alert("'hash-type' only supports 'sdbm', 'djb2', 'crc32', 'wt6' or 'none' hash functions.");
  const last = hash === 'avalanche' ? hash : modifier;
  if (last !== undefined && last !== 'avalanche')
    return line.alert("'hash-type' only supports 'avalanche' as a modifier for hash functions.");
  const { balance } = proxy.config;
  balance.hashType = type;
  balance.hashFunction = fn;
  // Without a function named, consistent hashing avalanches by itself.
  balance.hashAvalanche = last === 'avalanche' || (type === 'consistent' && name === undefined);
}

function parseHashBalanceFactor(line: Line, proxy: ProxyDraft): void {
  const factor = integerArgument(line);
  if (factor === null) return;
  if (factor !== 0 && factor <= 100) return line.alert("'hash-balance-factor' must be 0 or greater than 100.");
  proxy.config.balance.hashBalanceFactor = factor;
}

function parseHashPreserveAffinity(line: Line, proxy: ProxyDraft): void {
  const word = line.word(1);
  if (word !== 'always' && word !== 'maxconn' && word !== 'maxqueue') {
    return line.alert(`'hash-preserve-affinity' only supports 'always', 'maxconn' and 'maxqueue' (got '${word}').`);
  }
  if (line.atMost(1)) proxy.config.hashPreserveAffinity = word;
}

const BACKEND = { sections: inSections('DLB') };

export const BALANCE_KEYWORDS: readonly Keyword<ProxyDraft>[] = [
  works<ProxyDraft>('balance', '<algorithm> [<arguments>]', parseBalance, BACKEND),
  works<ProxyDraft>('hash-type', '<method> [<function>] [<modifier>]', parseHashType, BACKEND),
  works<ProxyDraft>('hash-balance-factor', '<factor>', parseHashBalanceFactor, BACKEND),
  works<ProxyDraft>('hash-preserve-affinity', '{always|maxconn|maxqueue}', parseHashPreserveAffinity, BACKEND),
];
