/** What the pages tell people to type is understood by the program. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseWords } from '../../src/ops/parse.ts';
import { findOperation } from '../../src/ops/registry.ts';

const docs = join(import.meta.dirname, '../../docs');
const pages = [...readdirSync(docs), ...readdirSync(join(docs, 'walkthroughs')).map((name) => `walkthroughs/${name}`)]
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);

const SUB_COMMANDS = [
  ...[
    'run',
    'check',
    'send',
    'runtime',
    'audit',
    'remote',
    'policy',
    'agent',
    'top',
    'completion',
    'demo',
    'api',
    'acme',
  ],
  ...['version', 'help', 'OPERATION'],
];

/** Commands in code of a page: `sluice ...` at the start of a line, behind `sudo` or a prompt, up to a comment, a pipe or a redirection. */
function commands(text: string): string[][] {
  const found: string[][] = [];
  let fenced = false;
  for (const line of text.split('\n')) {
    if (/^\s*```/.test(line)) fenced = !fenced;
    const command = /^\s*(?:\$ )?(?:sudo )?(?:[A-Z_]+=\S+ )*sluice (.*)$/.exec(line)?.[1];
    if (command === undefined || !(fenced || /^ {4}/.test(line))) continue;
    found.push(words(command));
  }
  return found;
}

function words(command: string): string[] {
  const found: string[] = [];
  for (const [word] of command.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)) {
    if (/^(#|\||>|<|&|\\$)/.test(word)) break;
    found.push(word.replaceAll(/["']/g, ''));
  }
  return found;
}

for (const page of pages)
  test(`commands of ${page} are understood`, () => {
    const text = readFileSync(join(docs, '..', page), 'utf8');
    for (const all of commands(text)) {
      const line = `sluice ${all.join(' ')}`;
      if (all[0] === undefined || all[0].startsWith('-') || SUB_COMMANDS.includes(all[0])) {
        if (all[0] !== 'agent' || all[1]?.startsWith('--')) continue;
      }
      // Placeholders stand for what people have.
      const filled = all.map((word) => word.replace(/^op-\.\.\.$/, 'op-mg1x2k9f0a1b2c3d4e'));
      const operation = findOperation(filled);
      assert.ok(operation !== null, `${line}: no such operation`);
      assert.doesNotThrow(() => parseWords(operation.operation, operation.args), line);
    }
  });
