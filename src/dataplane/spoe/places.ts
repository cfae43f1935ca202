/** Scopes and sections of an SPOE file (doc/SPOE.txt, section 2.1): `[engine]` begins a scope, `spoe-agent NAME` a section in it. */

import type { DocumentLine } from '../../config/document.ts';
import { isRefusal, type Refusal, refusal } from '../edit/problem.ts';
import type { Documents, Found } from '../edit/sections.ts';
import type { SectionKind } from '../kinds/kind.ts';
import { SPOE_SECTIONS } from '../kinds/spoe.ts';

/** The lines of a scope: its title and, up to `end`, what is in it. */
export interface Scope {
  /** With its brackets. */
  readonly name: string;
  readonly start: number;
  /** Index after the last line. */
  readonly end: number;
}

/** An SPOE file is one document. */
export function linesOf(documents: Documents): readonly DocumentLine[] {
  return documents[0]!.lines;
}

export function scopesOf(documents: Documents): Scope[] {
  const lines = linesOf(documents);
  const starts = lines.flatMap(({ words }, index) => (isScope(words) ? [index] : []));
  return starts.map((start, i) => ({
    name: lines[start]!.words[0]!,
    start,
    end: starts[i + 1] ?? lines.length,
  }));
}

function isScope([first = '', ...others]: readonly string[]): boolean {
  return others.length === 0 && /^\[[^[\]]+\]$/.test(first);
}

/** A scope's name as files have it; clients may leave out the brackets. */
export function scopeName(given: string): string {
  return given.startsWith('[') ? given : `[${given}]`;
}

/** The scope of that name, with or without brackets; a refusal: there is none, or more than one. */
export function scopeNamed(documents: Documents, given: string): Scope | Refusal {
  const name = scopeName(given);
  const all = scopesOf(documents);
  const found = all.filter((scope) => scope.name === name);
  if (found.length === 1) return found[0]!;
  if (found.length > 1) return refusal('conflict', `more than one scope is called '${name}'`);
  const known = all.length === 0 ? 'there is none' : `it has ${all.map((scope) => scope.name).join(', ')}`;
  return refusal('missing', `the SPOE file has no scope '${name}'; ${known}`);
}

/** The sections of a kind in a scope. */
export function sectionsIn(documents: Documents, scope: Scope, kind: SectionKind): Found[] {
  const lines = linesOf(documents);
  const keywords = SPOE_SECTIONS.map(({ keyword }) => keyword);
  const starts: number[] = [];
  for (let index = scope.start + 1; index < scope.end; index++)
    if (keywords.includes(lines[index]!.words[0] ?? '')) starts.push(index);
  return starts.flatMap((start, i): Found[] => {
    const [keyword, name = ''] = lines[start]!.words;
    if (keyword !== kind.keyword) return [];
    const section = { kind: kind.keyword, name, start, end: starts[i + 1] ?? scope.end };
    return [{ place: { document: 0, section, block: '' }, name }];
  });
}

/** The section of that name in a scope. */
export function spoeSection(documents: Documents, scope: string, kind: SectionKind, name: string): Found | Refusal {
  const own = scopeNamed(documents, scope);
  if (isRefusal(own)) return own;
  const all = sectionsIn(documents, own, kind);
  const found = all.filter((one) => one.name === name);
  if (found.length === 1) return found[0]!;
  if (found.length > 1) return refusal('conflict', `more than one ${kind.title} of ${own.name} is called '${name}'`);
  const known = all.length === 0 ? 'it has none' : `it has ${all.map((one) => one.name).join(', ')}`;
  return refusal('missing', `scope '${own.name}' has no ${kind.title} '${name}'; ${known}`);
}
