import { HAPROXY_VERSION } from '../util/version.ts';

/**
 * The version as the Runtime API tells it (`show version`, `show info`, `show proc`): with a patch level, since clients look for
 * `major.minor.patch` or `major.minor-devN`.
 */
export const RUNTIME_VERSION = HAPROXY_VERSION.replace(/^(\d+\.\d+)-/, '$1.0-');
