import type { CommandGroup } from '../registry.ts';
import { acmeCommands } from './acme.ts';
import { anonCommands } from './anon.ts';
import { cacheCommands } from './cache.ts';
import { certificateCommands } from './certificates.ts';
import { cliCommands } from './cli.ts';
import { crtListCommands } from './crt-lists.ts';
import { databaseCommands } from './databases.ts';
import { dynamicCommands } from './dynamic.ts';
import { errorCommands } from './errors.ts';
import { eventCommands } from './events.ts';
import { getsocksCommands } from './getsocks.ts';
import { historyCommands } from './history.ts';
import { infoCommands } from './info.ts';
import { masterCommands, reloadCommand } from './master.ts';
import { ocspCommands } from './ocsp.ts';
import { patternCommands } from './patterns.ts';
import { peerCommands } from './peers.ts';
import { processCommands } from './process.ts';
import { proxyCommands } from './proxies.ts';
import { resolverCommands } from './resolvers.ts';
import { serverCommands } from './servers.ts';
import { sessionCommands } from './sessions.ts';
import { statsCommands } from './stats.ts';
import { tableCommands } from './tables.ts';
import { ticketCommands } from './tickets.ts';
import { traceCommands } from './trace.ts';
import { transactionCommands } from './transactions.ts';
import { trustCommands } from './trust.ts';
import { varCommands } from './vars.ts';
import { waitCommands } from './wait.ts';

/** All commands, in the order of the reference page. */
export const COMMANDS: readonly CommandGroup[] = [
  { category: 'CLI session', commands: [...cliCommands, ...anonCommands, ...waitCommands] },
  { category: 'Information', commands: infoCommands },
  { category: 'Statistics', commands: statsCommands },
  { category: 'Servers', commands: serverCommands },
  { category: 'Frontends, backends, limits', commands: [...proxyCommands, reloadCommand] },
  { category: 'Dynamic servers and backends', commands: dynamicCommands },
  { category: 'Transactions and history', commands: [...transactionCommands, ...historyCommands] },
  { category: 'Maps and ACLs', commands: patternCommands },
  { category: 'Databases of addresses', commands: databaseCommands },
  { category: 'Stick tables', commands: tableCommands },
  { category: 'Peers', commands: peerCommands },
  { category: 'Caches', commands: cacheCommands },
  {
    category: 'TLS',
    commands: [...certificateCommands, ...trustCommands, ...crtListCommands, ...ticketCommands, ...ocspCommands],
  },
  { category: 'Certificates over ACME', commands: acmeCommands },
  { category: 'Sessions', commands: sessionCommands },
  { category: 'Errors', commands: errorCommands },
  { category: 'Rings and logs', commands: eventCommands },
  { category: 'Resolvers', commands: resolverCommands },
  { category: 'Variables', commands: varCommands },
  { category: 'Tracing', commands: traceCommands },
  { category: 'Process', commands: [...processCommands, ...getsocksCommands] },
  { category: 'Master CLI', commands: masterCommands },
];
