/** Keywords of the `global` section about HTTP messages. */

import type { ConfigDraft } from '../draft.ts';
import { TOKEN_ALGORITHMS, TOKEN_ENCRYPTIONS, type TokenRules } from '../token-algorithms.ts';
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

/** Algorithms of RFC 7518, section 4.1, by which no token is decrypted: a list that allows them allows nothing by that. */
const PASSWORDS = /^PBES2-HS(?:256\+A128|384\+A192|512\+A256)KW$/;

/**
 * `jwt.decrypt_alg_list`, `jwt.decrypt_enc_list`: names with colons between them, from left to right. `ALL` brings all of them, `!` in
 * front takes away; without `ALL` nothing is there to take away.
 */
function tokenList<K extends 'algorithms' | 'encryptions'>(keyword: string, key: K, known: TokenRules[K]): Row {
  return works<ConfigDraft>(keyword, '<list>', (line, { global }) => {
    const list = line.word(1);
    if (!line.atMost(1)) return undefined;
    const chosen = new Set<string>();
    for (const word of list.replace(/:$/, '').split(':')) {
      const name = word.replace(/^!/, '');
      if (name === '') return line.alert(`'${keyword}' expects names of algorithms with colons between them.`);
      const names = name === 'ALL' ? known : known.filter((one) => one === name);
      if (names.length === 0) {
        if (key !== 'algorithms' || !PASSWORDS.test(name)) return line.alert(`Unknown algorithm/encoding ${name}`);
        if (name === word) line.warning(`'${keyword}' : no token is decrypted by '${name}'.`);
      }
      for (const one of names) {
        if (name === word) chosen.add(one);
        else chosen.delete(one);
      }
    }
    if (chosen.size === 0) line.warning(`'${keyword}' : by '${list}' no token is decrypted.`);
    global.tokens = { ...global.tokens, [key]: known.filter((one) => chosen.has(one)) };
    return undefined;
  });
}

/** `jwt.allow_none_alg` */
const UNSIGNED_TOKENS: Row = works<ConfigDraft>('jwt.allow_none_alg', '', (line, { global }) => {
  if (line.words.length > 1)
    return line.alert("keyword 'jwt.allow_none_alg' in 'global' section does not take any arguments.");
  global.tokens = { ...global.tokens, unsigned: true };
  return undefined;
});

/** HTTP. */
export const GLOBAL_HTTP_KEYWORDS: Row[] = [
  statusList('http-err-codes', 'errCodes'),
  statusList('http-fail-codes', 'failCodes'),
  UNSIGNED_TOKENS,
  tokenList('jwt.decrypt_alg_list', 'algorithms', TOKEN_ALGORITHMS),
  tokenList('jwt.decrypt_enc_list', 'encryptions', TOKEN_ENCRYPTIONS),
  flag('h2-workaround-bogus-websocket-clients', 'h2WithoutWebSockets', { negatable: true }),
  kept('h1-case-adjust', '<from> <to>', 2, '<from> and <to> as argument'),
  kept('h1-case-adjust-file', '<file>', 1, '<file> as argument'),
  kept('h1-accept-payload-with-any-method', '', 0, 'no argument'),
  kept('h1-do-not-close-on-insecure-transfer-encoding', '', 0, 'no argument'),
];
