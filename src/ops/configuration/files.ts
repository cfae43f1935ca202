import { parseDocument } from '../../config/document.ts';
import { problemText } from '../../config/edit/edit.ts';
import { readSources, type Source } from '../../config/edit/source.ts';
import { OperationError } from '../errors.ts';
import type { KeptFiles, Target } from '../target.ts';
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

/** The files of a target as they are now, and who keeps them where that is not the machine itself. */
export interface CurrentFiles {
  readonly sources: readonly Source[];
  readonly keeper: { readonly files: KeptFiles; readonly version: number } | null;
}

/** Those that are kept by somebody else. */
export type KeptSources = CurrentFiles & { readonly keeper: NonNullable<CurrentFiles['keeper']> };

/** Reads them. Throws OperationError when they are hidden, or cannot be read. */
export async function currentFiles(target: Target): Promise<CurrentFiles> {
  if (target.files === undefined)
    return { sources: await readFiles((await installationOf(target)).files), keeper: null };
  const { version, files } = await target.files.read();
  const sources = files.map(
    ({ name, text }): Source => ({ document: parseDocument(name, text), hash: '', encoding: 'utf8' }),
  );
  return { sources, keeper: { files: target.files, version } };
}

export function isKept(current: CurrentFiles): current is KeptSources {
  return current.keeper !== null;
}

/** Files of a configuration as they are now; a folder stands for its *.cfg files. Throws OperationError when one cannot be read. */
export async function readFiles(paths: readonly string[]): Promise<readonly Source[]> {
  const sources = await readSources(paths);
  if ('text' in sources) throw new OperationError('failed', problemText(sources));
  return sources;
}
