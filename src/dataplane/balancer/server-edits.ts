/** The commonest edits of all, without reading the whole configuration again: a server gets another weight, address or state. */

import type { Document, DocumentLine } from '../../config/document.ts';
import { loadConfig } from '../../config/load.ts';
import type { Config, Diagnostic, ProxyConfig, ServerConfig } from '../../config/types.ts';
import { same } from '../../control/reload-plan.ts';
import { type Documents, filesFor } from '../edit/sections.ts';

/** What may differ. Nothing but the server depends on these. */
const OWN = ['weight', 'address', 'disabled'] as const satisfies readonly (keyof ServerConfig)[];
/** Edits that are looked at one by one; with more the whole is read. */
const MOST = 100;
/** What else a server's settings depend on: the self-check below fails where there is more. */
const SURROUNDINGS = ['mode', 'default-server'];

/**
 * The configuration that `after` gives, where `before` gives `config` and only `server` lines differ, in what is a server's own; it shares
 * all else with `config`. null: it has to be loaded. The lines are read by themselves, and trusted only where the old one, read so, gives
 * the server that is there.
 */
export function withServerEdits(config: Config, before: Documents, after: Documents): Config | null {
  const edits = lineEdits(before, after);
  if (edits === null || edits.length > MOST) return null;
  const proxies = [...config.proxies];
  for (const { document, index } of edits) {
    const place = filesFor(after).places.find(
      ({ document: own, section }) => own === document && index > section.start && index < section.end,
    );
    const { kind, name } = place?.section ?? { kind: '', name: '' };
    const at = proxies.findIndex((proxy) => proxy.kind === kind && proxy.name === name);
    if (at < 0 || (kind !== 'backend' && kind !== 'listen')) return null;
    const alone = (documents: Documents) => serverAlone(documents, document, place!.section, index);
    const servers = withEdit(proxies[at]!, alone(before), alone(after));
    if (servers === null) return null;
    proxies[at] = { ...proxies[at]!, servers };
  }
  return { ...config, proxies };
}

interface LineEdit {
  readonly document: number;
  readonly index: number;
}

/** The statements that differ, where lines neither came nor went and all that differ are plain `server` lines. */
function lineEdits(before: Documents, after: Documents): LineEdit[] | null {
  if (before.length !== after.length) return null;
  const found: LineEdit[] = [];
  for (const [document, { lines }] of after.entries()) {
    const old = before[document]!;
    if (old.name !== after[document]!.name || old.lines.length !== lines.length) return null;
    for (const [index, line] of lines.entries()) {
      const was = old.lines[index]!;
      if (was === line || was.raw === line.raw) continue;
      if (was.number !== line.number) return null;
      if (was.words.length === 0 && line.words.length === 0) continue;
      if (!isPlainServer(was) || !isPlainServer(line) || was.words[1] !== line.words[1]) return null;
      found.push({ document, index });
    }
  }
  return found;
}

/** Without variables, which may say anything. */
function isPlainServer({ words, raw }: DocumentLine): boolean {
  return words[0] === 'server' && words.length >= 3 && !raw.includes('$') && !raw.includes('\n');
}

/** A server from its line and what stands around it. */
function serverAlone(
  documents: Documents,
  document: number,
  section: SectionPlace,
  index: number,
): ServerConfig | null {
  const lines: string[] = [];
  for (const [i, { lines: all }] of documents.entries()) {
    if (i > document) break;
    const end = i === document ? section.start : all.length;
    for (const place of filesFor(documents).places)
      if (place.document === i && place.section.kind === 'defaults' && place.section.start < end)
        lines.push(...around(documents[i]!, place.section));
  }
  lines.push(...around(documents[document]!, section), documents[document]!.lines[index]!.raw);
  const { config, diagnostics } = loadConfig({
    texts: [{ name: '', text: `${lines.join('\n')}\n` }],
    env: process.env,
  });
  const servers = config?.proxies[0]?.servers ?? [];
  return diagnostics.some(isOfServer) || servers.length !== 1 ? null : servers[0]!;
}

interface SectionPlace {
  readonly start: number;
  readonly end: number;
}

/** What is said of the section as a whole is of one that is not there: the timeouts that it lacks, for instance. */
function isOfServer({ severity, at }: Diagnostic): boolean {
  return severity === 'alert' || at !== null;
}

/** The title of a section, and those of its statements that servers depend on. */
function around(document: Document, { start, end }: SectionPlace): string[] {
  return document.lines
    .slice(start, end)
    .filter(({ words }, i) => i === 0 || SURROUNDINGS.includes(words[0] ?? ''))
    .map(({ raw }) => raw);
}

/** The servers of a proxy with one as its line says it now; null where that cannot be told. */
function withEdit(
  { servers }: ProxyConfig,
  was: ServerConfig | null,
  is: ServerConfig | null,
): readonly ServerConfig[] | null {
  if (was === null || is === null) return null;
  const at = servers.findIndex(({ name }) => name === was.name);
  const now = servers[at];
  if (now === undefined || servers.some(({ name }, i) => name === was.name && i !== at)) return null;
  const { weight, address, disabled } = is;
  const rest = (server: ServerConfig) => ({ ...server, ...Object.fromEntries(OWN.map((key) => [key, null])) });
  if (!same(was, now) || !same(rest(was), rest(is))) return null;
  return servers.with(at, { ...now, weight, address, disabled });
}
