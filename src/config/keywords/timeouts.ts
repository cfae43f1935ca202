/** `timeout <name> <time>` of proxies. */

import type { ProxyDraft } from '../draft.ts';
import type { Line } from '../line.ts';
import type { Timeouts } from '../types.ts';
import { timeText } from './arguments.ts';
import { inSections } from './sections.ts';
import { type Keyword, works } from './table.ts';

/** Name in the file -> name in `Timeouts`, and the side it belongs to. */
const TIMEOUTS: readonly { readonly name: string; readonly key: keyof Timeouts; readonly sections: string }[] = [
  { name: 'client', key: 'client', sections: 'DFL' },
  { name: 'server', key: 'server', sections: 'DLB' },
  { name: 'connect', key: 'connect', sections: 'DLB' },
  { name: 'check', key: 'check', sections: 'DLB' },
  { name: 'queue', key: 'queue', sections: 'DLB' },
  { name: 'http-keep-alive', key: 'httpKeepAlive', sections: 'DFLB' },
  { name: 'http-request', key: 'httpRequest', sections: 'DFLB' },
  { name: 'tunnel', key: 'tunnel', sections: 'DLB' },
  { name: 'tarpit', key: 'tarpit', sections: 'DFLB' },
  { name: 'client-fin', key: 'clientFin', sections: 'DFL' },
  { name: 'server-fin', key: 'serverFin', sections: 'DLB' },
];

function parseTimeout(line: Line, proxy: ProxyDraft, key: keyof Timeouts): void {
  const keyword = `timeout ${line.word(1)}`;
  if (line.word(2) === '') return line.alert(`'${keyword}' expects an integer value (in milliseconds)`);
  const value = timeText(line, line.word(2), `'${keyword}'`);
  if (value === null) return;
  if (line.words.length > 3)
    return line.alert(`'${keyword}' : unexpected extra argument '${line.word(3)}' after value '${line.word(2)}'.`);
  proxy.config.timeouts[key] = value === 0 ? null : value;
}

export const TIMEOUT_KEYWORDS: readonly Keyword<ProxyDraft>[] = [
  ...TIMEOUTS.map(({ name, key, sections }) =>
    works<ProxyDraft>(`timeout ${name}`, '<time>', (line, proxy) => parseTimeout(line, proxy, key), {
      sections: inSections(sections),
    }),
  ),
  works<ProxyDraft>(
    'timeout',
    '',
    (line) => {
      const names = TIMEOUTS.map(({ name }) => `'${name}'`);
      line.alert(
        `'timeout' supports ${names.slice(0, -1).join(', ')} and ${names[names.length - 1]} (got '${line.word(1)}')`,
      );
    },
    { sections: inSections('DFLB'), group: true },
  ),
];
