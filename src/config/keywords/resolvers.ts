/** Keywords of `resolvers` sections (manual, section 5.3.2). */

import { parseAddress } from '../address.ts';
import type { Draft } from '../draft.ts';
import type { Line } from '../line.ts';
import type { ResolversConfig } from '../types.ts';
import { parseInteger, parseTime } from '../units.ts';
import { integerArgument } from './arguments.ts';
import { KeywordTable, works } from './table.ts';

type Resolvers = Draft<ResolversConfig>;

const HOLDS = ['valid', 'obsolete', 'nx', 'timeout', 'refused', 'other'] as const;

function parseNameserver(line: Line, resolvers: Resolvers): void {
  const [, name, text] = line.words;
  if (name === undefined || text === undefined)
    return line.alert("'nameserver' expects <name> and <addr>[:<port>] as arguments.");
  if (!line.atMost(2)) return;
  const twin = resolvers.nameservers.find((server) => server.name === name);
  if (twin !== undefined)
    return line.alert(
      `name server '${name}' has same name as another nameserver (declared at ${twin.at.file}:${twin.at.line}).`,
      'reader',
    );
  const parsed = parseAddress(text, { names: false, port: 'required' });
  if ('error' in parsed) return line.alert(`'nameserver ${name}' : ${parsed.error}`);
  resolvers.nameservers.push({ name, address: parsed.address, tcp: parsed.type === 'stream', at: line.at });
}

/** A time of this section, whose messages put the keyword in angle brackets. */
function angledTime(line: Line, text: string, keyword: string): number | null {
  const value = parseTime(text);
  if (typeof value === 'number') return value;
  if (value.error === 'character')
    line.alert(`unexpected character '${value.character}' in argument to <${keyword}>.`, 'reader');
  else
    line.alert(
      `timer overflow in argument <${text}> to <${keyword}>, maximum value is 2147483647 ms (~24.8 days).`,
      'reader',
    );
  return null;
}

function parseHold(line: Line, resolvers: Resolvers): void {
  const [, event, time] = line.words;
  if (event === undefined || time === undefined)
    return line.alert("'hold' expects an <event> and a <time> as arguments.");
  const key = HOLDS.find((known) => known === event);
  if (key === undefined)
    return line.alert(
      `'hold' unknown <event>: '${event}', expects either 'nx', 'timeout', 'valid', 'obsolete', 'refused' or 'other'.`,
    );
  const value = angledTime(line, time, 'hold');
  if (value !== null && line.atMost(2)) resolvers.hold[key] = value;
  return undefined;
}

function parseResolversTimeout(line: Line, resolvers: Resolvers): void {
  const [, what, time] = line.words;
  if (what !== 'resolve' && what !== 'retry')
    return line.alert(
      `'timeout' expects 'retry' or 'resolve' and <time> as arguments${what === undefined ? '' : ` got '${what}'`}.`,
    );
  if (time === undefined) return line.alert(`'timeout ${what}' expects <time> as argument.`);
  const value = angledTime(line, time, `timeout ${what}`);
  if (value !== null && line.atMost(1, 2)) resolvers[what === 'resolve' ? 'timeoutResolve' : 'timeoutRetry'] = value;
  return undefined;
}

export const RESOLVERS_KEYWORDS = new KeywordTable<Resolvers>([
  works<Resolvers>('nameserver', '<name> <address>[:<port>]', parseNameserver),
  works<Resolvers>('parse-resolv-conf', '', (line, resolvers) => {
    if (line.atMost(0)) resolvers.parseResolvConf = true;
  }),
  works<Resolvers>('hold', '<event> <time>', parseHold),
  works<Resolvers>('resolve_retries', '<number>', (line, resolvers) => {
    const value = integerArgument(line, { min: 1 });
    if (value !== null) resolvers.resolveRetries = value;
  }),
  works<Resolvers>('timeout', '{resolve|retry} <time>', parseResolversTimeout),
  works<Resolvers>('accepted_payload_size', '<bytes>', (line, resolvers) => {
    const value = parseInteger(line.word(1));
    if (value !== null && value >= 12 && value <= 65535) resolvers.acceptedPayloadSize = value;
    else line.alert(`'accepted_payload_size' must be between 12 and 65535 inclusive (was ${line.word(1)}).`);
  }),
]);

export function newResolvers(name: string, at: Line['at']): Resolvers {
  return {
    name,
    at,
    nameservers: [],
    parseResolvConf: false,
    acceptedPayloadSize: 512,
    resolveRetries: 3,
    timeoutResolve: 1000,
    timeoutRetry: 1000,
    hold: { valid: 10_000, obsolete: 0, nx: 30_000, timeout: 30_000, refused: 30_000, other: 30_000 },
  };
}
