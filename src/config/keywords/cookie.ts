/** `cookie` and `dynamic-cookie-key`. */

import type { Draft, ProxyDraft } from '../draft.ts';
import type { Line } from '../line.ts';
import type { CookieConfig } from '../types.ts';
import { parseTime } from '../units.ts';
import { wordArgument } from './arguments.ts';
import { inSections } from './sections.ts';
import { type Keyword, works } from './table.ts';

const FLAGS = ['indirect', 'nocache', 'postonly', 'preserve', 'httponly', 'secure', 'dynamic'] as const;

const KNOWN =
  "'cookie' supports 'rewrite', 'insert', 'prefix', 'indirect', 'nocache', 'postonly', 'domain', 'maxidle', 'dynamic', 'maxlife' and 'attr' options.";

function parseCookie(line: Line, proxy: ProxyDraft): void {
  const name = line.word(1);
  if (name === '') return line.alert("'cookie' expects <cookie_name> as argument.");
  const cookie: Draft<CookieConfig> = {
    name,
    mode: 'rewrite',
    indirect: false,
    nocache: false,
    postonly: false,
    preserve: false,
    httponly: false,
    secure: false,
    dynamic: false,
    domains: [],
    maxidle: 0,
    maxlife: 0,
    attrs: [],
    dynamicKey: proxy.config.cookie?.dynamicKey ?? proxy.dynamicCookieKey,
  };
  const modes: string[] = [];
  for (let i = 2; i < line.words.length; i++) {
    const word = line.word(i);
    const flag = FLAGS.find((known) => known === word);
    if (flag !== undefined) cookie[flag] = true;
    else if (word === 'rewrite' || word === 'insert' || word === 'prefix') modes.push(word);
    else if (word === 'domain' || word === 'attr' || word === 'maxidle' || word === 'maxlife') {
      const error = parseValue(cookie, word, line.word(++i));
      if (error !== null) return line.alert(error, 'reader');
      if (word === 'domain') warnDomain(line, line.word(i));
    } else return line.alert(KNOWN);
  }
  if (modes.length > 1) return line.alert("cookie 'rewrite', 'insert' and 'prefix' modes are incompatible.");
  const mode = modes[0] as CookieConfig['mode'] | undefined;
  if (mode === 'rewrite' && cookie.indirect)
    return line.alert("cookie 'rewrite' and 'indirect' modes are incompatible.");
  cookie.mode = mode ?? 'rewrite';
  if (cookie.preserve && cookie.mode !== 'insert' && !cookie.indirect)
    return line.alert("cookie 'preserve' requires at least 'insert' or 'indirect'.");
  // Without a mode the cookie is only read: what the server sends stays as it is.
  if (mode === undefined && !cookie.indirect) cookie.preserve = true;
  proxy.config.cookie = cookie;
}

function parseValue(
  cookie: Draft<CookieConfig>,
  word: 'domain' | 'attr' | 'maxidle' | 'maxlife',
  value: string,
): string | null {
  if (word === 'domain') {
    if (value === '') return "'domain' expects <domain> as argument.";
    const strange = /[^A-Za-z0-9_.-]/.exec(value)?.[0];
    if (strange !== undefined) return `character '${strange}' is not permitted in domain name '${value}'.`;
    cookie.domains.push(value);
    return null;
  }
  if (word === 'attr') {
    if (value === '') return "'attr' expects <value> as argument.";
    const strange = /[;\x00-\x1f\x7f]/.exec(value)?.[0];
    if (strange !== undefined)
      return `character '%x${strange.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}' is not permitted in attribute value.`;
    cookie.attrs.push(value);
    return null;
  }
  if (value === '')
    return `'${word}' expects ${word === 'maxidle' ? '<idletime>' : '<lifetime>'} in seconds as argument.`;
  const seconds = parseTime(value, 's');
  if (typeof seconds !== 'number') {
    if (seconds.error === 'character') return `unexpected character '${seconds.character}' in argument to <${word}>.`;
    return `timer overflow in argument <${value}> to <${word}>, maximum value is 2147483647 s (~68 years).`;
  }
  cookie[word] = seconds;
  return null;
}

function warnDomain(line: Line, domain: string): void {
  if (!domain.slice(1, -1).includes('.')) {
    line.warning(
      `domain '${domain}' contains no embedded dot, this configuration may not work properly (see RFC6265#5.2.3).`,
      'reader',
    );
  }
}

function parseDynamicKey(line: Line, proxy: ProxyDraft): void {
  const key = wordArgument(line, '<secret_key> as argument');
  if (key === null) return;
  proxy.dynamicCookieKey = key;
  if (proxy.config.cookie !== null) proxy.config.cookie.dynamicKey = key;
}

export const COOKIE_KEYWORDS: readonly Keyword<ProxyDraft>[] = [
  works<ProxyDraft>(
    'cookie',
    '<name> [rewrite|insert|prefix] [indirect] [nocache] [postonly] [preserve] [httponly] [secure] [domain <domain>]* [maxidle <time>] [maxlife <time>] [dynamic] [attr <value>]*',
    parseCookie,
    { sections: inSections('DLB') },
  ),
  works<ProxyDraft>('dynamic-cookie-key', '<string>', parseDynamicKey, { sections: inSections('DLB') }),
];
