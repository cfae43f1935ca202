/**
 * Golden cases: test/config/cases/*.case. A case is a sentence, then parts that begin with `=== `:
 *
 *     === NAME.cfg              a file to load (several are loaded in order)
 *     === env                   NAME=value lines: the environment
 *     === messages              what is printed, as HAProxy prints it, with `(1)` for the pid
 *     === config PATH           JSON that the value at PATH of the configuration contains; lists are compared whole
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, it } from 'node:test';
import { formatDiagnostic } from '../../src/config/diagnostics.ts';
import { loadConfig } from '../../src/config/load.ts';

interface Case {
  readonly title: string;
  readonly parts: readonly { readonly head: string; readonly text: string }[];
}

function readCase(file: string): Case {
  const [title, ...parts] = readFileSync(file, 'utf8').split(/^=== /m);
  return {
    title: title!.trim(),
    parts: parts.map((part) => {
      const end = part.indexOf('\n');
      return { head: part.slice(0, end).trim(), text: part.slice(end + 1) };
    }),
  };
}

/** The part of `actual` that `expected` speaks of. */
function excerpt(actual: unknown, expected: unknown): unknown {
  if (Array.isArray(expected) && Array.isArray(actual))
    return actual.map((item, i) => (i in expected ? excerpt(item, expected[i]) : item));
  if (typeof expected !== 'object' || expected === null || typeof actual !== 'object' || actual === null) return actual;
  const own = actual as Record<string, unknown>;
  return Object.fromEntries(Object.entries(expected).map(([key, value]) => [key, excerpt(own[key], value)]));
}

function valueAt(config: unknown, path: string): unknown {
  return path.split('.').reduce((value, key) => (value as Record<string, unknown> | null)?.[key], config);
}

const files = globSync(new URL('cases/*.case', import.meta.url).pathname).sort();

describe('golden cases', () => {
  for (const file of files) {
    const { title, parts } = readCase(file);
    it(`${basename(file)}: ${title}`, () => {
      const env = parts.find((part) => part.head === 'env')?.text ?? '';
      const { config, diagnostics } = loadConfig({
        texts: parts.filter((part) => part.head.endsWith('.cfg')).map(({ head, text }) => ({ name: head, text })),
        env: Object.fromEntries(
          env
            .split('\n')
            .filter(Boolean)
            .map((line) => line.split(/=(.*)/s).slice(0, 2)),
        ),
      });
      const said = diagnostics.map((diagnostic) => `${formatDiagnostic(diagnostic, 1)}\n`).join('');
      assert.equal(said, parts.find((part) => part.head === 'messages')?.text ?? '');
      for (const { head, text } of parts.filter((part) => part.head.startsWith('config '))) {
        const expected: unknown = JSON.parse(text);
        assert.deepEqual(excerpt(valueAt(config, head.slice(7)), expected), expected, head);
      }
    });
  }
});
