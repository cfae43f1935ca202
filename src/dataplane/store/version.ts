/** The version of a configuration: a comment at the top of its first file, `# _version=7`. Without one it is 1. */

import type { Documents } from '../edit/sections.ts';

const VERSION = /^\s*#\s*_version\s*=\s*(\d{1,15})\s*$/;
/** Lines at the top among which it is looked for. */
const TOP = 20;

export function versionOf(documents: Documents): number {
  const line = lineOf(documents);
  return line < 0 ? 1 : Number(VERSION.exec(documents[0]!.lines[line]!.raw)![1]);
}

/** The documents with another version in them. */
export function withVersion(documents: Documents, version: number): Documents {
  const line = lineOf(documents);
  const [first] = documents;
  if (first === undefined) return documents;
  return documents.with(0, first.spliced(Math.max(line, 0), line < 0 ? 0 : 1, [`# _version=${version}`]));
}

function lineOf(documents: Documents): number {
  const lines = documents[0]?.lines ?? [];
  const statement = lines.findIndex(({ words }) => words.length > 0);
  const top = lines.slice(0, statement < 0 ? TOP : Math.min(statement, TOP));
  return top.findIndex(({ raw }) => VERSION.test(raw));
}
