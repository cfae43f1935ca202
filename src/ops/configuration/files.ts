import { problemText } from '../../config/edit/edit.ts';
import { readSources, type Source } from '../../config/edit/source.ts';
import { OperationError } from '../errors.ts';
import type { Target } from '../target.ts';
import type { Installation } from '../targets/discover.ts';

/** The installation of a target. Throws OperationError with the reason when it is hidden. */
export async function installationOf(target: Target): Promise<Installation> {
  const found = await target.installation(target.configured);
  if (!('hidden' in found)) return found;
  throw new OperationError(
    'failed',
    `the files of ${target.name} are not known: ${found.hidden}; the file of targets may name them (files, check, reload)`,
  );
}

/** Files of a configuration as they are now; a folder stands for its *.cfg files. Throws OperationError when one cannot be read. */
export async function readFiles(paths: readonly string[]): Promise<readonly Source[]> {
  const sources = await readSources(paths);
  if ('text' in sources) throw new OperationError('failed', problemText(sources));
  return sources;
}
