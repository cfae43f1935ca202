import type { ConfigDraft, Draft } from '../draft.ts';
import type { Line } from '../line.ts';
import { applyVersionWord, parseTlsVersion } from '../tls.ts';
import type { GlobalTlsConfig, TlsOptions } from '../types.ts';
import { RENEGOTIATION } from './server-tls.ts';
import { remark } from './table.ts';

/** Reads the words of `ssl-default-bind-options` and `ssl-default-server-options`. */
export function parseDefaultOptions(side: 'bind' | 'server'): (line: Line, config: ConfigDraft) => void {
  return (line, { global: { tls } }) => {
    const keyword = line.word(0);
    if (line.words.length < 2) return line.alert(`global statement '${keyword}' expects an option as an argument.`);
    for (let index = 1; index < line.words.length; index++) {
      const word = line.word(index);
      if (word === 'ssl-min-ver' || word === 'ssl-max-ver') {
        const parsed = parseTlsVersion(word, line.word(++index));
        if ('error' in parsed) return line.alert(`${parsed.error} on global statement '${keyword}'.`);
        tls[side][word === 'ssl-min-ver' ? 'minVersion' : 'maxVersion'] = parsed.version;
      } else if (/^(no-)?renegotiate$/.test(word) && side === 'server') remark(line, word, 'noticed', RENEGOTIATION);
      else if (!applyDefaultOption(word, side, tls))
        return line.alert(`unknown option '${word}' on global statement '${keyword}'.`);
    }
  };
}

function applyDefaultOption(word: string, side: 'bind' | 'server', tls: Draft<GlobalTlsConfig>): boolean {
  const options: Draft<TlsOptions> = tls[side];
  if (word === 'no-tls-tickets') options.tickets = false;
  else if (word === 'tls-tickets' && side === 'bind') options.tickets = true;
  else if (word === 'prefer-client-ciphers' && side === 'bind') tls.bindPreferClientCiphers = true;
  else if (/^(no-)?strict-sni$/.test(word) && side === 'bind') tls.bindStrictSni = word === 'strict-sni';
  else return applyVersionWord(word, options);
  return true;
}
