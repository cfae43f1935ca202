import type { Draft, ProxyDraft } from '../draft.ts';
import type { Line } from '../line.ts';
import type { ForwardedConfig } from '../types.ts';
import { inSections } from './sections.ts';
import { type Keyword, works } from './table.ts';

const PARTS = { host: 'host', by: 'by', by_port: 'byPort', for: 'for', for_port: 'forPort' } as const;
type Part = keyof typeof PARTS;

const isPart = (word: string): word is Part => word in PARTS;

/** `option forwarded [proto] [host|host-expr <expr>] [by|by-expr <expr>] [by_port|by_port-expr <expr>] [for...] [for_port...]` */
function parseForwarded(line: Line, proxy: ProxyDraft): void {
  proxy.config.forwarded = null;
  if (line.prefix === 'no') return;
  const forwarded: Draft<ForwardedConfig> = {
    at: line.at,
    ...{ proto: false, host: null, by: null, byPort: null, for: null, forPort: null },
  };
  if (line.word(2) === '') Object.assign(forwarded, { proto: true, for: 'original' });
  for (let i = 2; i < line.words.length; i++) {
    const word = line.word(i);
    const name = word.endsWith('-expr') ? word.slice(0, -'-expr'.length) : word;
    if (word === 'proto') forwarded.proto = true;
    else if (!isPart(name)) return line.alert(unknownPart);
    else if (name === word) forwarded[PARTS[name]] = 'original';
    else {
      const expression = line.word(++i);
      if (expression === '') return line.alert(`'${word}' expects <expr> as argument.`);
      forwarded[PARTS[name]] = { expression };
    }
  }
  for (const name of ['by', 'for'] as const) {
    const port = `${name}Port` as const;
    if (forwarded[port] === null || forwarded[name] !== null) continue;
    const word = forwarded[port] === 'original' ? `${name}_port` : `${name}_port-expr`;
    line.warning(`'option forwarded' : '${word}' will be ignored because both '${name}' and '${name}-expr' are unset`);
    forwarded[port] = null;
  }
  proxy.config.forwarded = forwarded;
  return undefined;
}

const unknownPart =
  "'option forwarded' only supports optional values: 'proto', 'host', 'host-expr', 'by', 'by-expr', 'by_port', 'by_port-expr', 'for', 'for-expr', 'for_port' and 'for_port-expr'.";

/** `option forwarded`: servers are told of the client by the header of RFC 7239. */
export const forwardedOption: Keyword<ProxyDraft> = works(
  'forwarded',
  '[proto] [{host|host-expr <expr>}] [{by|by-expr <expr>}] [{by_port|by_port-expr <expr>}] [{for|for-expr <expr>}] [{for_port|for_port-expr <expr>}]',
  parseForwarded,
  { sections: inSections('DLB'), negatable: true },
);
