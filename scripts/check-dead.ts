/**
 * Dead code: source files that no entry point reaches, and exports that nothing uses (a use in a test alone does not keep an export
 * alive, unless its own file uses it too). Prints one line for each; exit status 1 when there is one.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** Where programs begin; and the driver that tests run the data path on. */
const entryPatterns = [
  'src/cli/main.ts',
  'src/**/thread.ts',
  'src/net/sim.ts',
  'src/client/index.ts',
  'src/dataplane-client/index.ts',
  'scripts/*.ts',
  'bench/**/*.ts',
];

const importPattern =
  /\b(?:import|export)\s+(type\s+)?([^'";]*?)\s*from\s*['"](\.[^'"]+)['"]|\bimport\(\s*['"](\.[^'"]+)['"]\s*\)|^\s*import\s*['"](\.[^'"]+)['"]|new URL\(\s*['"](\.[^'"]+\.ts)['"]|['"](\.[^'"]+thread\.ts)['"]/gm;
/** A file that hands on all that another one exports. */
const passOnPattern = /^export\s+(?:type\s+)?\*\s+from\s+['"](\.[^'"]+)['"]/gm;
const exportPattern =
  /^export\s+(?:declare\s+)?(?:async\s+)?(?:abstract\s+)?(function\*?|const|let|class|interface|type)\s+([A-Za-z_$][\w$]*)/gm;

interface Source {
  readonly text: string;
  /** Imported file -> names taken from it (`*` for all of it). */
  readonly imports: Map<string, Set<string>>;
}

/** One line of text for every dead file and export. `root`: the checkout. */
export function deadCode(root: string): string[] {
  const sources = new Map<string, Source>();
  for (const file of globSync(['src/**/*.ts', 'test/**/*.ts', 'scripts/**/*.ts', 'bench/**/*.ts'], {
    cwd: root,
  }).sort()) {
    const text = readFileSync(join(root, file), 'utf8');
    sources.set(file, { text, imports: importsOf(file, text) });
  }
  const entries = globSync(entryPatterns, { cwd: root }).filter((file) => existsSync(join(root, file)));
  const alive = reachable(entries, sources);
  const used = usedNames(sources);
  for (const [file, source] of sources) if (!entries.includes(file)) passOn(file, source, used);
  const dead: string[] = [];
  for (const [file, source] of sources) {
    if (!file.startsWith('src/') || file.endsWith('.d.ts')) continue;
    if (!alive.has(file)) dead.push(`${file}: no program uses this file`);
    else dead.push(...deadExports(file, source, used));
  }
  return dead;
}

function importsOf(file: string, text: string): Map<string, Set<string>> {
  const imports = new Map<string, Set<string>>();
  for (const match of text.matchAll(importPattern)) {
    const target = normalize(join(dirname(file), match[3] ?? match[4] ?? match[5] ?? match[6] ?? match[7]!));
    const names = imports.get(target) ?? new Set();
    const braces = /\{([^}]*)\}/.exec(match[2] ?? '*')?.[1];
    if (braces === undefined) names.add('*');
    for (const part of braces?.split(',') ?? [])
      names.add(
        part
          .trim()
          .replace(/^type\s+/, '')
          .split(/\s/)[0]!,
      );
    imports.set(target, names);
  }
  return imports;
}

function reachable(entries: readonly string[], sources: ReadonlyMap<string, Source>): Set<string> {
  const alive = new Set<string>();
  const left = [...entries];
  for (let file = left.pop(); file !== undefined; file = left.pop()) {
    if (alive.has(file) || !sources.has(file)) continue;
    alive.add(file);
    left.push(...sources.get(file)!.imports.keys());
  }
  return alive;
}

/** File -> what others take from it: by programs, and by tests. */
function usedNames(sources: ReadonlyMap<string, Source>): Map<string, { programs: Set<string>; tests: Set<string> }> {
  const used = new Map<string, { programs: Set<string>; tests: Set<string> }>();
  for (const [file, { imports }] of sources) {
    for (const [target, names] of imports) {
      const entry = used.get(target) ?? { programs: new Set(), tests: new Set() };
      for (const name of names) entry[file.startsWith('test/') ? 'tests' : 'programs'].add(name);
      used.set(target, entry);
    }
  }
  return used;
}

/** What is taken from a file that hands on another's exports is taken from that one. */
function passOn(file: string, { text }: Source, used: ReturnType<typeof usedNames>): void {
  const by = used.get(file);
  for (const [, target] of text.matchAll(passOnPattern)) {
    const entry = used.get(normalize(join(dirname(file), target!)))!;
    entry.programs.delete('*');
    for (const name of by?.programs ?? []) entry.programs.add(name);
    for (const name of by?.tests ?? []) entry.tests.add(name);
  }
}

function deadExports(file: string, { text }: Source, used: ReturnType<typeof usedNames>): string[] {
  const by = used.get(file);
  const dead: string[] = [];
  for (const [, kind, name] of text.matchAll(exportPattern)) {
    if (by?.programs.has('*') || by?.programs.has(name!)) continue;
    const usedHere =
      (text.match(new RegExp(`(?<![\\w$.])${name!.replaceAll('$', '\\$')}(?![\\w$])`, 'g')) ?? []).length > 1;
    const usedByTests = by?.tests.has('*') || by?.tests.has(name!);
    // A type that only this file uses is named by its exported functions; a function that only tests call has no other user.
    if (usedHere && (usedByTests || kind === 'interface' || kind === 'type' || kind === 'class')) continue;
    dead.push(
      `${file}: '${name}' is exported and ${usedHere ? 'used in this file only' : usedByTests ? 'used by tests only' : 'used by nothing'}`,
    );
  }
  return dead;
}

if (import.meta.main) {
  const dead = deadCode(new URL('..', import.meta.url).pathname);
  for (const line of dead) console.error(line);
  process.exit(dead.length > 0 ? 1 : 0);
}
