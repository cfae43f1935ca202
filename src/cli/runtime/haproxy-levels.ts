import type { Level } from '../../runtime/levels.ts';

/**
 * Levels of commands that HAProxy has and Sluice has not, and of those whose level depends on what stands behind the words of Sluice's row
 * (management manual, section 9.3, and what HAProxy 3.5 does). Where versions differ the highest counts. What is not here needs admin.
 */
export const HAPROXY_LEVELS: Readonly<Record<string, Level>> = {
  // Sluice's own `abort` and `commit` are an operator's.
  'abort ssl': 'admin',
  'add ssl jwt': 'admin',
  'commit acl': 'admin',
  'commit map': 'admin',
  'commit ssl': 'admin',
  'clear counters all': 'admin',
  'clear counters server': 'admin',
  'clear table': 'operator',
  'debug counters off': 'admin',
  'debug counters on': 'admin',
  'debug counters reset': 'admin',
  'debug dev fd': 'admin',
  'del ssl jwt': 'admin',
  'dump ssl cert': 'admin',
  'set table': 'operator',
  'show peers': 'user',
  'show quic': 'operator',
  'show ssl ca-file': 'operator',
  'show ssl cert': 'operator',
  'show ssl crl-file': 'operator',
  'show ssl jwt': 'operator',
  'show ssl providers': 'user',
  'show ssl sni': 'user',
  // With a name behind it the entries are listed to operators only; HAProxy sees to that.
  'show table': 'user',
};
