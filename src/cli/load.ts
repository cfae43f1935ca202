import type { LoadResult } from '../config/load.ts';
import { load as loadFiles } from '../control/load.ts';
import type { Invocation } from './arguments.ts';
import { PROGRAM_FACTS } from './facts.ts';

/** Reads the files of an invocation: for the start, and again for each reload. */
export function load({ files, localPeer }: Pick<Invocation, 'files' | 'localPeer'>): LoadResult {
  return loadFiles({
    paths: files,
    env: process.env,
    facts: PROGRAM_FACTS,
    ...(localPeer === null ? {} : { localpeer: localPeer }),
  });
}
