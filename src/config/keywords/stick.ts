/** `stick-table` and `stick` lines of proxies (manual, section 4.2). */

import type { Draft, ProxyDraft } from '../draft.ts';
import { type Line, placeText } from '../line.ts';
import { parseStickTable } from '../tables/stick-table.ts';
import type { StickTableConfig } from '../types.ts';
import { inSections } from './sections.ts';
import { type Keyword, works } from './table.ts';

/** Takes a table into the configuration with `add`, unless another one has its name. */
export function addTable(line: Line, table: Draft<StickTableConfig>, add: () => void): void {
  const { tables, proxiesByName } = line.context.config;
  const { name } = table;
  const twin = tables.get(name);
  if (twin !== undefined) {
    const owner =
      twin.section === null
        ? `${proxiesByName.get(name)?.find(({ config }) => config.stickTable === twin)?.kind ?? 'proxy'} '${name}'`
        : `peers '${twin.section}'`;
    const text = `stick-table name '${name}' conflicts with table declared in ${owner} at ${placeText(twin.at)}.`;
    return line.alert(text);
  }
  tables.set(name, table);
  add();
}

function parseProxyTable(line: Line, { config }: ProxyDraft): void {
  const table = parseStickTable(line, 1, config.name, null);
  if (table === null) return;
  addTable(line, table, () => {
    config.stickTable = table;
  });
}

const STICK_KINDS: readonly string[] = ['on', 'match', 'store-request', 'store-response'];

/** A stick rule is kept as words: its kind, expression, `table <name>`, condition. */
function parseStick(line: Line, { config }: ProxyDraft): void {
  if (!STICK_KINDS.includes(line.word(1))) return line.alert("'stick' expects 'on', 'match', or 'store'.");
  if (line.word(2) === '') return line.alert("'stick' expects a fetch method.");
  config.stickRules.push(line.from(1));
}

export const STICK_KEYWORDS: readonly Keyword<ProxyDraft>[] = [
  works<ProxyDraft>(
    'stick-table',
    'type {ip|ipv6|integer|string [len <length>]|binary [len <length>]} size <size> [expire <time>] [nopurge] [store <data>[,...]] [state-file <file> [state-interval <time>]] ...',
    parseProxyTable,
    { sections: inSections('FLB') },
  ),
  works<ProxyDraft>(
    'stick',
    '{match|on|store-request|store-response} <expression> [table <name>] [{if|unless} <condition>]',
    parseStick,
    { sections: inSections('LB') },
  ),
];
