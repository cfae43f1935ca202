/** Where Changes of what maps, ACLs, stick tables and certificate stores hold are kept: in files of their own. */

import type { Change, StoreChange } from '../change.ts';
import type { Keeping, KeptRow, KeptRows } from '../kept.ts';
import { IN_MEMORY } from '../memory-only.ts';
import { inMemory, onceOnly } from './row.ts';

type FilePlace = Extract<Keeping, { readonly file: unknown }>['in'];

/** A row of what is written to a file; `name` is how the Change names it. */
function inFile<C extends Change>(where: FilePlace, how: string, name: (change: C) => string | null): KeptRow<C> {
  return { where, how, keep: (change) => keepInFile(where, name(change)) };
}

/** Things that have no file: `#3` (named by number), `virt@name`, and `opt@name` where the file need not be there. */
function keepInFile(where: FilePlace, name: string | null): Keeping {
  if (name?.startsWith('#'))
    return {
      in: 'no file',
      problem: { at: null, text: `'${name}' is a number, which files do not name things by: use the name` },
    };
  if (name?.startsWith('virt@')) return { in: 'memory', why: `${name} has no file: it is empty after a restart` };
  return { in: where, file: name?.replace(/^(opt|file)@/, '') ?? null };
}

const MAP = 'the file that the map was read from, with its comments';
const ACL = 'the file that the patterns were read from, with its comments';
const PEM = 'the file that the certificate was read from, or that of the key, with mode 0600';
const TRUST = 'the CA or CRL file, unless it is a folder';
const LIST = 'the crt-list file that the line is in';
const TABLE = 'the `state-file` of the table; without one, or on HAProxy, the file that `save --tables` names';

const PREPARED = 'a version that is not in force is gone with the process';

export const storeRows: KeptRows<StoreChange['kind']> = {
  'map.add': inFile('map file', MAP, ({ map }) => map),
  'map.add-all': inFile('map file', MAP, ({ map }) => map),
  'map.del-all': inFile('map file', MAP, ({ map }) => map),
  'map.prepare': onceOnly(PREPARED),
  'map.commit': inFile('map file', MAP, ({ map }) => map),
  'map.set': inFile('map file', MAP, ({ map }) => map),
  'map.del': inFile('map file', MAP, ({ map }) => map),
  'map.clear': inFile('map file', MAP, ({ map }) => map),
  'map.replace': inFile('map file', MAP, ({ map }) => map),
  'acl.add': inFile('ACL file', ACL, ({ acl }) => acl),
  'acl.del': inFile('ACL file', ACL, ({ acl }) => acl),
  'acl.clear': inFile('ACL file', ACL, ({ acl }) => acl),
  'acl.replace': inFile('ACL file', ACL, ({ acl }) => acl),
  'acl.prepare': onceOnly(PREPARED),
  'acl.commit': inFile('ACL file', ACL, ({ acl }) => acl),
  'table.set': inFile('table snapshot', TABLE, () => null),
  'table.clear': inFile('table snapshot', TABLE, () => null),
  'cert.new': inFile('PEM file', PEM, ({ path }) => path),
  'cert.set': inFile('PEM file', PEM, ({ path }) => path),
  'cert.del': inFile('PEM file', 'the file is taken away', ({ path }) => path),
  'cert.jwt': inMemory(IN_MEMORY['cert.jwt']),
  'trust.new': inFile('PEM file', TRUST, ({ file }) => file),
  'trust.set': inFile('PEM file', TRUST, ({ file }) => file),
  'trust.add': inFile('PEM file', TRUST, ({ file }) => file),
  'trust.del': inFile('PEM file', 'the file is taken away', ({ file }) => file),
  'crt-list.add': inFile('crt-list file', LIST, ({ list }) => list),
  'crt-list.del': inFile('crt-list file', LIST, ({ list }) => list),
  'ocsp.set': inFile('OCSP file', 'the `.ocsp` file beside the certificate that the response is about', () => null),
  'ticket-key.set': inFile('ticket key file', 'the file of `tls-ticket-keys`, with mode 0600', ({ keys }) => keys),
};
