/** Where relative file names in the configuration start from (`default-path`, manual, section 3.1). */

import { dirname, isAbsolute, join } from 'node:path';

/**
 * The path to open for `path` as written in configuration file `file`. `defaultPath` is `GlobalConfig.defaultPath`: empty or
 * `current` leaves it relative to the working directory.
 */
export function configuredPath(path: string, file: string, defaultPath: readonly string[]): string {
  const [mode, origin] = defaultPath;
  if (isAbsolute(path) || mode === undefined || mode === 'current') return path;
  if (mode === 'origin') return join(origin ?? '.', path);
  return join(dirname(file), mode === 'parent' ? '..' : '.', path);
}
