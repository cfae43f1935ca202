/** `npm run check`: types, lint and format, import directions, dead code. Runs all of them and fails when one did. */
import { spawnSync } from 'node:child_process';

const root = new URL('..', import.meta.url).pathname;

/** Name of the check -> the command. */
const checks: Readonly<Record<string, readonly string[]>> = {
  types: ['tsc', '-p', '.'],
  lint: ['biome', 'check', '--error-on-warnings'],
  'import directions': ['node', 'scripts/check-imports.ts'],
  'dead code': ['node', 'scripts/check-dead.ts'],
};

const failed: string[] = [];
for (const [name, [program, ...args]] of Object.entries(checks)) {
  const { status } = spawnSync(`node_modules/.bin/${program}`, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) failed.push(name);
}
console.log(
  failed.length === 0
    ? 'check: types, lint, import directions, dead code: all clean'
    : `check failed: ${failed.join(', ')}`,
);
process.exit(failed.length === 0 ? 0 : 1);
