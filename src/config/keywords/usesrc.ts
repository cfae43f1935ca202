import { parseAddress } from '../address.ts';
import type { ShownSource } from '../types.ts';

const HEADER = /^hdr_ip\(\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:,\s*(-?\d{1,4})\s*)?\)$/;

/** What follows `usesrc`, in HAProxy's words where it is wrong. */
export function parseShownSource(word: string): ShownSource | { readonly error: string } {
  if (word === '')
    return { error: "'usesrc' expects <addr>[:<port>], 'client', 'clientip', or 'hdr_ip(name,#)' as argument." };
  if (word === 'client' || word === 'clientip') return { kind: 'client', withPort: word === 'client' };
  if (word.startsWith('hdr_ip(')) {
    const header = HEADER.exec(word);
    if (header === null) return { error: `usesrc hdr_ip(name,num) : wrong header '${word}'` };
    return { kind: 'header', name: header[1]!.toLowerCase(), occurrence: Number(header[2] ?? -1) };
  }
  const parsed = parseAddress(word, { names: false });
  if ('error' in parsed) return { error: `'usesrc ${word}' : ${parsed.error}` };
  const { address } = parsed;
  if (address.family !== 'inet' && address.family !== 'inet6')
    return { error: `'usesrc ${word}' : address family not supported` };
  return { kind: 'address', host: address.host, port: address.port };
}
