import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { nearestWord } from '../../config/suggest.ts';
import { OperationError } from '../errors.ts';
import { type Least, leastKind } from '../kinds.ts';
import type { ServiceLogin } from '../service-address.ts';
import type { Configured } from './discover.ts';

/** What a team has set down for a load balancer. */
export interface NamedTarget extends Configured, ServiceLogin {
  readonly name: string;
  readonly address: string;
  /** Servers of a backend that must stay usable when nothing else is said. */
  readonly minUsable: Least | null;
  /** Names that it shares with others. */
  readonly groups?: readonly string[];
  /** Its Runtime API is behind TLS: files of the authorities to trust (`ca`), of a client certificate and key, the name that its certificate bears. */
  readonly tls?: boolean;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
}

/** Where the file is looked for, the first one counts. Behind sudo the user's own says nothing: it names programs that are run. */
function places(): readonly string[] {
  if (process.getuid!() === 0 && process.env['SUDO_USER'] !== undefined) return ['/etc/sluice/targets.json'];
  const given = process.env['SLUICE_TARGETS'];
  const own = process.env['XDG_CONFIG_HOME'] || join(homedir(), '.config');
  return given ? [given] : [join(own, 'sluice/targets.json'), '/etc/sluice/targets.json'];
}

/** The load balancers of the file of targets; none when there is no file. Throws OperationError when it is wrong. */
export function namedTargets(): readonly NamedTarget[] {
  for (const place of places()) {
    const text = read(place);
    if (text !== null) return parseTargets(text, place);
  }
  return [];
}

/**
 * The load balancers of the file of targets that have this name or are in this group. Throws OperationError `unreachable` when there is none, and
 * `failed` when the file is wrong.
 */
export function targetsNamed(name: string): readonly NamedTarget[] {
  const all = namedTargets();
  const found = all.filter((target) => target.name === name);
  const members = found.length > 0 ? found : all.filter(({ groups }) => groups?.includes(name));
  if (members.length > 0) return members;
  const groups = [...new Set(all.flatMap((target) => target.groups ?? []))];
  const list = [...all.map((target) => target.name), ...groups].join(', ') || 'none';
  throw new OperationError(
    'unreachable',
    `'${name}' is neither a socket nor a name of the file of targets; that has ${list}`,
  );
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && path !== process.env['SLUICE_TARGETS']) return null;
    throw new OperationError('failed', `the file of targets cannot be read (${code}): ${path}`);
  }
}

/** `{"lb1": {"address": "tcp:10.0.0.5:9999", "minUsable": "50%"}}`. */
export function parseTargets(text: string, path: string): readonly NamedTarget[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new OperationError('failed', `${path} is no JSON: ${(error as Error).message}`);
  }
  const wrong = (name: string, what: string) => new OperationError('failed', `${path}: ${name}: ${what}`);
  if (!isObject(value)) throw wrong('the file', 'an object of names and targets is expected');
  return Object.entries(value).map(([name, entry]) => {
    if (!isObject(entry)) throw wrong(name, 'an object with an address is expected');
    for (const member of Object.keys(entry)) {
      if (MEMBERS.includes(member)) continue;
      const near = nearestWord(member, MEMBERS);
      throw wrong(name, `unknown member '${member}'${near === null ? '' : `; did you mean '${near}'?`}`);
    }
    const { address, minUsable, tls, user, passwordFile, ca, cert, key, servername, ...commands } = entry;
    const texts = { user, passwordFile, ca, cert, key, servername };
    if (tls !== undefined && typeof tls !== 'boolean') throw wrong(name, "'tls' must be true or false");
    for (const [member, value] of Object.entries(texts))
      if (value !== undefined && typeof value !== 'string') throw wrong(name, `'${member}' must be a text`);
    if (typeof address !== 'string')
      throw wrong(name, "'address' is missing: a socket, tcp:HOST:PORT or https://HOST:PORT");
    for (const [member, words] of Object.entries(commands))
      if (!Array.isArray(words) || words.length === 0 || !words.every((word) => typeof word === 'string'))
        throw wrong(name, `'${member}' must be a list of texts`);
    const given = Object.fromEntries(Object.entries({ ...texts, tls }).filter(([, value]) => value !== undefined));
    return {
      ...(commands as Configured),
      ...given,
      name,
      address,
      minUsable: leastOf(minUsable, (what) => wrong(name, what)),
    };
  });
}

const MEMBERS = [
  ...['address', 'groups', 'minUsable', 'files', 'check', 'reload'],
  ...['user', 'passwordFile', 'tls', 'ca', 'cert', 'key', 'servername'],
];

function leastOf(value: unknown, wrong: (what: string) => OperationError): Least | null {
  if (value === undefined) return null;
  try {
    return leastKind.parse(String(value));
  } catch (error) {
    throw wrong(`'minUsable': ${(error as Error).message}`);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
