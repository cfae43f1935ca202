/**
 * The directions of imports: a room imports itself and the rooms below it, nothing above; `traffic` knows nothing of the surfaces;
 * node:ffi is used in one place only. Prints one line for each import that goes the wrong way; exit status 1 when there is one.
 */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** The rooms of src/, lowest first. Those of one entry may not import each other. */
const levels: readonly (readonly string[])[] = [
  ['util'],
  ['net'],
  ['client', 'dataplane-client'],
  ['discovery'],
  ['config'],
  ['expr'],
  ['model'],
  ['traffic'],
  ['control'],
  ['change'],
  ['runtime'],
  ['ops', 'api'],
  ['dataplane'],
  ['cli'],
];

/** Plain data that rooms of any level may speak of: the union of all Changes. */
const common = ['src/change/change.ts'];

/** Files that put rooms together, and the rooms above theirs that they may use for it. */
const assemblies: Readonly<Record<string, readonly string[]>> = {
  'src/control/control-thread.ts': ['change'],
  'src/control/reload-files.ts': ['change'],
  // What the surfaces see of the control thread, Changes included.
  'src/control/types.ts': ['change'],
};

/** The only files that may load node:ffi. */
const ffiFiles = /^src\/util\/libc/;

const importPattern =
  /^\s*(?:import|export)\b[^'"]*?from\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]/gm;

export interface WrongImport {
  readonly file: string;
  readonly line: number;
  readonly problem: string;
}

/** Every import in src/ that goes against the order of the rooms. `root`: the checkout. */
export function wrongImports(root: string): WrongImport[] {
  const found: WrongImport[] = [];
  for (const file of globSync('src/**/*.ts', { cwd: root }).sort()) {
    const text = readFileSync(join(root, file), 'utf8');
    for (const match of text.matchAll(importPattern)) {
      const problem = judge(file, match[1] ?? match[2] ?? match[3]!);
      if (problem !== null) found.push({ file, line: text.slice(0, match.index).split('\n').length, problem });
    }
  }
  return found;
}

function judge(file: string, target: string): string | null {
  if (target === 'node:ffi') return ffiFiles.test(file) ? null : `only ${ffiFiles.source} may use node:ffi`;
  if (!target.startsWith('.')) return null;
  const from = room(file);
  const path = normalize(join(dirname(file), target));
  if (common.includes(path)) return null;
  const to = room(path);
  if (to === null) return `imports '${target}' from outside src/`;
  if (from === to) return null;
  const [fromLevel, toLevel] = [level(from), level(to)];
  if (fromLevel < 0 || toLevel < 0) return `'${fromLevel < 0 ? from : to}' is no room of src/`;
  if (toLevel < fromLevel || assemblies[file]?.includes(to)) return null;
  return toLevel === fromLevel ? `${from}/ and ${to}/ stand beside each other` : `${from}/ is below ${to}/`;
}

function room(file: string): string | null {
  return /^src\/([^/]+)\//.exec(file)?.[1] ?? null;
}

function level(name: string | null): number {
  return levels.findIndex((rooms) => rooms.includes(name ?? ''));
}

if (import.meta.main) {
  const wrong = wrongImports(new URL('..', import.meta.url).pathname);
  for (const { file, line, problem } of wrong) console.error(`${file}:${line}: ${problem}`);
  process.exit(wrong.length > 0 ? 1 : 0);
}
