/**
 * Writes src/cli/runtime/command-levels.ts: the lowest level of each command, for who cannot wait until the table of commands is loaded.
 * `--check`: exit status 1 when the file is not what would be written.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HAPROXY_LEVELS } from '../src/cli/runtime/haproxy-levels.ts';
import { type Level, levelNumber } from '../src/runtime/levels.ts';
import { registry } from '../src/runtime/server.ts';

const FILE = join(import.meta.dirname, '../src/cli/runtime/command-levels.ts');

const HEAD = `/** Written by scripts/runtime-levels.ts: the lowest level of each command, by its first words; what is not here needs admin. */
export const COMMAND_LEVELS = `;

/** The text of the file. */
export function levelsFile(): string {
  const levels = new Map<string, Level>();
  for (const { words, level, where } of registry.commands) {
    if (where === 'master') continue;
    const known = levels.get(words);
    // The same words on a stats socket and on a master CLI.
    if (known === undefined || levelNumber(known) < levelNumber(level)) levels.set(words, level);
  }
  for (const [words, level] of Object.entries(HAPROXY_LEVELS)) levels.set(words, level);
  const byLevel = Object.groupBy(levels.keys(), (words) => levels.get(words)!);
  const table = Object.fromEntries(
    (['user', 'operator', 'admin'] as const).map((level) => [
      level,
      (byLevel[level] ?? []).filter((words) => level !== 'admin' || hasLowerPrefix(words, levels)).sort(),
    ]),
  );
  const rows = Object.entries(table).map(([level, words]) => `  ${level}: [\n${words.map(row).join('')}  ],\n`);
  return `${HEAD}{\n${rows.join('')}} as const;\n`;
}

function row(words: string): string {
  return `    '${words}',\n`;
}

/** Shorter words of a lower level are a command, too: without a row of their own these would be taken for that. */
function hasLowerPrefix(words: string, levels: ReadonlyMap<string, Level>): boolean {
  const all = words.split(' ');
  return all.some((_, i) => i > 0 && (levels.get(all.slice(0, i).join(' ')) ?? 'admin') !== 'admin');
}

if (import.meta.main) {
  const text = levelsFile();
  if (!process.argv.includes('--check')) writeFileSync(FILE, text);
  else if (readFileSync(FILE, 'utf8') !== text) {
    console.error('src/cli/runtime/command-levels.ts is out of date: node scripts/runtime-levels.ts');
    process.exitCode = 1;
  }
}
