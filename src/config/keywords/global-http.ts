/** Keywords of the `global` section about HTTP messages. */

import type { ConfigDraft } from '../draft.ts';
import { flag, kept, type Row } from './global-keyword.ts';
import { works } from './table.ts';

/** `http-err-codes`, `http-fail-codes`: ranges with a sign add to the list or take out of it, others replace it. */
function statusList(keyword: string, key: 'errCodes' | 'failCodes'): Row {
  return works<ConfigDraft>(keyword, '[+-]<range>[,...] ...', (line, { global }) => {
    const codes = new Set(global[key]);
    if (line.words.length < 2)
      return line.alert(`'${keyword}' expects one or more ranges of status codes as arguments.`);
    for (const word of line.words.slice(1)) {
      const sign = word[0] === '+' || word[0] === '-' ? word[0] : '';
      if (sign === '') codes.clear();
      for (const range of word.slice(sign.length).split(',')) {
        const [, low, high] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
        const [from, to] = [Number(low), Number(high ?? low)];
        if (!(from >= 100 && from <= to && to <= 599))
          return line.alert(`'${keyword}' : '${range}' is no range of status codes between 100 and 599.`);
        for (let code = from; code <= to; code++) {
          if (sign === '-') codes.delete(code);
          else codes.add(code);
        }
      }
    }
    global[key] = [...codes].sort((a, b) => a - b);
    return undefined;
  });
}

/** HTTP. */
export const GLOBAL_HTTP_KEYWORDS: Row[] = [
  statusList('http-err-codes', 'errCodes'),
  statusList('http-fail-codes', 'failCodes'),
  flag('h2-workaround-bogus-websocket-clients', 'h2WithoutWebSockets', { negatable: true }),
  kept('h1-case-adjust', '<from> <to>', 2, '<from> and <to> as argument'),
  kept('h1-case-adjust-file', '<file>', 1, '<file> as argument'),
  kept('h1-accept-payload-with-any-method', '', 0, 'no argument'),
  kept('h1-do-not-close-on-insecure-transfer-encoding', '', 0, 'no argument'),
];
