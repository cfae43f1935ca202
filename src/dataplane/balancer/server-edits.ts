/** The commonest edits of all, without reading the whole configuration again: a server gets another weight, address or state. */

import type { Document, DocumentLine } from '../../config/document.ts';
import type { Place } from '../../config/edit/places.ts';
import { loadConfig } from '../../config/load.ts';
import type { Config, Diagnostic, ProxyConfig, ServerConfig } from '../../config/types.ts';
import { same } from '../../control/reload-plan.ts';
import { type Documents, filesFor } from '../edit/sections.ts';

/** What may differ. Nothing but the server depends on these. */
const OWN = ['weight', 'address', 'disabled'] as const satisfies readonly (keyof ServerConfig)[];
/** With more edits the whole is read. */
const MOST = 1000;
/** What else a server's settings depend on: the self-check below fails where there is more. */
const SURROUNDINGS = ['mode', 'default-server'];

/**
 * The configuration that `after` gives, where `before` gives `config` and only `server` lines differ, in what is a server's own; it shares
 * all else with `config`. null: it has to be loaded. The lines are read by themselves, and trusted only where the old ones, read so, give
 * the servers that are there.
 */
export function withServerEdits(config: Config, before: Documents, after: Documents): Config | null {
  const edits = lineEdits(before, after);
  if (edits === null || edits.length > MOST) return null;
  if (edits.length === 0) return { ...config };
  const sections = sectionsWith(edits, after);
  if (sections === null) return null;
  const [was, is] = [serversAlone(sections, before), serversAlone(sections, after)];
  if (was === null || is === null) return null;
  const positions = new Map(config.proxies.map(({ kind, name }, i) => [`${kind} ${name}`, i]));
  const proxies = [...config.proxies];
  for (const [i, { place }] of sections.entries()) {
    const at = positions.get(`${place.section.kind} ${place.section.name}`);
    const servers = at === undefined ? null : withEdits(proxies[at]!, was[i]!, is[i]!);
    if (servers === null) return null;
    proxies[at!] = { ...proxies[at!]!, servers };
  }
  return { ...config, proxies };
}

/** A section with the lines of it that differ. */
interface EditedSection {
  readonly place: Place;
  readonly lines: readonly number[];
}

/** The sections of edits in the order of the files; null when one is in none that has servers of its own. */
function sectionsWith(edits: readonly LineEdit[], documents: Documents): EditedSection[] | null {
  const found = filesFor(documents).places.flatMap((place) => {
    const { document, section } = place;
    const lines = edits.filter(
      (one) => one.document === document && one.index > section.start && one.index < section.end,
    );
    return lines.length === 0 ? [] : [{ place, lines: lines.map(({ index }) => index) }];
  });
  const all = found.reduce((sum, { lines }) => sum + lines.length, 0);
  const fits = found.every(({ place: { section } }) => section.kind === 'backend' || section.kind === 'listen');
  return fits && all === edits.length ? found : null;
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

/** The servers of lines of sections, read with what they depend on, by section; null when they cannot be read so. */
function serversAlone(sections: readonly EditedSection[], documents: Documents): (readonly ServerConfig[])[] | null {
  const edited = new Map(sections.map((one) => [`${one.place.document} ${one.place.section.start}`, one.lines]));
  const lines: string[] = [];
  for (const { document, section } of filesFor(documents).places) {
    const own = edited.get(`${document} ${section.start}`);
    if (own === undefined && section.kind !== 'defaults') continue;
    lines.push(...around(documents[document]!, section));
    for (const index of own ?? []) lines.push(documents[document]!.lines[index]!.raw);
  }
  const text = `${lines.join('\n')}\n`;
  const { config, diagnostics } = loadConfig({ texts: [{ name: '', text }], env: process.env });
  if (config === null || diagnostics.some(isOfServer) || config.proxies.length !== sections.length) return null;
  return config.proxies.map(({ servers }) => servers);
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

/** The servers of a proxy with some as their lines say them now; null where that cannot be told. */
function withEdits(
  { servers }: ProxyConfig,
  was: readonly ServerConfig[],
  is: readonly ServerConfig[],
): readonly ServerConfig[] | null {
  if (was.length !== is.length) return null;
  const now = [...servers];
  for (const [i, { name }] of was.entries()) {
    const at = servers.findIndex((server) => server.name === name);
    const { weight, address, disabled } = is[i]!;
    if (at < 0 || at !== servers.findLastIndex((server) => server.name === name)) return null;
    if (!same(was[i], servers[at]) || !same(rest(was[i]!), rest(is[i]!))) return null;
    now[at] = { ...servers[at]!, weight, address, disabled };
  }
  return now;
}

function rest(server: ServerConfig): object {
  return { ...server, ...Object.fromEntries(OWN.map((key) => [key, null])) };
}
