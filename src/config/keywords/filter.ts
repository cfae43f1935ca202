/** `filter` lines (manual, section 9). */

import type { ProxyDraft } from '../draft.ts';
import type { Line } from '../line.ts';
import type { FilterConfig } from '../types.ts';
import { parseBandwidthFilter } from './bwlim.ts';
import { inSections } from './sections.ts';
import { type Keyword, refused, remark, works } from './table.ts';

/** Filters of HAProxy that are refused, and what to do instead. */
const REFUSED: Readonly<Record<string, string>> = {
  spoe: 'Sluice has no agents to offload to: decide by maps and stick tables, or in a backend of its own.',
  'fcgi-app': 'Put a web server that speaks FastCGI in front of the application.',
  opentracing: 'Send the trace headers on with http-request set-header, and log them.',
};

/** A kind of filter: reads the words behind its name; null with an alert, or where nothing is left to do. */
type Parse = (line: Line, proxy: ProxyDraft) => FilterConfig | null;

const KINDS: Readonly<Record<string, Parse>> = {
  compression: compression(['request', 'response']),
  'comp-req': compression(['request']),
  'comp-res': compression(['response']),
  cache(line, proxy) {
    const name = line.word(2);
    if (name === '') return complain(line, "'filter' : 'cache : expects a <name> argument'");
    if (proxy.config.filters.some((filter) => filter.kind === 'cache' && filter.name === name))
      return complain(
        line,
        `'filter' : '${proxy.config.name}: multiple explicit declarations of the cache filter '${name}''`,
      );
    return nothingBehind(line, 3) ? { kind: 'cache', name, at: line.at } : null;
  },
  'bwlim-in': bandwidth,
  'bwlim-out': bandwidth,
  trace(line) {
    for (let i = 2; i < line.words.length; i++) {
      const word = line.word(i);
      if ((word === 'name' || word === 'max-fwd') && line.word(i + 1) === '')
        return complain(line, `'filter' : ''trace' : '${word}' option without value'`);
      if (word === 'name') i++;
      else if (!['random-forwarding', 'random-parsing', 'hexdump', 'quiet', 'max-fwd'].includes(word))
        return complain(line, `'filter trace' : unknown keyword '${word}'.`);
      else if (word === 'max-fwd') i++;
    }
    remark(line, 'filter trace', 'noticed', 'it shows the calls inside of HAProxy, which are not made here.');
    return { kind: 'trace', at: line.at };
  },
};

/** Identities under which HAProxy's filters are known, where they are not the name in capitals. */
const FAMILIES: readonly (readonly [start: string, id: string])[] = [
  ['bwlim', 'BWLIM'],
  ['comp', 'COMP'],
];

/** The names of the filters in HAProxy's format (`-dKflt`): each with its identity. */
export function listFilters(): string {
  const identity = (name: string) => FAMILIES.find(([start]) => name.startsWith(start))?.[1] ?? name.toUpperCase();
  const lines = Object.keys(KINDS).map((name) => `${name} [${identity(name)}]\n`);
  return `# List of registered filter names:\n${lines.sort().join('')}`;
}

/** What stands behind the options is no part of them. */
function bandwidth(line: Line, proxy: ProxyDraft): FilterConfig | null {
  const read = parseBandwidthFilter(line, proxy);
  return read === null || !nothingBehind(line, read.next) ? null : read.filter;
}

function complain(line: Line, text: string): null {
  line.alert(text);
  return null;
}

function nothingBehind(line: Line, index: number): boolean {
  if (line.word(index) === '') return true;
  line.alert(`'filter ${line.word(1)}' : unknown keyword '${line.word(index)}'.`);
  return false;
}

function compression(directions: readonly ('request' | 'response')[]): Parse {
  return (line, { config }) => {
    const twice = config.filters.some(
      (filter) => filter.kind === 'compression' && filter.directions.some((one) => directions.includes(one)),
    );
    if (twice) return complain(line, `'filter' : '${config.name}: Proxy supports only one compression filter'`);
    return nothingBehind(line, 2) ? { kind: 'compression', directions, at: line.at } : null;
  };
}

function parseFilter(line: Line, proxy: ProxyDraft): void {
  const kind = line.word(1);
  if (proxy.kind === 'defaults') return line.alert("filter is not allowed in a 'default' section.");
  if (kind === '') return line.alert(`missing argument for 'filter' in proxy '${proxy.config.name}'.`);
  if (Object.hasOwn(REFUSED, kind)) return remark(line, `filter ${kind}`, 'refused', REFUSED[kind]!);
  const parse = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (parse === undefined)
    return line.alert(`'filter' : unknown keyword '${kind}'. Registered keywords : ${Object.keys(KINDS).join(', ')}`);
  const filter = parse(line, proxy);
  if (filter !== null) proxy.config.filters.push(filter as never);
  return undefined;
}

export const FILTER_KEYWORDS: readonly Keyword<ProxyDraft>[] = [
  works<ProxyDraft>(
    'filter',
    '{compression|comp-req|comp-res|cache <name>|{bwlim-in|bwlim-out} <name> [<option>]*|trace}',
    parseFilter,
    {
      sections: inSections('DFLB'),
    },
  ),
  ...refused<ProxyDraft>(
    'Leave it out: a body passes the cache, then compression.',
    ['filter-sequence {request|response} <list>'],
    { sections: inSections('DFLB') },
  ),
];
