/** `compression` lines (manual, section 4.2). */

import type { Draft, ProxyDraft } from '../draft.ts';
import type { Line } from '../line.ts';
import type { CompressionAlgorithm, CompressionConfig } from '../types.ts';
import { parseSize } from '../units.ts';
import { inSections } from './sections.ts';
import { type Keyword, works } from './table.ts';

type Compression = Draft<CompressionConfig>;

const ALGORITHMS: readonly string[] = ['identity', 'gzip', 'deflate', 'raw-deflate'] satisfies CompressionAlgorithm[];

const newCompression: Compression = {
  responseAlgorithms: [],
  requestAlgorithm: null,
  responseTypes: [],
  requestTypes: [],
  responses: true,
  requests: false,
  offload: false,
  minsizeResponse: 0,
  minsizeRequest: 0,
};

/** Known algorithms among the words from `index` on; null, with an alert, when there is another one or none. */
function algorithms(line: Line): CompressionAlgorithm[] | null {
  const names = line.words.slice(2);
  if (names.length === 0) {
    line.alert(`'compression ${line.word(1)}' expects <algorithm>.`);
    return null;
  }
  const unknown = names.find((name) => !ALGORITHMS.includes(name));
  if (unknown === undefined) return names as CompressionAlgorithm[];
  line.alert(`'compression' : '${unknown}' is not a supported algorithm.`);
  return null;
}

/** What a line sets, by its second word. */
const SETTINGS: Readonly<Record<string, (line: Line, to: Compression, proxy: ProxyDraft) => void>> = {
  algo: addResponseAlgorithms,
  'algo-res': addResponseAlgorithms,
  'algo-req'(line, to) {
    const names = algorithms(line);
    if (names !== null && names.length > 1) line.alert("'compression algo-req' expects a single <algorithm>.");
    else if (names !== null) to.requestAlgorithm = names[0]!;
  },
  type: addTypes('responseTypes'),
  'type-res': addTypes('responseTypes'),
  'type-req': addTypes('requestTypes'),
  offload(line, to, proxy) {
    if (proxy.kind === 'defaults') line.warning("'compression' : 'offload' ignored in 'defaults' section.");
    else to.offload = true;
  },
  direction(line, to) {
    const direction = line.word(2);
    if (direction !== 'request' && direction !== 'response' && direction !== 'both')
      return line.alert("'compression direction' expects 'request', 'response' or 'both'.");
    to.requests = direction !== 'response';
    to.responses = direction !== 'request';
    return undefined;
  },
  'minsize-req': setMinsize('minsizeRequest'),
  'minsize-res': setMinsize('minsizeResponse'),
};

/** The algorithm that is named last is preferred where the client leaves the choice. */
function addResponseAlgorithms(line: Line, to: Compression): void {
  for (const name of algorithms(line) ?? []) to.responseAlgorithms.unshift(name);
}

function addTypes(key: 'responseTypes' | 'requestTypes') {
  return (line: Line, to: Compression): void => {
    if (line.word(2) === '') line.alert(`'compression ${line.word(1)}' expects <type>.`);
    else to[key].push(...line.words.slice(2).map((type) => type.toLowerCase()));
  };
}

function setMinsize(key: 'minsizeRequest' | 'minsizeResponse') {
  return (line: Line, to: Compression): void => {
    const size = line.word(2) === '' ? null : parseSize(line.word(2));
    if (typeof size === 'number') to[key] = size;
    else line.alert(`'compression ${line.word(1)}' expects a size in bytes, got '${line.word(2)}'.`);
  };
}

function parseCompression(line: Line, proxy: ProxyDraft): void {
  const set = Object.hasOwn(SETTINGS, line.word(1)) ? SETTINGS[line.word(1)] : undefined;
  if (set === undefined) {
    const known = Object.keys(SETTINGS).map((name) => `'${name}'`);
    line.alert(`'compression' expects ${known.slice(0, -1).join(', ')} or ${known.at(-1)}.`);
    return;
  }
  proxy.config.compression ??= structuredClone(newCompression);
  set(line, proxy.config.compression, proxy);
}

export const COMPRESSION_KEYWORDS: readonly Keyword<ProxyDraft>[] = [
  works<ProxyDraft>(
    'compression',
    '{algo|algo-req|algo-res <algorithm>...|type|type-req|type-res <mime type>...|direction {request|response|both}|offload|minsize-req|minsize-res <size>}',
    parseCompression,
    { sections: inSections('DFLB') },
  ),
];
