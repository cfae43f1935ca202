import { spawnSync } from 'node:child_process';
import { program } from '../support/program.ts';

const haproxy = '/usr/sbin/haproxy';

/** The programs that the client is tried on. `skip`: why one is left out, or false. */
export const programs = [
  { name: 'Sluice', product: 'sluice', path: program, skip: false as string | false },
  {
    name: 'HAProxy',
    product: 'haproxy',
    path: haproxy,
    skip: spawnSync(haproxy, ['-v']).status === 0 ? false : 'not installed',
  },
];
