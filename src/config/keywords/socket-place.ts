/** What `bind` and `server` lines, and `namespace_list` sections, say of the place of sockets (manual, `namespace`, `tcp-md5sig`). */

import { existsSync } from 'node:fs';
import { MD5_KEY_MAX, NAMESPACES } from '../../util/libc.ts';

/** Why there is no network namespace of that name; null: there is one. */
export function namespaceProblem(name: string): string | null {
  if (name === '') return 'missing namespace id';
  if (name === '*') return "the namespace of the PROXY protocol ('*') is not supported: name one";
  return !/[/\0]|^\.+$/.test(name) && existsSync(`${NAMESPACES}/${name}`) ? null : `Cannot open namespace '${name}'.`;
}

/** Why that is no key of TCP's MD5 signatures; null: it is one. */
export function md5KeyProblem(key: string): string | null {
  if (key === '') return 'missing tcp-md5sig password';
  return Buffer.byteLength(key, 'latin1') > MD5_KEY_MAX
    ? `the password of tcp-md5sig may have ${MD5_KEY_MAX} bytes`
    : null;
}
