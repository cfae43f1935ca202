/** The `sluice` command: sub-commands, and HAProxy's own flags when the first argument starts with `-`. */
import { versionText } from './version.ts';

const [first] = process.argv.slice(2);
if (first === '-v' || first === 'version') process.stdout.write(versionText());
else {
  process.stderr.write('usage: sluice -v\n');
  process.exitCode = 1;
}
