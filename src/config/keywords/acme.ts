/** Keywords of `acme` sections (manual, section 12.8). */

import type { Draft } from '../draft.ts';
import type { Line } from '../line.ts';
import type { AcmeConfig } from '../types.ts';
import { parseInteger } from '../units.ts';
import { switchArgument, timeArgument } from './arguments.ts';
import { type Keyword, KeywordTable, works } from './table.ts';

type Acme = Draft<AcmeConfig>;

/** Names of curves, of the NIST and of OpenSSL. */
const CURVES: Readonly<Record<string, AcmeConfig['curve']>> = {
  'P-256': 'P-256',
  prime256v1: 'P-256',
  'P-384': 'P-384',
  secp384r1: 'P-384',
  'P-521': 'P-521',
  secp521r1: 'P-521',
};

const READY: readonly string[] = ['none', 'cli', 'dns', 'delay', 'initial-dns'];
const MIN_BITS = 2048;
const MAX_BITS = 16_384;

/** A keyword with one argument; `set` may give what is wrong with it. */
function value(name: string, args: string, set: (acme: Acme, text: string) => string | undefined): Keyword<Acme> {
  return works<Acme>(name, args, (line, acme) => {
    const text = line.word(1);
    if (text === '') return line.alert(`keyword '${name}' in 'acme' section requires an argument`);
    if (!line.atMost(1)) return undefined;
    const wrong = set(acme, text);
    return wrong === undefined ? undefined : line.alert(wrong);
  });
}

function text(name: keyof Acme & string, keyword: string, args: string): Keyword<Acme> {
  return value(keyword, args, (acme, word) => {
    Object.assign(acme, { [name]: word });
    return undefined;
  });
}

function time(name: 'dnsDelay' | 'dnsTimeout', keyword: string): Keyword<Acme> {
  return works<Acme>(keyword, '<time>', (line, acme) => {
    const ms = timeArgument(line);
    if (ms !== null) acme[name] = ms;
  });
}

function setBits(acme: Acme, word: string): string | undefined {
  const bits = parseInteger(word);
  if (bits === null) return `cannot parse 'bits' value '${word}', an integer is expected.`;
  if (bits < MIN_BITS || bits > MAX_BITS)
    return `'bits' expects a value between ${MIN_BITS} and ${MAX_BITS} (was ${bits}).`;
  acme.bits = bits;
  return undefined;
}

function setReady(acme: Acme, word: string): string | undefined {
  const wanted = word.split(',');
  const strange = wanted.find((one) => !READY.includes(one));
  if (strange !== undefined) return `'challenge-ready' expects a list of ${READY.join(', ')} (got '${strange}')`;
  if (wanted.includes('none') && wanted.length > 1) return "'challenge-ready' : 'none' stands alone";
  acme.ready = wanted.filter((one) => one !== 'none') as NonNullable<Acme['ready']>;
  return undefined;
}

function setMacKey(acme: Acme, word: string): string | undefined {
  if (!/^[\w-]{16,}$/.test(word)) return "'eab-mac-key' expects a key of at least 12 bytes in base64url";
  acme.eabMacKey = word;
  return undefined;
}

export const ACME_KEYWORDS = new KeywordTable<Acme>([
  text('accountKey', 'account-key', '<file>'),
  text('acmeVars', 'acme-vars', '<string>'),
  value('bits', '<number>', setBits),
  value('challenge', '{http-01|dns-01}', (acme, word) => {
    const type = word.toLowerCase();
    if (type !== 'http-01' && type !== 'dns-01')
      return "keyword 'challenge' in 'acme' section requires a challenge type: http-01 or dns-01";
    acme.challenge = type;
    return undefined;
  }),
  value('challenge-ready', `<${READY.join('|')}>[,...]`, setReady),
  text('contact', 'contact', '<address>'),
  value('curves', '<curve>', (acme, word) => {
    const curve = CURVES[word];
    if (curve === undefined) return `unsupported curves '${word}'`;
    acme.curve = curve;
    return undefined;
  }),
  value('directory', '<url>', (acme, word) => {
    if (!/^https?:\/\/./.test(word) || !URL.canParse(word)) return `'directory' expects a URL (got '${word}')`;
    acme.directory = word;
    return undefined;
  }),
  time('dnsDelay', 'dns-delay'),
  time('dnsTimeout', 'dns-timeout'),
  text('eabKeyId', 'eab-key-id', '<string>'),
  value('eab-mac-alg', '{HS256|HS384|HS512}', (acme, word) => {
    if (word !== 'HS256' && word !== 'HS384' && word !== 'HS512')
      return `'eab-mac-alg' expects HS256, HS384 or HS512 (got '${word}')`;
    acme.eabMacAlg = word;
    return undefined;
  }),
  value('eab-mac-key', '<base64url>', setMacKey),
  value('keytype', '{RSA|ECDSA}', (acme, word) => {
    if (word !== 'RSA' && word !== 'ECDSA')
      return "keyword 'keytype' in 'acme' section requires either 'RSA' or 'ECDSA' argument";
    acme.keyType = word === 'RSA' ? 'rsa' : 'ecdsa';
    return undefined;
  }),
  text('map', 'map', '<map>'),
  text('profile', 'profile', '<name>'),
  text('providerName', 'provider-name', '<name>'),
  works<Acme>('reuse-key', '{on|off}', (line, acme) => {
    const on = switchArgument(line);
    if (on !== null) acme.reuseKey = on;
  }),
]);

/** A section before its lines. */
export function newAcme(name: string, at: Line['at']): Acme {
  return {
    name,
    at,
    directory: '',
    accountKey: `${name}.account.key`,
    contact: null,
    challenge: 'http-01',
    ready: null,
    dnsDelay: 30_000,
    dnsTimeout: 600_000,
    keyType: 'ecdsa',
    bits: 2048,
    curve: 'P-384',
    map: null,
    profile: null,
    providerName: null,
    acmeVars: null,
    reuseKey: false,
    eabKeyId: null,
    eabMacAlg: 'HS256',
    eabMacKey: null,
  };
}

/** What is missing or contradicts itself once all lines are read. */
export function checkAcme(line: Line, acme: Acme): void {
  if (acme.directory === '') line.alert(`acme section '${acme.name}' requires a 'directory'.`);
  if ((acme.eabKeyId === null) !== (acme.eabMacKey === null))
    line.alert(`acme section '${acme.name}': 'eab-key-id' and 'eab-mac-key' need each other.`);
  if (acme.challenge === 'http-01' && acme.map === null)
    line.alert(`acme section '${acme.name}': 'challenge http-01' needs a 'map' that a frontend answers from.`);
}
