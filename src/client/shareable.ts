/**
 * Commands whose answers cannot hold a line that begins with `> `, so that they may share a connection on which the prompt tells where
 * an answer ends, and which leave no mark on the connection. First words; everything else gets a connection of its own.
 */
const shareable: readonly string[] = [
  'abort ssl',
  'add acl',
  'add backend',
  'add map',
  'add server',
  'add ssl',
  'change', // Sluice: one line of JSON
  'clear acl',
  'clear counters',
  'clear map',
  'clear table',
  'commit acl',
  'commit map',
  'commit ssl',
  'del acl',
  'del backend',
  'del map',
  'del server',
  'del ssl',
  'disable agent',
  'disable dynamic-cookie',
  'disable frontend',
  'disable health',
  'disable server',
  'enable agent',
  'enable dynamic-cookie',
  'enable frontend',
  'enable health',
  'enable server',
  'get acl',
  'get map',
  'get weight',
  'new ssl',
  'prepare acl',
  'prepare map',
  'publish backend',
  'set dynamic-cookie-key',
  'set map',
  'set maxconn',
  'set rate-limit',
  'set server',
  'set ssl',
  'set table',
  'set weight',
  'show acl',
  'show backend',
  'show cli level',
  'show cli sockets',
  'show info',
  'show map',
  'show peers',
  'show resolvers',
  'show servers',
  'show sess',
  'show ssl',
  'show stat',
  'show table',
  'show tls-keys',
  'show version',
  'shutdown frontend',
  'shutdown session',
  'shutdown sessions',
  'unpublish backend',
];

const longest = 3;
const known = new Set(shareable);

/** True when the command may share a connection with others. */
export function mayShare(words: readonly string[]): boolean {
  for (let n = 1; n <= longest; n++) if (known.has(words.slice(0, n).join(' '))) return true;
  return false;
}
