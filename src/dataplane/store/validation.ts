import type { DocumentLine } from '../../config/document.ts';
import { writtenLine } from '../../config/edit/words.ts';
import type { ConfigurationProblem } from '../balancer/balancer.ts';
import { claimed } from '../edit/attributes.ts';
import { resourceOf } from '../edit/resource.ts';
import { type Documents, filesFor } from '../edit/sections.ts';
import { ApiError } from '../service/error.ts';

/** Problems that are told at most. */
const MOST = 20;

/** The error for a configuration that was refused: all that is wrong, and where the first mistake is, down to the field. */
export function problemError(
  problems: readonly ConfigurationProblem[],
  documents: Documents,
  before: Documents,
): ApiError {
  const located = problems.find(({ line }) => line !== null) ?? problems[0]!;
  const lines = problems
    .slice(0, MOST)
    .map(({ line, text }) => (line === null ? `msg="${text}"` : `line=${line} msg="${text}"`));
  const message = `validation error: ${lines.join('; ')}`;
  return new ApiError(400, message, placeOf(located, documents, before));
}

function placeOf(
  { file, line, text }: ConfigurationProblem,
  documents: Documents,
  before: Documents,
): Readonly<Record<string, string>> {
  const document = documents.findIndex(({ name }) => name === file);
  if (document < 0 || line === null) return {};
  const index = documents[document]!.lines.findLastIndex(({ number }) => number <= line);
  const found = documents[document]!.lines[index];
  if (found === undefined) return { file: file!, line: String(line) };
  const word = wordOf(found, text);
  const field = fieldOf(documents, document, index, word?.text ?? null);
  const known = before[document]?.lines.some(({ raw }) => raw === found.raw) ?? false;
  return {
    file: file!,
    line: String(line),
    ...(word === null ? {} : { column: String(word.column) }),
    ...(field === null || known ? {} : { field }),
    statement: found.raw.trim(),
  };
}

/** The word of the line that a message is about: the first that it quotes. */
function wordOf(line: DocumentLine, text: string): { readonly text: string; readonly column: number } | null {
  const { words } = writtenLine(line);
  for (const [, quoted] of text.matchAll(/['<]([^'<>]+)['>]/g)) {
    const word = words.find((one) => one.text === quoted);
    if (word !== undefined) return { text: word.text, column: word.start + 1 };
  }
  return null;
}

/** The field that a word of a statement came from, or whose keyword it is. */
function fieldOf(documents: Documents, document: number, index: number, word: string | null): string | null {
  const place = filesFor(documents).places.find(
    ({ document: own, section }) => own === document && index > section.start && index < section.end,
  );
  if (place === undefined || word === null) return null;
  const statement = claimed(documents, { place, name: place.section.name }).find((one) => one.index === index);
  if (statement === undefined || statement.is === 'unknown') return null;
  const fields = statement.is === 'row' ? statement.fields : resourceOf(statement.kind, statement.line);
  const named = Object.entries(fields).find(([name, value]) => String(value) === word || name === word);
  return named?.[0] ?? null;
}
