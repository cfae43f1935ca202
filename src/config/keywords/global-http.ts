/** Keywords of the `global` section about HTTP messages. */

import type { ConfigDraft } from '../draft.ts';
import { TOKEN_ALGORITHMS, TOKEN_ENCRYPTIONS, type TokenLists } from '../token-algorithms.ts';
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

/** Algorithms of RFC 7518, section 4.1, that are not there: a list that allows them allows nothing by that. */
const NOT_DECRYPTED = /^(?:RSA1_5|ECDH-ES(?:\+A(?:128|192|256)KW)?)$/;

/** `jwt.decrypt_alg_list`, `jwt.decrypt_enc_list`: names with commas or colons between them. */
function tokenList<K extends keyof TokenLists>(keyword: string, key: K, known: TokenLists[K]): Row {
  return works<ConfigDraft>(keyword, '<list>', (line, { global }) => {
    const names = line.word(1).split(/[,:]/);
    if (line.words.length !== 2 || names.includes('')) return line.alert(`'${keyword}' expects a list of algorithms.`);
    for (const name of names.filter((one) => !known.some((other) => other === one))) {
      const text = `'${keyword}' : no token is decrypted by '${name}'; there are ${known.join(', ')}.`;
      if (!NOT_DECRYPTED.test(name)) return line.alert(text);
      line.warning(text);
    }
    global.tokens = { ...global.tokens, [key]: known.filter((one) => names.includes(one)) };
    return undefined;
  });
}

/** HTTP. */
export const GLOBAL_HTTP_KEYWORDS: Row[] = [
  statusList('http-err-codes', 'errCodes'),
  statusList('http-fail-codes', 'failCodes'),
  tokenList('jwt.decrypt_alg_list', 'algorithms', TOKEN_ALGORITHMS),
  tokenList('jwt.decrypt_enc_list', 'encryptions', TOKEN_ENCRYPTIONS),
  flag('h2-workaround-bogus-websocket-clients', 'h2WithoutWebSockets', { negatable: true }),
  kept('h1-case-adjust', '<from> <to>', 2, '<from> and <to> as argument'),
  kept('h1-case-adjust-file', '<file>', 1, '<file> as argument'),
  kept('h1-accept-payload-with-any-method', '', 0, 'no argument'),
  kept('h1-do-not-close-on-insecure-transfer-encoding', '', 0, 'no argument'),
];
