import { basename, isAbsolute, join } from 'node:path';
import type { Hidden, Installation, ProcessFacts } from './discover.ts';
import { haproxyArguments } from './haproxy-arguments.ts';

/** The installation of a Sluice of this machine, from its command line. It is reloaded by a Change: `reload` is null. */
export function sluiceInstallation(facts: ProcessFacts | null): Installation | Hidden {
  if (facts === null || !facts.argv.some((word) => basename(word).startsWith('sluice') || word.endsWith('cli/main.ts')))
    return { hidden: 'the process that answers is not on this machine, or not to be seen from here' };
  const script = facts.argv.findIndex((word, i) => i > 0 && /(?:sluice\.js|cli\/main\.ts)$/.test(word));
  const words = facts.argv.slice(script < 0 ? 1 : script + 1);
  const given = haproxyArguments(
    words[0] === 'run' ? ['--', ...words.slice(1).filter((word) => !word.startsWith('-'))] : words,
  );
  const absolute = (path: string, base: string) => (isAbsolute(path) ? path : join(base, path));
  const base = given.folder === null ? facts.cwd : absolute(given.folder, facts.cwd);
  const files = given.files.map((file) => absolute(file, base));
  const program = [facts.exe || facts.argv[0]!, ...facts.argv.slice(1, script < 0 ? 1 : script + 1)];
  const check = [...program, '-c', ...files.flatMap((file) => ['-f', file])];
  return { mode: 'foreground', pid: facts.pid, files, check, reload: null, why: 'it reloads by itself', unit: null };
}
