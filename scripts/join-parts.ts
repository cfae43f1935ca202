/**
 * Joins parts of a bundle that are always loaded together. esbuild makes a part for each set of entry points that share code, and
 * loading each of them takes Node.js half a millisecond of CPU: an operation came in sixty.
 */
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';

type Outputs = Metafile['outputs'];

/** Parts that become one file, `name`, by their file names. */
interface Joined {
  readonly name: string;
  readonly parts: readonly string[];
}

/**
 * Joins, for each group of source files, all that they load with them and no group before it has. The first group is the entry's own:
 * its file stays. `folder` holds what esbuild wrote with `splitting`; nothing outside of it is read.
 */
export async function joinParts(
  folder: string,
  { outputs }: Metafile,
  groups: readonly (readonly string[])[],
): Promise<void> {
  const byName: Outputs = Object.fromEntries(Object.entries(outputs).map(([path, one]) => [basename(path), one]));
  const joined = groupsOf(byName, groups);
  const home = new Map(joined.flatMap((group) => group.parts.map((part) => [part, group.name])));
  for (const file of Object.keys(byName)) redirect(`${folder}/${file}`, home, home.get(file));
  for (const { name, parts } of joined) {
    const contents = parts.flatMap((part) =>
      byName[part]!.exports.map((word) => `export { ${word} as ${unique(part, word)} } from './${part}';`),
    );
    const imports = parts.map((part) => `import './${part}';`);
    await build({
      stdin: { contents: [...imports, ...contents].join('\n'), resolveDir: folder },
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node26',
      charset: 'utf8',
      logLevel: 'warning',
      plugins: [onlyOf(parts)],
      outfile: `${folder}/${name}`,
    });
  }
  for (const { name, parts } of joined) for (const part of parts) replace(`${folder}/${part}`, byName[part]!, name);
}

/** Leaves all other parts where they are, also those that are loaded when they are needed. */
function onlyOf(parts: readonly string[]): Plugin {
  return {
    name: 'only-of',
    setup({ onResolve }) {
      onResolve({ filter: /^\.\/part-/ }, ({ path }) =>
        parts.includes(basename(path)) ? undefined : { path, external: true },
      );
    },
  };
}

/** Names are made of the parts' own, which stand for what is in them. */
function groupsOf(outputs: Outputs, groups: readonly (readonly string[])[]): Joined[] {
  const entries = new Map(Object.entries(outputs).map(([file, { entryPoint }]) => [entryPoint, file]));
  const taken = new Set<string>();
  return groups.map((sources, i) => {
    const own = sources.map((source) => entries.get(source));
    if (own.includes(undefined)) throw new Error(`no part begins with one of ${sources.join(', ')}`);
    const parts = [...loadedWith(own as string[], outputs)].filter(
      (part) => !taken.has(part) && !(i === 0 && own.includes(part)),
    );
    for (const part of parts) taken.add(part);
    const hash = createHash('sha256').update(parts.sort().join()).digest('hex').slice(0, 8).toUpperCase();
    return { name: `part-${hash}.js`, parts };
  });
}

function loadedWith(files: readonly string[], outputs: Outputs): Set<string> {
  const found = new Set<string>();
  const left = [...files];
  for (let file = left.pop(); file !== undefined; file = left.pop()) {
    if (found.has(file)) continue;
    found.add(file);
    for (const { path, kind, external } of outputs[file]!.imports)
      if (kind === 'import-statement' && !external) left.push(basename(path));
  }
  return found;
}

/** Lets a file import from joined parts what it imported from single ones, but for those of its own group. */
function redirect(file: string, home: ReadonlyMap<string, string>, own: string | undefined): void {
  const text = readFileSync(file, 'utf8');
  const edited = text.replaceAll(
    /^import (?:\{([^{}]*)\} from )?"\.\/(part-\w+\.js)";$/gm,
    (statement, words: string | undefined, part: string) => {
      const group = home.get(part);
      if (group === undefined || group === own) return statement;
      if (words === undefined) return `import "./${group}";`;
      const renamed = words
        .split(',')
        .map((word) => word.trim())
        .filter((word) => word !== '')
        .map((word) => {
          const [name, local = name] = word.split(' as ') as [string, string?];
          return `${unique(part, name)} as ${local}`;
        });
      return `import { ${renamed.join(', ')} } from "./${group}";`;
    },
  );
  if (edited !== text) writeFileSync(file, edited);
}

/** A part that is asked for by `import()` stays as a name for what is in the joined one; others go. */
function replace(file: string, { entryPoint, exports }: Outputs[string], group: string): void {
  if (entryPoint === undefined) return rmSync(file);
  const words = exports.map((word) => `${unique(basename(file), word)} as ${word}`);
  writeFileSync(file, `export { ${words.join(', ')} } from './${group}';\n`);
}

/** Two parts may export the same name. */
function unique(part: string, word: string): string {
  return `${part.slice('part-'.length, -'.js'.length)}$${word}`.replace(/^(?=\d)/, '_');
}
