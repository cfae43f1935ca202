/** What stick tables and stick rules refer to, once all is read. */

import type { Draft } from './draft.ts';
import type { Context } from './line.ts';
import { addStored } from './tables/store.ts';
import type { StickTableConfig } from './types.ts';

/** Finds tables of stick rules, which have them keep the servers; peers sections of tables; tables of `write-to`. */
export function checkTables({ config, diagnostics }: Context): void {
  for (const { config: proxy } of config.proxies) {
    for (const { words, at } of proxy.stickRules) {
      const name = stickTableName(words) ?? proxy.name;
      const table = config.tables.get(name);
      if (table === undefined) diagnostics.alert(at, `Proxy '${proxy.name}': unable to find stick-table '${name}'.`);
      else keepServers(table);
    }
  }
  const files = new Map<string, string>();
  for (const table of config.tables.values()) {
    const twin = table.stateFile === null ? undefined : files.get(table.stateFile);
    if (twin !== undefined)
      diagnostics.alert(table.at, `stick-table: state-file : '${table.stateFile}' is that of table '${twin}' already.`);
    else if (table.stateFile !== null) files.set(table.stateFile, table.name);
    const { name, section: ownSection, peers, writeTo } = table;
    const owner = ownSection === null ? `Proxy '${name}'` : `Table '${name}'`;
    const section = config.peers.find((one) => one.peers.name === peers);
    table.shards = section?.peers.shards ?? 0;
    if (peers !== null && section === undefined)
      diagnostics.alert(table.at, `${owner}: unable to find sync peers '${peers}'.`);
    if (writeTo === null) continue;
    const problem = writeToProblem(table, config.tables.get(writeTo));
    if (problem !== null) diagnostics.alert(table.at, `stick-table: write-to : ${problem}.`);
  }
}

/** The table that a stick rule names; null: that of its proxy. */
function stickTableName(words: readonly string[]): string | null {
  const end = words.findIndex((word) => word === 'if' || word === 'unless');
  const at = words.indexOf('table', 2);
  return at < 0 || (end >= 0 && at > end) ? null : (words[at + 1] ?? '');
}

function keepServers({ data }: Draft<StickTableConfig>): void {
  for (const type of ['server_id', 'server_key'])
    if (!data.some((stored) => stored.type === type)) addStored(data, { type, length: 1, period: 0 });
}

/** What is written by peers must fit into the other table. */
function writeToProblem(table: Draft<StickTableConfig>, target: Draft<StickTableConfig> | undefined): string | null {
  if (target === undefined) return `table '${table.writeTo}' doesn't exist`;
  if (target.name === table.name) return `table '${table.name}' cannot write to itself`;
  if (target.type !== table.type) return `'${target.name}' has another type of key than '${table.name}'`;
  if (target.keyLength !== table.keyLength) return `'${target.name}' has another key length than '${table.name}'`;
  return null;
}
