/** `clitcpka-*` and `srvtcpka-*`: how idle connections are probed (manual, section 4.2). */

import type { ProxyDraft } from '../draft.ts';
import type { Line } from '../line.ts';
import type { KeepAliveProbes, ProxyConfig } from '../types.ts';
import { parseInteger, parseTime } from '../units.ts';
import { inSections } from './sections.ts';
import { type Keyword, works } from './table.ts';

type Side = keyof Pick<ProxyConfig, 'clientProbes' | 'serverProbes'>;

function probeSetting(
  name: string,
  args: string,
  side: Side,
  key: keyof KeepAliveProbes,
  read: (line: Line) => number | null,
): Keyword<ProxyDraft> {
  const parse = (line: Line, { config }: ProxyDraft) => {
    const value = read(line);
    if (value !== null && line.atMost(1)) config[side] = { ...config[side], [key]: value };
  };
  return works(name, args, parse, { sections: inSections(side === 'clientProbes' ? 'DFL' : 'DLB') });
}

function readCount(line: Line): number | null {
  const [name = '', text = ''] = line.words;
  const count = parseInteger(text);
  if (count !== null && count >= 0 && count <= 0x7fff_ffff) return count;
  line.alert(
    text === '' ? `'${name}' expects an integer value` : `'${name}' expects an integer value >= 0 (got '${text}')`,
  );
  return null;
}

/** Seconds, which is what a number without a unit is. */
function readSeconds(line: Line): number | null {
  const [name = '', text = ''] = line.words;
  if (text === '') {
    line.alert(`'${name}' expects an integer value`);
    return null;
  }
  const seconds = parseTime(text, 's');
  if (typeof seconds === 'number') return seconds;
  if (seconds.error === 'character')
    line.alert(`unexpected character '${seconds.character}' in argument to <${name}>.`);
  else line.alert(`timer overflow in argument '${text}' to '${name}' (maximum value is 2147483647 s)`);
  return null;
}

const ofSide = (prefix: string, side: Side): readonly Keyword<ProxyDraft>[] => [
  probeSetting(`${prefix}-cnt`, '<number>', side, 'count', readCount),
  probeSetting(`${prefix}-idle`, '<time>', side, 'idle', readSeconds),
  probeSetting(`${prefix}-intvl`, '<time>', side, 'interval', readSeconds),
];

export const KEEP_ALIVE_KEYWORDS: readonly Keyword<ProxyDraft>[] = [
  ...ofSide('clitcpka', 'clientProbes'),
  ...ofSide('srvtcpka', 'serverProbes'),
];
