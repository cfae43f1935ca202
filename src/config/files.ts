import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The files that a path given with `-f` stands for: itself, or of a folder its `*.cfg` in lexical order, hidden ones left out. Throws what the system says. */
export function configurationFiles(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => name.endsWith('.cfg') && !name.startsWith('.'));
  return names
    .sort()
    .map((name) => join(path, name))
    .filter((file) => statSync(file).isFile());
}
